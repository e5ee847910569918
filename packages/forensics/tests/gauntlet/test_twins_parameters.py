"""Parameters of authored twins: what ships, and what is refused in one line."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard_forensics.gauntlet.twins_parameters import load_twins

SHIPPED = files("steelyard_forensics.gauntlet.worlds").joinpath("twins.yaml").read_text()


def test_what_ships_has_harder_twins_and_doses() -> None:
    world = load_twins()
    assert any(kind.harder for kind in world.honest)
    assert len([each for kind in world.cheats for each in kind.each()]) >= 12
    assert {kind.dose for kind in world.cheats[0].each()} == {0.1, 0.2, 0.3}
    assert len(world.digest) == 64


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("steelyard-gauntlet-twins/1", "steelyard-gauntlet/1", "format"),
        ("models: 160", "models: 1", "2 to 2,000"),
        ("scatter: 0.10", "scatter: nan", "scatter"),
        ("reference_models: 20", "reference_models: 2", "reference_models"),
        ("{name: plain,", "{name: plain, colour: x,", "colour"),
        ("name: skill", "name: plain", "a name of its own"),
        ("flaky: 0.01", "flaky: 2", "between 0 and 1"),
        ("harder: 0.3", "harder: nan", "at most 100"),
        ("variants: 8", "variants: 0", "between 1 and 1,000"),
        ("varies: brittle", "varies: says", "varies"),
        ("varies: brittle, doses: [0.1, 0.2, 0.3]", "varies: brittle", "go together"),
        ("varies: brittle, doses: [0.1,", "varies: variants, doses: [nan,", "no number"),
    ],
)
def test_what_is_no_such_world_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in SHIPPED
    (tmp_path / "t.yaml").write_text(SHIPPED.replace(old, new, 1))
    with pytest.raises(InputError, match=said) as error:
        load_twins(tmp_path / "t.yaml")
    assert "\n" not in str(error.value)
