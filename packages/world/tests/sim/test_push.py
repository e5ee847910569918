"""Blocks move when they are pushed and otherwise not, and never leave the room."""

from __future__ import annotations

import numpy as np

from steelyard_world.sim.catalog import HELD_OUT
from steelyard_world.sim.push import Push


def push(agent: tuple[float, float], block: tuple[float, float], move: tuple[float, float]) -> list[float]:
    states = np.array([[*agent, *block]], dtype=np.float32)
    found: list[float] = Push().step(states, np.array([move], dtype=np.float32))[0].tolist()
    return found


def test_a_block_slides_ahead_of_the_agent() -> None:
    assert push((22, 30), (30, 31), (3, 0)) == [25, 30, 33, 31]
    assert push((30, 40), (31, 32), (0, -4)) == [30, 36, 31, 28]


def test_a_block_does_not_move_by_itself_or_when_it_is_left() -> None:
    assert push((22, 30), (30, 31), (-3, 0)) == [19, 30, 30, 31]
    assert push((10, 10), (40, 40), (4, 0)) == [14, 10, 40, 40]


def test_a_block_at_the_wall_stops_the_agent() -> None:
    assert push((47, 30), (55, 30), (4, 0)) == [47, 30, 55, 30]


def test_agent_and_block_never_overlap_and_the_block_stays_in_the_room() -> None:
    states, _ = Push().explore(range(300), 20)
    apart = np.abs(states[..., :2] - states[..., 2:]).max(axis=-1)
    assert apart.min() >= 8 - 1e-4
    assert states[..., 2:].min() >= 8
    assert states[..., 2:].max() <= 55


def test_training_sees_many_pushes() -> None:
    states, _ = Push().explore(range(300), 9)
    moved = np.abs(states[:, 1:, 2:] - states[:, :-1, 2:]).max(axis=-1) > 0
    assert moved.any(axis=1).mean() > 0.25


def test_the_agent_starts_on_the_wrong_side() -> None:
    starts, goals = Push().start(range(HELD_OUT, HELD_OUT + 100))
    ahead = goals[:, 2:] - starts[:, 2:]
    assert (np.einsum("ek,ek->e", starts[:, :2] - starts[:, 2:], ahead) > 0).all()
