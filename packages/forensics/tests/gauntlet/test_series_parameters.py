"""Parameters of series of audits: what ships, and what is refused in one line."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard_forensics.gauntlet.series_parameters import load_series

SHIPPED = files("steelyard_forensics.gauntlet.worlds").joinpath("series.yaml").read_text()


def test_what_ships_ends_every_ladder_with_honesty() -> None:
    world = load_series()
    assert world.rounds == 20
    for ladder in world.cheats:
        last = ladder.rungs[-1]
        assert (last.inflated, last.memorised, last.gain) == (0, 0, 0)
        assert last.ability == 0 or last.share == 0
        assert len({rung.correlation for rung in ladder.rungs}) == 1  # the same numbers are drawn on all rungs
    assert [each.counted for each in world.honest].count(False) == 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("steelyard-gauntlet-series/1", "steelyard-gauntlet/1", "format"),
        ("rounds: 20", "rounds: 0", "rounds"),
        ("wary: 0.2", "wary: 0.9", "wary"),
        ("{name: 10 points, inflated: 10}", "{name: 10 points, inflated: 1000}", "inflated"),
        ("{name: 10 points, inflated: 10}", "{name: x, varies: inflated, doses: [1]}", "nothing varies"),
        ("  - name: memorised", "  - name: plain", "a name of its own"),
    ],
)
def test_what_is_no_such_world_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in SHIPPED
    (tmp_path / "s.yaml").write_text(SHIPPED.replace(old, new, 1))
    with pytest.raises(InputError, match=said) as error:
        load_series(tmp_path / "s.yaml")
    assert "\n" not in str(error.value)
