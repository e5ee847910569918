"""Presets: there is one for every world, and each makes a model that takes the world's actions."""

from __future__ import annotations

import pytest

from steelyard_world.models.kinds import config_of
from steelyard_world.sim.catalog import NAMES, SCENES, simulator
from steelyard_world.training.presets import PRESETS, preset


@pytest.mark.parametrize("world", NAMES)
def test_every_world_has_settings_that_make_a_model(world: str) -> None:
    chosen = preset(world)
    assert config_of(chosen.kind, chosen.config, simulator(world).action_size).action_size == 2
    assert min(chosen.batch, chosen.steps) > 0
    assert chosen.length > config_of(chosen.kind, chosen.config).rollout


def test_presets_are_of_worlds_that_there_are() -> None:
    assert set(PRESETS) <= {*NAMES, SCENES}


def test_where_walls_are_in_the_way_the_model_has_a_map() -> None:
    assert {preset(world).kind for world in ("two-room", "two-room-fixed", "point-maze")} == {"jepa-map"}
