"""``steelyard gauntlet``: the command, with processes of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.cli import execute
from tests.gauntlet.conftest import SMALL


def test_a_world_of_a_file_to_a_page_and_to_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "w.yaml").write_text(SMALL)
    asked = ["gauntlet", "--parameters", str(tmp_path / "w.yaml"), "--vendors", "1", "--html", str(tmp_path / "g.html")]
    assert execute(asked) == 0
    assert "honest vendors" in capsys.readouterr().out
    assert "How often are the detectors wrong?" in (tmp_path / "g.html").read_text()
    assert execute([*asked[:5], "--json", "--seed", "3"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["seed"], document["honest"], document["cheats"]) == (3, 3, 3)


def test_what_cannot_be_is_said_before_anything_is_simulated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["gauntlet", "--html", str(tmp_path / "no" / "g.html")]) == 2
    assert "create it first" in capsys.readouterr().err
    assert execute(["gauntlet", "--parameters", str(tmp_path / "none.yaml")]) == 2
    assert "none.yaml" in capsys.readouterr().err
