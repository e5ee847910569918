"""``steelyard suite refresh``: what it says, and where nothing would change."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.cli import execute
from steelyard.tasks.suite_task import SuiteTask
from tests.suites.test_refreshing import seen, suite_in


@pytest.fixture
def suite(tmp_path: Path) -> SuiteTask:
    return suite_in(tmp_path / "s")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "no endpoint has seen an item"),
        (["--item", "x"], "no item is called 'x'"),
        (["--item", "c"], "none of 1 items has a twin"),
    ],
)
def test_where_nothing_would_change_nothing_does(
    suite: SuiteTask, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.read_bytes() for path in suite.folder.iterdir() if path.is_file()}
    assert execute(["suite", "refresh", str(suite.folder), *arguments]) == 2
    assert words in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in suite.folder.iterdir() if path.is_file()} == before


def test_the_command_says_what_became_of_the_items(suite: SuiteTask, capsys: pytest.CaptureFixture[str]) -> None:
    seen(suite, "a", "c")
    assert execute(["suite", "refresh", str(suite.folder)]) == 0
    said = capsys.readouterr().out
    assert "version 2: 1 twins, 0 retired without one" in said
    assert "1 items that were seen have no twin and stay" in said
