"""``steelyard panel list``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from packages.forensics.tests.panels.test_folder import entry
from steelyard.cli import execute
from steelyard_forensics.panels.folder import add_to_panel
from testkit.comparison_runs import HOSTILE


def test_families_and_runs_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "plan.dsse.json").write_text("{}")
    for number in (1, 2):
        add_to_panel(tmp_path / "p", entry(number, model=HOSTILE), tmp_path / "run")
    assert execute(["panel", "list", "--dir", str(tmp_path / "p")]) == 0
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "57 families are missing" in " ".join(said.split())
    assert max(map(len, said.splitlines())) <= 100
    assert execute(["panel", "list", "--dir", str(tmp_path / "p"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["families"] == ["family 1", "family 2"]
