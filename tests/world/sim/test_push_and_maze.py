"""Blocks yield to pushes and to nothing else, walls of the maze hold, and its ways are detours."""

from __future__ import annotations

import numpy as np

from steelyard.world.sim.catalog import HELD_OUT
from steelyard.world.sim.point_maze import PointMaze
from steelyard.world.sim.push import Push


def push(agent: tuple[float, float], block: tuple[float, float], move: tuple[float, float]) -> list[float]:
    states = np.array([[*agent, *block]], dtype=np.float32)
    found: list[float] = Push().step(states, np.array([move], dtype=np.float32))[0].tolist()
    return found


def test_a_block_slides_ahead_of_who_pushes_it() -> None:
    assert push((22, 30), (30, 31), (3, 0)) == [25, 30, 33, 31]
    assert push((30, 40), (31, 32), (0, -4)) == [30, 36, 31, 28]


def test_a_block_does_not_move_by_itself_or_when_it_is_left() -> None:
    assert push((22, 30), (30, 31), (-3, 0)) == [19, 30, 30, 31]
    assert push((10, 10), (40, 40), (4, 0)) == [14, 10, 40, 40]


def test_a_block_at_the_wall_holds_who_pushes_it() -> None:
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


def test_who_pushes_starts_on_the_wrong_side() -> None:
    starts, goals = Push().start(range(HELD_OUT, HELD_OUT + 100))
    ahead = goals[:, 2:] - starts[:, 2:]
    assert (np.einsum("ek,ek->e", starts[:, :2] - starts[:, 2:], ahead) > 0).all()


def test_every_cell_of_a_maze_can_be_reached_and_starts_lie_on_a_detour() -> None:
    maze = PointMaze()
    starts, goals = maze.start(range(HELD_OUT, HELD_OUT + 200))
    assert starts[:, 2:].sum(axis=1).max() <= 4
    there = starts.copy()
    for _ in range(maze.episode_steps):
        there = maze.step(there, maze.straight(there, goals))
    assert maze.reached(there, goals).mean() < 0.05


def test_walls_of_a_maze_hold_and_openings_let_through() -> None:
    maze = PointMaze()
    walls = np.zeros(12)
    walls[0] = 1  # between the first two cells of the first row, at x = 22
    here = np.array([[18, 12, *walls], [18, 31, *walls]], dtype=np.float32)
    for _ in range(3):
        here = maze.step(here, np.array([[4, 0]], dtype=np.float32))
    assert here[:, 0].tolist() == [19.5, 30]


def test_the_agent_stays_in_the_maze_and_its_walls_stay_as_they_are() -> None:
    states, _ = PointMaze().explore(range(200), 20)
    assert states[..., :2].min() >= 5.5
    assert states[..., :2].max() <= 57.5
    assert np.array_equal(states[:, 0, 2:], states[:, -1, 2:])
