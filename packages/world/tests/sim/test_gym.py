"""The gymnasium environments keep gymnasium's rules and give the same episodes as the worlds."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

gymnasium = pytest.importorskip("gymnasium")

from gymnasium.utils.env_checker import check_env  # noqa: E402

from steelyard_world.sim.catalog import HELD_OUT, simulator  # noqa: E402
from steelyard_world.sim.gym import ENVIRONMENTS, register  # noqa: E402


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_gymnasium_s_own_checker_passes(name: str) -> None:
    environment = gymnasium.make(name, render_mode="rgb_array").unwrapped
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        # A recommendation for learners of policies; our actions are pixels, as everywhere else here.
        warnings.filterwarnings("ignore", message=".*symmetric and normalized space")
        check_env(environment)


def test_a_held_out_episode_is_that_of_the_world_and_ends_at_its_goal_or_limit() -> None:
    environment = gymnasium.make("steelyard/TwoRoom-v0")
    world = simulator("two-room")
    seen, info = environment.reset(options={"episode": HELD_OUT + 3})
    states, goals = world.start([HELD_OUT + 3])
    assert np.array_equal(seen, world.draw(states)[0])
    assert np.array_equal(info["goal"], world.draw(goals)[0])
    steps, over = 0, False
    while not over:
        _, reward, terminated, truncated, info = environment.step(np.array([0.0, 0.1], dtype=np.float32))
        steps, over = steps + 1, terminated or truncated
        assert reward == float(terminated)
    assert steps == world.episode_steps


def test_seeds_give_the_same_episode_again_and_registering_twice_is_nothing() -> None:
    register()
    environment = gymnasium.make("steelyard/Push-v0")
    first, second = (environment.reset(seed=5)[0] for _ in range(2))
    assert np.array_equal(first, second)
