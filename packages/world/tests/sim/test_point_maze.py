"""Walls of the maze hold, and its episodes are detours."""

from __future__ import annotations

import numpy as np

from steelyard_world.sim.catalog import HELD_OUT
from steelyard_world.sim.point_maze import PointMaze


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
