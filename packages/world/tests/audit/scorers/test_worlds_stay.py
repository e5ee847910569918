"""Scores follow from seeds alone: a change of a world, its starts or goals must change the scorers' versions."""

from __future__ import annotations

import numpy as np
import pytest

from steelyard_world.audit.object_position import true_position
from steelyard_world.evaluation.reasoning import scene
from steelyard_world.sim.catalog import HELD_OUT, simulator
from steelyard_world.sim.simulator import Floats

SEEDS = [HELD_OUT + 11, HELD_OUT + 12_345_678]
CHANGED = (
    "this world is not what sealed runs were scored in: raise the versions of the world_… scorers, then this number"
)


def walked(name: str, shift: str = "") -> Floats:
    """Starts, goals and where twenty fixed steps lead: (2, 3, S)."""
    world = simulator(name).shifted(shift) if shift else simulator(name)
    begin, goals = world.start(SEEDS)
    states = begin
    for step in range(20):
        turn = step * 0.7
        action = np.array([[3.9 * np.cos(turn), 2.5 * np.sin(turn)]] * 2, dtype=np.float32)
        states = world.step(states, action)
    return np.stack([begin, goals, states], axis=1)


def fingerprint(states: Floats) -> float:
    """One number that any change of more than 0.01 px moves; machines agree on it to far more digits."""
    weights = 1 + np.arange(states.size) % 7
    return float((states.astype(np.float64).reshape(-1) * weights).sum())


@pytest.mark.parametrize(
    ("name", "shift", "expected"),
    [
        ("two-room", "", 2601.405),
        ("two-room-fixed", "", 2306.263),
        ("push", "", 3051.300),
        ("point-maze", "", 423.896),
        ("two-room-fixed", "speed", 2349.288),
        ("two-room-fixed", "layout", 2535.818),
        ("two-room", "layout", 2205.213),
    ],
)
def test_episodes_are_those_of_the_first_audits(name: str, shift: str, expected: float) -> None:
    assert fingerprint(walked(name, shift)) == pytest.approx(expected, abs=0.01), CHANGED


def test_so_are_hidden_balls_and_counterfactuals() -> None:
    assert [true_position(seed) for seed in SEEDS] == pytest.approx([38.293, 27.477], abs=0.002), CHANGED
    worlds = [simulator(name) for name in ("two-room", "two-room-fixed")]
    assert [scene(world, seed).answer for world in worlds for seed in SEEDS] == [5, 2, 5, 2], CHANGED
