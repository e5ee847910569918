"""What all worlds with an agent share: shifts by name, straight distances and straight actions."""

from __future__ import annotations

import numpy as np
import pytest

from steelyard.errors import InputError
from steelyard_world.sim.catalog import NAMES, simulator
from steelyard_world.sim.two_room import TwoRoom


@pytest.mark.parametrize("name", NAMES)
def test_every_listed_shift_exists_and_has_a_description(name: str) -> None:
    world = simulator(name)
    assert all(world.shifts.values())
    assert {world.shifted(shift).name for shift in world.shifts} == {name}
    with pytest.raises(InputError, match=f"{name} has no shift 'wind'; it has colour, "):
        world.shifted("wind")


def test_a_shift_changes_the_original_world_and_not_the_shifted_one() -> None:
    world = TwoRoom(fixed=True)
    states, _ = world.start([0, 1])
    twice = world.shifted("colour").shifted("size")
    assert np.array_equal(twice.draw(states), world.shifted("size").draw(states))
    assert not np.array_equal(world.shifted("colour").draw(states), world.draw(states))


def test_the_straight_action_is_no_longer_than_the_limit_and_closes_the_gap() -> None:
    world = TwoRoom()
    start = np.array([[10, 10, 32, 20], [10, 10, 32, 20]], dtype=np.float32)
    goal = np.array([[40, 50, 32, 20], [11, 10, 32, 20]], dtype=np.float32)
    assert world.gap(start, goal).tolist() == [50, 1]
    assert np.allclose(world.straight(start, goal), [[2.4, 3.2], [1.0, 0.0]])
    assert world.reached(start, goal).tolist() == [False, True]
