"""``steelyard gauntlet``: the command, with processes of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from packages.forensics.tests.gauntlet.conftest import SMALL
from steelyard.cli import execute

FEW = {
    "twins": """
format: steelyard-gauntlet-twins/1
name: few
seed: 1
models: 80
shift: 0.1
scatter: 0.1
item: 0.5
reference_models: 5
constat_vendors: 0
honest: [{name: plain}]
cheats: [{name: memorised, memorised: 0.9}]
""",
    "series": """
format: steelyard-gauntlet-series/1
name: few
seed: 1
rounds: 2
wary: 0.2
bold: 0.6
honest: [{kind: {name: plain}}]
cheats: [{name: inflated, rungs: [{name: ten, inflated: 10}, {name: none}]}]
""",
}


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


@pytest.mark.parametrize("world", ["twins", "series"])
def test_the_worlds_of_panels_and_of_series(tmp_path: Path, capsys: pytest.CaptureFixture[str], world: str) -> None:
    """Of a file with one kind of honest vendors and one of others, to a page and to JSON at once."""
    (tmp_path / "w.yaml").write_text(FEW[world])
    asked = ["gauntlet", "--world", world, "--parameters", str(tmp_path / "w.yaml"), "--vendors", "1"]
    assert execute([*asked, "--html", str(tmp_path / "g.html"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["honest"] == 1
    page = (tmp_path / "g.html").read_text()
    assert "plain" in page
    assert "inflated" in page or "memorised" in page
    (tmp_path / "w.yaml").write_text(SMALL)
    assert execute(asked) == 2
    assert "w.yaml" in capsys.readouterr().err
