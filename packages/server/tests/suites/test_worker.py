"""What the process says of a suite: the process itself, with its limits, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from packages.server.tests.suites.yard import make_suite
from steelyard.suites.exposures import Exposure, read_exposures
from steelyard.suites.review import Change, Decided, read_review, seen_digest
from steelyard.tasks.suite_task import task_from_suite
from steelyard_server.push.verifying import Verifier
from steelyard_server.suites.content import MAX_ITEMS
from steelyard_server.suites.worker import Reply, _read


def test_the_process_reads_a_suite(tmp_path: Path) -> None:
    folder = make_suite(tmp_path / "s")
    written = Verifier(module="steelyard_server.suites.worker").written(folder, str(tmp_path / "items"))
    reply = msgspec.json.decode(written, type=Reply)
    assert reply.suite is not None, reply.problem
    assert (reply.suite.name, reply.suite.items, reply.changed) == ("helpdesk", 3, 0)
    assert len((tmp_path / "items").read_bytes().splitlines()) == 3


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"suite.yaml": "suite: a/b\n"}, "suite.yaml: suite 'a/b'"),
        ({"suite.yaml": 'suite: s\nprompts: {p: {prompt: "@../../etc/passwd"}}\n'}, "must lie beside"),
        ({"suite.yaml": "suite: s\nscorer: {name: judged, rubric: ../../../etc/passwd}\n"}, "rubric"),
        ({"suite.yaml": "suite: s\nscorer: {name: judged, rubric: /etc/passwd}\n"}, "rubric"),
        ({"samples.jsonl": "{}\n"}, "samples.jsonl:1: "),
        ({"samples.jsonl": "[" * 100_000}, "samples.jsonl"),
        ({"review.jsonl": "{}\n"}, "review.jsonl:1: is no record"),
        ({"exposures.jsonl": "{}\n"}, "exposures.jsonl:1: is no record"),
        ({"samples.jsonl": json.dumps({"id": "a", "question": "?", "answer": "a", "images": ["../x.png"]})}, "images"),
        ({"samples.jsonl": ""}, "has no items"),
        ({"samples.jsonl": "".join(f'{{"id":"q{n}","question":"?","answer":"a"}}\n' for n in range(MAX_ITEMS + 1))},
         "at most 20,000"),
    ],
)  # fmt: skip
def test_what_is_no_suite_is_one_line_without_a_place(tmp_path: Path, files: dict[str, str], words: str) -> None:
    folder = make_suite(tmp_path / "s")
    for name, text in files.items():
        (folder / name).write_text(text)
    reply = _read(folder, tmp_path / "items", "")
    assert reply.suite is None
    assert words in reply.problem
    assert str(tmp_path) not in reply.problem
    assert "\n" not in reply.problem


def test_decisions_and_what_runs_showed_go_into_the_files_as_a_review_puts_them(tmp_path: Path) -> None:
    folder, more = make_suite(tmp_path / "s"), tmp_path / "more"
    more.mkdir()
    suite = task_from_suite(folder, to_ask=False)
    item = next(suite.rows.items())
    line = Decided(at="2026-11-28T00:00:00+00:00", by="person 7", before=seen_digest(item),
                   change=Change(item="q1", decision="drop", reason="Nobody would ask this."))  # fmt: skip
    seen = Exposure(at="2026-11-28T00:00:00+00:00", run="0" * 64, suite=suite.suite, recipient="https://a:443/v1",
                    state="ended", items=("q2",))  # fmt: skip
    (more / "review.jsonl").write_bytes(msgspec.json.encode(line) + b"\n")
    (more / "exposures.jsonl").write_bytes(msgspec.json.encode(seen) + b"\n")
    reply = _read(folder, tmp_path / "items", str(more))
    assert reply.suite is not None, reply.problem
    assert (reply.suite.items, reply.changed, reply.suite.number) == (2, 1, 2), (
        "another version: an endpoint saw the old"
    )
    assert read_review(folder).decided["q1"].by == "person 7"
    assert [each.items for each in read_exposures(folder)] == [("q2",)]
    again = _read(folder, tmp_path / "items 2", str(more))
    assert again.changed == 0
    assert len(read_exposures(folder)) == 1, "what is on the record already is not put there twice"
