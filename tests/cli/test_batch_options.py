"""The options of batches are those of what begins a run, and of nothing else."""

from __future__ import annotations

import pytest

from steelyard.cli import execute as steelyard


@pytest.mark.parametrize(("command", "has"), [("audit", True), ("run", True), ("gate", False), ("choose", False)])
def test_who_has_them(command: str, has: bool, capsys: pytest.CaptureFixture[str]) -> None:
    assert steelyard([command, "--help"]) == 0
    said = capsys.readouterr().out
    assert ("--batch " in said, "--batch-growth G" in said) == (has, has)


def test_a_resume_cancels_and_needs_no_other_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert steelyard(["resume", "--help"]) == 0
    assert "--cancel-batch" in capsys.readouterr().out
