"""``steelyard detect twin_gap`` on real runs: what it prints and writes, and its exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from packages.forensics.tests.panel_runs import questions, runs_of
from steelyard.cli import execute


def test_a_small_panel_is_not_testable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    files = [questions(tmp_path, "sums", 0), questions(tmp_path, "twins", 1000)]
    for run in runs_of(tmp_path, "one", (60, 80), files):
        assert execute(["panel", "add", str(run), "--family", "ones"]) == 0
    runs_of(tmp_path, "mine", (20, 120), files)
    capsys.readouterr()
    asked = ["detect", "twin_gap", "mine-sums", "--twins", "mine-twins", "--panel", "panel"]
    assert execute([*asked, "--out", "result", "--markdown", "result.md", "--html", "result.html"]) == 3
    assert "<h1>Twins and a panel</h1>" in Path("result.html").read_text()
    said = capsys.readouterr().out
    assert "58 families are missing" in " ".join(said.split())
    assert "verify  steelyard verify result --panel panel" in said
    assert "58 families" in (tmp_path / "result.md").read_text()
    assert execute([*asked, "--out", "second", "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["result"]["word"] == "not_testable"
    assert execute([*asked, "--out", "result"]) == 2
    assert "not an empty folder" in capsys.readouterr().err
    assert execute(["verify", "result", "--panel", "panel", "--run", "mine-sums", "--run", "mine-twins"]) == 0
    said = capsys.readouterr().out
    assert "4 extracts made again from sealed runs" in said
    assert "by the panel, 2 runs had to be read and 0 runs left out: equal" in said
