"""From decisions to files: all or nothing, another version only where the old one was seen."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from steelyard.errors import InputError, NothingKept
from steelyard.records import SuiteItem
from steelyard.suites import review_apply
from steelyard.suites.exposures import append_exposures
from steelyard.suites.review import REVIEW, Change, append_changes
from steelyard.suites.review_apply import apply_review
from steelyard.suites.writing import lines_of
from steelyard.tasks.suite_file import DROPPED, SAMPLES, SUITE, SuiteRows, read_suite
from steelyard.tasks.suite_seal import seal_path
from steelyard.tasks.suite_task import task_from_suite
from testkit.suite_files import suite_at

LINES = [
    '{"id":"a",  "question": "What is 1 + 1?", "answer": "2"}',
    '{"id": "b", "question": "What is 2 + 2?", "answer": "5"}',
    '{"id": "c", "question": "What is 3 + 3?", "answer": "6"}',
]
YAML = "# mine\nsuite: sums\nversion: 3  # the third\nendpoints: [https://host/v1]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return suite_at(tmp_path / "sums", YAML, "\n".join(LINES) + "\n")


def item_of(line: str) -> SuiteItem:
    return msgspec.json.decode(line, type=SuiteItem)


def decide(folder: Path, *changes: Change) -> None:
    rows = SuiteRows(folder / SAMPLES, read_suite(folder))
    items = {item.id: item for item in (rows.item(place) for place in range(len(rows)))}
    append_changes(folder, [(items[change.item], change) for change in changes], "Ada")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.name != REVIEW}


EDIT = Change(item="b", decision="edit", answer="4")
DROP = Change(item="c", decision="drop", reason="Too easy.")


def test_edited_dropped_and_tagged(folder: Path) -> None:
    decide(folder, Change(item="a", decision="keep"), EDIT, DROP)
    decide(folder, Change(item="a", decision="keep", tags=("x",), difficulty="easy"))
    done = apply_review(folder)
    assert (done.edited, done.dropped, done.marked, done.items, done.reviewed) == (1, 1, 1, 2, 2)
    lines = [json.loads(line) for line in (folder / SAMPLES).read_text().splitlines()]
    assert lines[0] == {"id": "a", "question": "What is 1 + 1?", "answer": "2", "tags": ["x"], "difficulty": "easy"}
    assert lines[1]["answer"] == "4"
    (dropped,) = [json.loads(line) for line in (folder / DROPPED).read_text().splitlines()]
    assert dropped == {"check": "review", "reason": "Too easy.", "item": json.loads(LINES[2])}
    assert task_from_suite(folder).suite == done.digest
    before = contents(folder)
    again = apply_review(folder)  # what was applied is not applied twice
    assert (again.edited, again.dropped, again.marked, again.reviewed) == (0, 0, 0, 2)
    assert contents(folder) == before


def test_lines_of_items_that_did_not_change_stay_byte_for_byte(folder: Path) -> None:
    (folder / SAMPLES).write_bytes(b"\xef\xbb\xbf" + "\r\n\n".join(LINES).encode())
    decide(folder, EDIT)
    apply_review(folder)
    lines = (folder / SAMPLES).read_text().splitlines()
    assert [lines[0], lines[2]] == [LINES[0], LINES[2]]


def test_the_version_goes_up_only_where_the_old_one_was_asked(folder: Path) -> None:
    old = task_from_suite(folder).suite
    decide(folder, EDIT)
    assert apply_review(folder).version == 3
    append_exposures(folder, "run", old, "ended", {"https://host:443/v1": {"a"}})  # of the version before
    decide(folder, Change(item="a", decision="edit", answer="two"))
    assert apply_review(folder).version == 3
    append_exposures(folder, "run", task_from_suite(folder).suite, "begun", {"https://host:443/v1": {"a"}})
    decide(folder, Change(item="b", decision="keep"))
    assert apply_review(folder).version == 3  # nothing changed
    decide(folder, DROP)
    done = apply_review(folder)
    assert (done.version, done.is_new_version) == (4, True)
    assert (folder / SUITE).read_text() == YAML.replace("version: 3", "version: 4")
    assert task_from_suite(folder).suite == done.digest


@pytest.mark.parametrize(
    ("yaml", "after"),
    [
        ("suite: sums\n", "suite: sums\nversion: 2\n"),
        ('about: "version: 1"\nsuite: "sums" # x', 'about: "version: 1"\nsuite: "sums" # x\nversion: 2'),
    ],
)
def test_a_version_that_was_not_written_is(folder: Path, yaml: str, after: str) -> None:
    (folder / SUITE).write_text(yaml)
    append_exposures(folder, "run", task_from_suite(folder).suite, "begun", {"https://host:443/v1": {"a"}})
    decide(folder, EDIT)
    assert apply_review(folder).version == 2
    assert (folder / SUITE).read_text() == after


def test_a_sealed_version_is_not_changed(folder: Path) -> None:
    path = seal_path(folder, 3)
    path.parent.mkdir()
    path.write_bytes(sealed := b"its seal")
    decide(folder, EDIT)
    assert apply_review(folder).version == 4
    assert path.read_bytes() == sealed
    decide(folder, DROP)
    assert apply_review(folder).version == 4


def test_the_canary_stays_in_the_suite(folder: Path) -> None:
    items = [SuiteItem(id="a", question="x", answer="y", canary="steelyard-canary-1"), *map(item_of, LINES[1:])]
    (folder / SAMPLES).write_bytes(lines_of(items))
    decide(folder, Change(item="a", decision="drop", reason="No."), Change(item="b", decision="keep"))
    done = apply_review(folder)
    assert (done.dropped, done.reviewed) == (1, 1)
    first, second = (folder / SAMPLES).read_text().splitlines()
    assert json.loads(first)["canary"] == "steelyard-canary-1"
    assert second == LINES[2]


def test_where_the_number_cannot_be_set_nothing_changes(folder: Path) -> None:
    (folder / SUITE).write_text("{suite: sums, version: 1}\n")
    append_exposures(folder, "run", task_from_suite(folder).suite, "begun", {"https://host:443/v1": {"a"}})
    decide(folder, EDIT, DROP)
    before = contents(folder)
    with pytest.raises(InputError, match="set 'version: 2' there first"):
        apply_review(folder)
    assert contents(folder) == before


def test_no_suite_becomes_empty(folder: Path) -> None:
    decide(folder, *(Change(item=each, decision="drop", reason="No.") for each in "abc"))
    before = contents(folder)
    with pytest.raises(NothingKept, match="every item is dropped"):
        apply_review(folder)
    assert contents(folder) == before


@pytest.mark.parametrize("name", [SAMPLES, DROPPED, SUITE])
def test_a_file_that_cannot_be_written_changes_none(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    append_exposures(folder, "run", task_from_suite(folder).suite, "begun", {"https://host:443/v1": {"a"}})
    decide(folder, EDIT, DROP)
    before = contents(folder)
    (folder / f"{name}.partial").mkdir()  # what is in the way of this one file
    with pytest.raises(InputError, match="the suite is as it was"):
        apply_review(folder)
    (folder / f"{name}.partial").rmdir()
    assert contents(folder) == before
    assert apply_review(folder).version == 4


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_crash_between_two_files_is_completed_by_the_next_call(
    folder: Path, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after so many of the three files got their names."""
    append_exposures(folder, "run", task_from_suite(folder).suite, "begun", {"https://host:443/v1": {"a"}})
    decide(folder, EDIT, DROP)
    replace = Path.replace
    done: list[str] = []

    def killed(self: Path, target: Path) -> Path:
        if len(done) == after:
            raise KeyboardInterrupt
        done.append(target.name)
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            apply_review(folder)
    assert done == [DROPPED, SUITE][:after]
    for path in folder.glob("*.partial"):  # a killed process would leave them
        path.unlink()
    assert apply_review(folder).version == 4
    assert [json.loads(line)["id"] for line in (folder / SAMPLES).read_text().splitlines()] == ["a", "b"]
    assert len((folder / DROPPED).read_text().splitlines()) == 1


def test_a_dropped_file_that_is_none_is_named(folder: Path) -> None:
    (folder / DROPPED).write_text('{"check": "x"}\n')
    decide(folder, DROP)
    before = contents(folder)
    with pytest.raises(InputError, match=r"dropped.jsonl:1: "):
        apply_review(folder)
    assert contents(folder) == before


def test_a_record_that_was_tampered_with_is_refused(folder: Path) -> None:
    decide(folder, EDIT)
    record = (folder / REVIEW).read_text()
    (folder / REVIEW).write_text(record.replace('"answer":"4"', '"answer":" "'))
    before = contents(folder)
    with pytest.raises(InputError, match=r"samples.jsonl:2: item b: the answer is empty"):
        apply_review(folder)
    assert contents(folder) == before
    assert review_apply.CHECK == "review"
