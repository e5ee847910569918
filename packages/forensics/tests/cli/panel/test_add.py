"""``steelyard panel add`` with a real run."""

from __future__ import annotations

from pathlib import Path

import pytest

from packages.forensics.tests.panel_runs import questions, runs_of
from steelyard.cli import execute


def test_a_run_is_added_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (run,) = runs_of(tmp_path, "one", (60,), [questions(tmp_path, "sums", 0)])
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    assert execute(["panel", "add", str(run), "--family", "ones"]) == 0
    said = capsys.readouterr().out
    assert "one of the family ones" in said
    assert "1 family, 1 run" in said
    assert execute(["panel", "add", str(run), "--family", "ones"]) == 2
    assert "in the panel already" in capsys.readouterr().err
