"""The whole replay on the embedded file and its Q2_K: the vendor of the story is found, the honest one is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scandal.files import model_files
from scandal.replay import Outcome, replay
from scandal.table import FILE, read_tables
from scandal.vendor import Row
from scandal.world import World
from steelyard.claims.sheet import read_sheet
from steelyard.cli import execute as steelyard
from steelyard.errors import ModelUnavailable


def test_the_sheets_are_what_the_vendor_prints(tmp_path: Path) -> None:
    world = World(
        tmp_path, "w", [Row("reversed_words", "95.3", "A"), Row("second_word", "40.0", "A")], {"A": Path("a.gguf")}
    )
    world.prepare()
    claims = read_sheet(world.folder / "sheet.yaml").claims
    assert [(claim.task, claim.value, claim.samples) for claim in claims] == [
        ("reversed_words", "95.3", 150),
        ("second_word", "40.0", 150),
    ]
    assert [claim.task for claim in read_sheet(world.folder / "cue.yaml").claims] == ["reversed_words"]
    assert [Path(part).stem for part in world.cue("http://h/v1").arguments if part.endswith(".yaml")] == [
        "cue",
        "reversed_words",
    ]
    assert world.file("A").line.startswith("steelyard audit ")


def test_a_command_that_ends_without_a_conclusion_is_named(tmp_path: Path) -> None:
    world = World(tmp_path, "w", [Row("reversed_words", "95.3", "A")], {"A": tmp_path / "absent.gguf"})
    world.prepare()
    with pytest.raises(ModelUnavailable, match=r"audit ended with 2: .*there is no such file"):
        world.run(world.file("A"))


def test_one_command_that_ends_otherwise_is_enough() -> None:
    found = {"endpoint": 1, "cue": 1, "assembled": 1}
    assert Outcome("cheat", found).is_as_expected
    assert not Outcome("cheat", found | {"cue": 3}).is_as_expected
    assert not Outcome("cheat", {"endpoint": 1, "cue": 1}).is_as_expected
    honest = {"endpoint": 0, "cue": 0, "assembled": 0, "file-B": 1}
    assert Outcome("honest", honest).is_as_expected
    assert not Outcome("honest", honest | {"endpoint": 1}).is_as_expected


@pytest.mark.slow
@pytest.mark.model
def test_the_scandal(tmp_path: Path, smollm2: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {letter: path for letter, path in model_files(tmp_path).items() if letter in "AC"}
    found = replay(tmp_path / "worlds", files, read_tables(), FILE)
    assert [each.is_as_expected for each in found] == [True, True], [each.codes for each in found]
    cheat = tmp_path / "worlds" / "cheat"
    report = json.loads((cheat / "endpoint" / "report.json").read_text())
    assert "identity" in {each["detector"] for each in report["findings"]}
    # Fresh twins are a new draw with each key, and 150 pairs are not always enough: the gap itself is there.
    twins = [each for each in report["tests"] if each["rule"].startswith("twin_gap")]
    (gap,) = (each["effect"]["value"] for each in twins if each["test"].endswith("-reversed_words"))
    assert gap > 0.05
    said = capsys.readouterr().out
    assert "do not come from A's weights" in said
    assert "D6, cue" in said
    assert steelyard(["verify", str(cheat / "endpoint")]) == 0
