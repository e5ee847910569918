"""``steelyard verify`` of identity by text, in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.cli import execute as steelyard
from steelyard.comparison.text_identity_seal import seal_identity
from steelyard.errors import ExitCode
from tests.comparison.test_text_identity_seal import found


def test_it_says_what_was_checked_and_needs_both_runs(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    seal_identity(tmp_path / "out", found(), None)
    assert steelyard(["verify", str(tmp_path / "out")]) == ExitCode.CONSISTENT
    said = capfd.readouterr().out
    assert "holds: 80 guesses, not signed" in said
    assert "recomputed: Inconsistent: one and two" in said
    assert steelyard(["verify", str(tmp_path / "out"), "--run", str(tmp_path)]) == ExitCode.BAD_INPUT
    assert "give --run twice" in capfd.readouterr().err
    assert steelyard(["verify", str(tmp_path / "out"), str(tmp_path / "out")]) == ExitCode.BAD_INPUT
    assert "is verified alone" in capfd.readouterr().err
