"""The wall stops, the door lets through, and pictures are what their formulas say."""

from __future__ import annotations

import numpy as np

from steelyard_world.sim.catalog import HELD_OUT
from steelyard_world.sim.two_room import DOOR, TwoRoom

PIXELS = np.arange(64)


def state(x: float, y: float, wall: float = 32, door: float = 20) -> np.ndarray:
    return np.array([[x, y, wall, door]], dtype=np.float32)


def move(x: float, y: float) -> np.ndarray:
    return np.array([[x, y]], dtype=np.float32)


def test_a_way_through_the_door_is_free_and_one_beside_it_ends_at_the_wall() -> None:
    world = TwoRoom(fixed=True)
    assert world.step(state(30, 20), move(4, 0))[0, 0] == 34
    assert world.step(state(30, 20 + DOOR + 1), move(4, 0))[0, 0] == 29.5
    assert world.step(state(34, 50), move(-4, 0))[0, 0] == 34.5


def test_agents_change_rooms_only_at_the_height_of_the_door() -> None:
    states, _ = TwoRoom().explore(range(300), 20)
    side = np.sign(states[..., 0] - states[..., 2])
    changed = side[:, 1:] * side[:, :-1] < 0
    heights = np.minimum(*(np.abs(states[:, part, 1] - states[:, part, 3]) for part in (slice(1, None), slice(-1))))
    assert changed.any()
    assert heights[changed].max() <= DOOR + 0.01


def test_starts_and_goals_are_in_different_rooms() -> None:
    starts, goals = TwoRoom().start(range(HELD_OUT, HELD_OUT + 200))
    assert ((starts[:, 0] - starts[:, 2]) * (goals[:, 0] - goals[:, 2]) < 0).all()
    assert np.array_equal(starts[:, 2:], goals[:, 2:])


def test_the_fixed_room_has_one_layout_and_the_other_many() -> None:
    seeds = range(50)
    assert len(np.unique(TwoRoom(fixed=True).start(seeds)[0][:, 2:], axis=0)) == 1
    assert len(np.unique(TwoRoom().start(seeds)[0][:, 2:], axis=0)) == 50


def test_most_training_episodes_start_where_the_wall_can_be_met_and_a_third_at_the_door() -> None:
    states = TwoRoom().explore(range(4000), 1)[0][:, 0]
    at_wall = np.abs(states[:, 0] - states[:, 2]) <= 10.01
    at_door = at_wall & (np.abs(states[:, 1] - states[:, 3]) <= 9.01)
    assert 0.75 < at_wall.mean() < 0.90
    assert 0.45 < at_door.mean() < 0.55


def test_pictures_are_the_product_of_their_profiles() -> None:
    states = TwoRoom().explore(range(30), 3)[0].reshape(-1, 4)
    frames = TwoRoom().draw(states)
    for (x, y, wall, door), frame in zip(states, frames, strict=True):
        blob = np.exp(-((PIXELS - y) ** 2) / 8)[:, None] * np.exp(-((PIXELS - x) ** 2) / 8)
        solid = (np.abs(PIXELS - door) > 5)[:, None] & (np.abs(PIXELS - wall) < 1.6)
        solid[:3] = solid[-3:] = solid[:, :3] = solid[:, -3:] = True
        assert np.abs(frame[..., 0] - 255 * blob).max() <= 0.51
        assert np.array_equal(frame[..., 1], solid * np.uint8(255))
        assert np.array_equal(frame[..., 2], solid * np.uint8(127))
