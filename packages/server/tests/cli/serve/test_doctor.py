from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.cli import execute


def test_a_folder_that_is_none_gives_3_and_says_how(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert execute(["serve", "doctor", "--data", str(tmp_path / "none"), "--json"]) == 3
    checks = {each["what"]: each for each in json.loads(capsys.readouterr().out)["checks"]}
    assert checks["isolation"]["works"]
    assert not checks["data folder"]["works"]
    assert execute(["serve", "doctor", "--data", str(tmp_path / "none")]) == 3
    assert "MISSING  data folder" in capsys.readouterr().out
