"""``steelyard suite seal``: what it says, what the ledger says, and splits that are none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from steelyard.cli import execute
from steelyard.evidence.timestamp_signature import new_request
from steelyard.suites.exposures import append_exposures
from steelyard.tasks.suite_seal import seal_path, stamp_path
from steelyard.tasks.suite_task import SuiteTask, task_from_suite
from testkit.fixtures import SumsServer
from testkit.suite_files import suite_at
from testkit.timestamp_authority import TimestampAuthority
from tests.tasks.test_suite_seal import items


@pytest.fixture
def suite(tmp_path: Path) -> SuiteTask:
    return task_from_suite(suite_at(tmp_path / "sums", samples=items(40)))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--share", "0"], "the share that is released is between 0 and 1"),
        (["--share", "1/0"], "the share that is released is between 0 and 1"),
        (["--share", "0.99"], "too few to release 0.99 of them and keep 1 checks"),
        (["--checks", "30"], "too few to release 0.5 of them and keep 30 checks"),
    ],
)
def test_a_split_that_leaves_a_part_empty_is_refused(
    suite: SuiteTask, key: Path, options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["suite", "seal", str(suite.folder), *options]) == 2
    assert words in capsys.readouterr().err
    assert not seal_path(suite.folder, 1).exists()


def test_the_ledger_says_that_a_suite_was_sealed(
    suite: SuiteTask, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["suite", "seal", str(suite.folder)]) == 0
    said = capsys.readouterr().out
    assert "released 20 of 40 items; kept back for checks: 20" in said
    assert "signed; the split follows from the key and the version" in said
    assert execute(["ledger", "show"]) == 0
    assert "begun (suite)" in capsys.readouterr().out
    assert execute(["ledger", "verify"]) == 0


def test_an_authority_dates_the_seal(
    suite: SuiteTask, key: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with TimestampAuthority(tmp_path / "authority") as authority:
        assert execute(["suite", "seal", str(suite.folder), "--timestamp", authority.url]) == 0
        assert len(authority.asked) == 1
    assert "time stamp: 20" in capsys.readouterr().out
    assert execute(["suite", "show", str(suite.folder)]) == 0
    assert "its signature is not checked: --timestamp-root" in capsys.readouterr().out
    assert execute(["suite", "show", str(suite.folder), "--timestamp-root", str(authority.root)]) == 0
    assert "; checked" in capsys.readouterr().out
    other = TimestampAuthority(tmp_path / "other")
    assert execute(["suite", "show", str(suite.folder), "--timestamp-root", str(other.root)]) == 1
    stamp_path(suite.folder, 1).write_bytes(other.stamp(new_request(b"another seal").body))
    assert execute(["suite", "show", str(suite.folder)]) == 1
    assert "is not of the seal beside it" in capsys.readouterr().err


def test_without_a_stamp_that_was_asked_for_nothing_is_sealed(
    suite: SuiteTask, key: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with TimestampAuthority(tmp_path / "authority") as authority:
        another = authority.stamp(new_request(b"another").body)
        replies = iter([(500, dict[str, str](), b""), (200, dict[str, str](), another)])
        authority.reply = lambda request: next(replies)
        for _ in range(2):
            assert execute(["suite", "seal", str(suite.folder), "--timestamp", authority.url]) == 4
            assert "no time stamp from" in capsys.readouterr().err
    assert execute(["suite", "seal", str(suite.folder), "--timestamp", "ftp://host/"]) == 2
    assert not seal_path(suite.folder, 1).parent.exists()
    assert execute(["suite", "show", str(suite.folder)]) == 0
    assert "sealed     no" in capsys.readouterr().out


def test_an_endpoint_that_has_seen_kept_items_is_named(
    tmp_path: Path, key: Path, sums_server: SumsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = suite_at(tmp_path / "sums", f"suite: sums\nendpoints: [{sums_server.url}]\n", items(40))
    run = ["run", str(folder), "--model", f"openai:sums@{sums_server.url}", "--out", str(tmp_path / "r")]
    assert execute(run) in (0, 3, 4)
    assert execute(["suite", "seal", str(folder), "--checks", "2"]) == 0
    said = capsys.readouterr().err
    assert f"warning: {sums_server.url} has seen 20 of the 20 kept items already: no check left for it" in said


def test_what_an_endpoint_has_not_seen_is_left(tmp_path: Path, key: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = suite_at(tmp_path / "sums", samples=items(40))
    suite = task_from_suite(folder)
    append_exposures(folder, "a" * 64, suite.suite, "begun", {"http://host/v1": list(suite.rows.ids)[:2]})
    assert execute(["suite", "seal", str(folder), "--share", "0.025", "--checks", "3"]) == 0
    said = capsys.readouterr().err
    assert re.search(r"has seen [12] of the 39 kept items already: [12] of 3 checks left for it", said)


def test_the_next_steps_of_a_new_suite_keep_its_leak_check(
    tmp_path: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "t.csv"
    table.write_text("question,answer\n" + "".join(f"What is {n} + 3?,{n + 3}\n" for n in range(10)))
    folder = str(tmp_path / "sums")
    assert execute(["suite", "new", folder, "--from", str(table)]) == 0
    said = capsys.readouterr().out
    steps = [said.index(f"steelyard {step} {folder}") for step in ("suite review", "suite seal", "run")]
    assert steps == sorted(steps)
    assert execute(["suite", "seal", folder]) == 0
    assert "warning" not in capsys.readouterr().err
