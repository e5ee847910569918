"""Every world keeps the protocol: pure functions of seeds, states that draw themselves, goals that are reached."""

from __future__ import annotations

import numpy as np
import pytest

from steelyard.errors import InputError
from steelyard_world.sim.catalog import HELD_OUT, NAMES, simulator
from steelyard_world.sim.simulator import Simulator

SEEDS = range(HELD_OUT, HELD_OUT + 40)


@pytest.fixture(params=NAMES)
def world(request: pytest.FixtureRequest) -> Simulator:
    return simulator(request.param)


def test_states_actions_and_frames_have_the_promised_shapes(world: Simulator) -> None:
    starts, goals = world.start(SEEDS)
    states, actions = world.explore(range(6), 9)
    assert starts.shape == goals.shape == (40, len(world.state_names))
    assert states.shape == (6, 9, len(world.state_names))
    assert actions.shape == (6, 8, world.action_size)
    assert {each.dtype for each in (starts, goals, states, actions)} == {np.dtype(np.float32)}
    frames = world.draw(states)
    assert frames.shape == (6, 9, 64, 64, 3)
    assert frames.dtype == np.uint8


def test_an_episode_does_not_depend_on_its_neighbours_in_the_batch(world: Simulator) -> None:
    together = world.explore([3, 4, 5], 6)
    alone = world.explore([4], 6)
    assert all(np.array_equal(many[1], one[0]) for many, one in zip(together, alone, strict=True))
    assert np.array_equal(world.start([HELD_OUT + 7])[0][0], world.start(SEEDS)[0][7])
    states = together[0]
    assert np.array_equal(world.draw(states)[1, 2], world.draw(states[1, 2]))


def test_exploring_is_the_same_as_playing_its_actions(world: Simulator) -> None:
    states, actions = world.explore(range(20), 8)
    here = states[:, 0]
    for step in range(7):
        here = world.step(here, actions[:, step])
        assert np.array_equal(here, states[:, step + 1])
    assert (np.linalg.norm(actions, axis=-1) <= world.action_limit + 1e-5).all()


def test_alternatives_from_one_state_are_stepped_by_broadcasting(world: Simulator) -> None:
    states, actions = world.explore(range(4), 2)
    many = np.repeat(actions[:, None, 0], 3, axis=1)
    ends = world.step(np.repeat(states[:, None, 0], 3, axis=1), many)
    assert np.array_equal(ends[:, 2], states[:, 1])


def test_steps_change_no_input_and_are_no_longer_than_the_limit(world: Simulator) -> None:
    states, _ = world.explore(range(30), 2)
    before = states[:, 0].copy()
    after = world.step(states[:, 0], np.full((30, 2), 100, dtype=np.float32))
    assert np.array_equal(before, states[:, 0])
    # A wall's face may push an agent that brushes it back by its skin, no further.
    assert np.linalg.norm((after - before)[:, :2], axis=-1).max() <= world.action_limit + 2.6
    assert np.array_equal(before[:, 4:], after[:, 4:])


def test_no_episode_starts_at_its_goal_and_every_goal_is_reached_at_itself(world: Simulator) -> None:
    starts, goals = world.start(SEEDS)
    assert not world.reached(starts, goals).any()
    assert world.reached(goals, goals).all()
    assert np.allclose(world.gap(goals, goals), 0)


def test_different_seeds_are_different_episodes_and_pictures(world: Simulator) -> None:
    starts, _ = world.start(SEEDS)
    assert len(np.unique(starts, axis=0)) == len(SEEDS)
    assert len(np.unique(world.draw(starts).reshape(len(SEEDS), -1), axis=0)) == len(SEEDS)


@pytest.mark.parametrize("name", NAMES)
def test_every_shift_changes_the_pictures_or_what_follows_and_nothing_of_the_world_itself(name: str) -> None:
    world = simulator(name)
    states, actions = world.explore(range(20), 2)
    picture = world.draw(states)
    for shift in ("colour", "size", "speed", "layout"):
        changed = world.shifted(shift)
        assert changed.state_names == world.state_names
        same = (
            np.array_equal(changed.draw(states), picture)
            and np.array_equal(changed.step(states[:, 0], actions[:, 0]), states[:, 1])
            and np.array_equal(changed.start(SEEDS)[0], world.start(SEEDS)[0])
        )
        assert not same, shift
    assert np.array_equal(world.draw(states), picture)


def test_gravity_is_where_it_applies_and_elsewhere_the_shifts_there_are_are_named() -> None:
    maze = simulator("point-maze")
    states, _ = maze.start(SEEDS)
    still = np.zeros((len(SEEDS), 2), dtype=np.float32)
    slid = maze.shifted("gravity").step(states, still)
    assert (slid[:, 1] >= states[:, 1]).all()
    assert (slid[:, 1] > states[:, 1]).any()
    with pytest.raises(InputError, match="no shift 'gravity'; it has colour, layout, size, speed"):
        simulator("two-room").shifted("gravity")


def test_an_unknown_world_is_answered_with_those_there_are() -> None:
    with pytest.raises(InputError, match="'three-room'; there are point-maze, push, two-room, two-room-fixed"):
        simulator("three-room")
