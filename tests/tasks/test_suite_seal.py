"""A sealed version of a suite: it cannot change, its split cannot be drawn again, and what is forged is named."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from steelyard.cli import execute
from steelyard.errors import InputError, SteelyardError, VerificationError
from steelyard.evidence.canonical import canonical
from steelyard.evidence.keys import load_signer
from steelyard.suites.sealing import seal_suite
from steelyard.tasks.suite_seal import Parts, SuiteSeal, parts_of, read_seal, seal_path
from steelyard.tasks.suite_task import SuiteTask, task_from_suite
from testkit.fixtures import SumsServer
from testkit.suite_files import suite_at


def items(count: int) -> str:
    return "".join(
        json.dumps({"id": f"i{n:03d}", "question": f"What is {n} + 3?", "answer": str(n + 3)}) + "\n"
        for n in range(count)
    )


@pytest.fixture
def suite(tmp_path: Path) -> SuiteTask:
    return task_from_suite(suite_at(tmp_path / "sums", samples=items(40)))


def sealed(suite: SuiteTask, key: Path | None, share: str = "0.5", checks: int = 2) -> SuiteSeal:
    return seal_suite(suite, load_signer(key) if key else None, None, share, checks)


def parts(seal: SuiteSeal, suite: SuiteTask) -> Parts:
    return parts_of(seal, suite.rows.ids)


def test_a_sealed_suite_is_split_into_released_and_kept_items(suite: SuiteTask, key: Path) -> None:
    found = parts(sealed(suite, key), suite)
    assert len(found.released) == 20
    assert [len(each) for each in found.checks] == [10, 10]
    assert found.released.union(*found.checks) == set(suite.rows.ids)
    again = task_from_suite(suite.folder)
    assert len(again.prepare("question")) == 20
    assert again.assumed.startswith("Asked: the 20 released of the 40 items")
    assert again.suite == suite.suite
    check = task_from_suite(suite.folder.with_name("sums#check-2"))
    assert (check.id, len(check.prepare("question"))) == ("sums-check-2", 10)
    assert set(check.items) == found.checks[1]
    assert len(task_from_suite(suite.folder.with_name("sums#all")).prepare("question")) == 40
    with pytest.raises(InputError, match="no part 'check-3'; it has: released, all, check-1, check-2"):
        task_from_suite(suite.folder.with_name("sums#check-3"))


def test_the_split_follows_from_key_and_version_alone(suite: SuiteTask, key: Path, tmp_path: Path) -> None:
    first = parts(sealed(suite, key), suite)
    seal_path(suite.folder, 1).unlink()
    assert parts(sealed(suite, key), suite) == first
    other = task_from_suite(suite_at(tmp_path / "other", samples=items(41)))
    assert parts(sealed(other, key), other).released - first.released
    drawn = set()
    for _ in range(3):
        seal_path(suite.folder, 1).unlink(missing_ok=True)
        drawn.add(parts(sealed(suite, None), suite).released)
    assert len(drawn) == 3  # without a key, whoever seals can draw again


def test_what_is_sealed_cannot_change(suite: SuiteTask, key: Path) -> None:
    sealed(suite, key)
    with pytest.raises(InputError, match="version 1 is sealed already: raise 'version'"):
        sealed(suite, key)
    samples = suite.folder / "samples.jsonl"
    samples.write_text(samples.read_text().replace('"answer": "3"', '"answer": "4"'))
    with pytest.raises(InputError, match="version 1 is sealed, and what it asks has changed since"):
        task_from_suite(suite.folder)
    (suite.folder / "suite.yaml").write_text("suite: sums\nversion: 2\n")
    assert len(task_from_suite(suite.folder).prepare("question")) == 40
    (suite.folder / "suite.yaml").write_text("suite: sums\nendpoints: [http://h/v1]\nabout: more\n")
    samples.write_text(
        samples.read_text().replace('"answer": "4", "x"', "").replace('"answer": "4"', '"answer": "3"', 1)
    )
    assert len(task_from_suite(suite.folder).prepare("question")) == 20


@pytest.mark.parametrize(
    "change",
    [
        {"share": "0.6"}, {"checks": 3}, {"items": 41}, {"root": "00" * 32}, {"digest": "00" * 32}, {"version": 2},
        {"seed": "ab"}, {"proof": "00" * 80}, {"proof": ""}, {"signer": "00" * 32}, {"signer": "", "proof": ""},
        {"share": "x"}, {"share": "1/0"}, {"share": "1e-999999999"}, {"share": "1"},
        {"checks": 0}, {"at": "", "more": 1},
    ],
)  # fmt: skip
def test_a_changed_seal_is_refused(suite: SuiteTask, key: Path, change: dict[str, Any]) -> None:
    sealed(suite, key)
    path = seal_path(suite.folder, 1)
    envelope = json.loads(path.read_bytes())
    document = json.loads(base64.b64decode(envelope["payload"]))
    document["predicate"] = {**document["predicate"], **change}
    envelope["payload"] = base64.b64encode(canonical(document)).decode()
    path.write_bytes(canonical(envelope))
    with pytest.raises(SteelyardError):
        read_seal(suite.folder, 1, suite.suite)


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff", b"x" * 2_000_000])
def test_what_is_no_seal_is_one_line(suite: SuiteTask, data: bytes) -> None:
    path = seal_path(suite.folder, 1)
    path.parent.mkdir()
    path.write_bytes(data)
    with pytest.raises(VerificationError, match=r"1\.dsse\.json"):
        task_from_suite(suite.folder)


def test_a_run_of_a_sealed_suite_asks_the_released_items(
    suite: SuiteTask, tmp_path: Path, sums_server: SumsServer
) -> None:
    sealed(suite, None)
    (suite.folder / "suite.yaml").write_text(f"suite: sums\nendpoints: [{sums_server.url}]\n")
    out = tmp_path / "r"
    assert execute(["run", str(suite.folder), "--model", f"openai:sums@{sums_server.url}", "--out", str(out)]) == 0
    assert json.loads((out / "report.json").read_text())["measurements"][0]["of"] == 20
    assert execute(["verify", str(out)]) == 0
