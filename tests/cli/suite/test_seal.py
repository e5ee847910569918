"""``steelyard suite seal``: what it says, what the ledger says, and splits that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.cli import execute
from steelyard.tasks.suite_seal import seal_path
from steelyard.tasks.suite_task import SuiteTask, task_from_suite
from tests.tasks.test_suite_file import suite_at
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
