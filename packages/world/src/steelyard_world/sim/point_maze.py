"""A maze of three by three cells whose walls differ by seed: the straight line is seldom a way to the goal."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from steelyard_world.sim import drawing
from steelyard_world.sim.agent_world import ORANGE, WALL_BLUE, AgentWorld, Shift
from steelyard_world.sim.exploration import random_walk
from steelyard_world.sim.rng import uniform
from steelyard_world.sim.simulator import Floats, Frames

__all__ = ["CELLS", "PointMaze"]

CELLS = 3  # a side
_SKIN = 2.5  # the agent's distance from the middle of a wall that it touches
_WALL = 1  # half the thickness of a wall, in pixels to either side of its middle row
_OPENED = 0.25  # share of the spanning tree's walls that are opened, so that mazes have loops
_EDGES = CELLS * (CELLS - 1)  # walls of one direction
_FIRST = tuple(row * CELLS + column for row in range(CELLS) for column in range(CELLS - 1))
_AT = np.array([divmod(cell, CELLS) for cell in range(CELLS * CELLS)])
_CROW = np.abs(_AT[:, None] - _AT[None]).sum(axis=-1)  # steps between cells if there were no walls
_PAIRS = tuple((cell, cell + 1) for cell in _FIRST) + tuple((cell, cell + CELLS) for cell in range(_EDGES))


class PointMaze(AgentWorld):
    """A point agent among walls between cells.

    State: the agent's x and y in pixels, then 12 walls, 0 or 1: six between neighbours in a row, six between those in a
    column. An action moves the agent by at most 4 px.
    """

    name = "point-maze"
    state_names: tuple[str, ...] = (
        "agent x",
        "agent y",
        *(f"wall {first}|{second}" for first, second in _PAIRS),
    )
    episode_steps = 80

    _lines = np.array([3.0, 22.0, 41.0, 60.0])  # the middles of the walls, the border's first and last
    _drift = 0.0
    _shifts = MappingProxyType(
        {
            "colour": Shift("an orange agent and bluer walls", {"_agent": ORANGE, "_wall": WALL_BLUE}),
            "size": Shift("a blob half as wide again", {"_sigma": 3.0}),
            "speed": Shift("every action carries half as far again", {"_speed": 1.5}),
            "gravity": Shift("the floor tilts: the agent also slides down by 1 px a step", {"_drift": 1.0}),
            "layout": Shift(
                "a narrow middle: the lines of the grid are elsewhere", {"_lines": np.array([3.0, 25.0, 38.0, 60.0])}
            ),
        }
    )

    def start(self, seeds: Sequence[int]) -> tuple[Floats, Floats]:
        """Give start and goal in cells whose shortest way is a detour of three to five steps."""
        walls = _mazes(seeds)
        draws = uniform(seeds, 5, stream=1)
        cells = np.array([_ends(each, pick) for each, pick in zip(walls, draws[:, 4], strict=True)])
        begin = self._inside(cells[:, 0], draws[:, 0:2])
        goal = self._inside(cells[:, 1], draws[:, 2:4])
        return (
            np.column_stack([begin, walls]).astype(np.float32),
            np.column_stack([goal, walls]).astype(np.float32),
        )

    def explore(self, seeds: Sequence[int], steps: int) -> tuple[Floats, Floats]:
        """Take a random walk from anywhere."""
        draws = uniform(seeds, 3, stream=2)
        cells = np.floor(draws[:, 2] * CELLS * CELLS).astype(np.intp)
        states = np.column_stack([self._inside(cells, draws[:, :2]), _mazes(seeds)]).astype(np.float32)
        return random_walk(self, states, seeds, steps)

    def step(self, states: Floats, actions: Floats) -> Floats:
        """Move the agent along x, then along y; it stops at walls."""
        move = self._move(actions) + np.array([0.0, self._drift], dtype=np.float32)
        shape = np.broadcast_shapes(states.shape[:-1], move.shape[:-1])
        result = np.array(np.broadcast_to(states, (*shape, states.shape[-1])), dtype=np.float32)
        for axis in (0, 1):
            result[..., axis] = self._moved(result, move[..., axis], axis)
        return result

    def _draw_layout(self, frames: Frames, states: Floats) -> None:
        """Draw walls 3 px thick and a border."""
        lines = np.rint(self._lines).astype(int)
        for wall, (first, second) in enumerate(_PAIRS):
            row, column = divmod(first, CELLS)
            if second == first + 1:
                rows, columns = slice(lines[row], lines[row + 1] + 1), _thick(lines[column + 1])
            else:
                rows, columns = _thick(lines[row + 1]), slice(lines[column], lines[column + 1] + 1)
            is_there = states[:, 2 + wall] > 0.5
            frames[is_there, rows, columns] = self._wall
        drawing.border(frames, self._wall)

    def _inside(self, cells: NDArray[np.intp], draws: NDArray[np.float64]) -> NDArray[np.float64]:
        """A place in each cell, clear of its walls: (B, 2)."""
        index = np.column_stack([cells % CELLS, cells // CELLS])
        low, high = self._lines[index] + _SKIN + 1, self._lines[index + 1] - _SKIN - 1
        return np.asarray(low + (high - low) * draws)

    def _moved(self, states: Floats, move: Floats, axis: int) -> Floats:
        """The coordinate after a move along one axis, which is stopped by the walls of the cell that it starts in."""
        place = states[..., :2]
        cell = np.clip(np.searchsorted(self._lines, place) - 1, 0, CELLS - 1)
        here = cell[..., axis]
        column, row = cell[..., 0], cell[..., 1]
        ahead = row * (CELLS - 1) + column if axis == 0 else _EDGES + row * CELLS + column
        back = ahead - (1 if axis == 0 else CELLS)
        walls = states[..., 2:]
        last = walls.shape[-1] - 1
        shut_ahead = np.take_along_axis(walls, np.clip(ahead, 0, last)[..., None], axis=-1)[..., 0] > 0.5
        shut_back = np.take_along_axis(walls, np.clip(back, 0, last)[..., None], axis=-1)[..., 0] > 0.5
        shut_ahead |= here == CELLS - 1
        shut_back |= here == 0
        high = np.where(shut_ahead, self._lines[here + 1] - _SKIN, np.inf)
        low = np.where(shut_back, self._lines[here] + _SKIN, -np.inf)
        inside = np.clip(place[..., axis] + move, self._lines[0] + _SKIN, self._lines[-1] - _SKIN)
        return np.asarray(np.clip(inside, low, high), dtype=np.float32)


def _thick(middle: int) -> slice:
    return slice(middle - _WALL, middle + _WALL + 1)


def _mazes(seeds: Sequence[int]) -> NDArray[np.float64]:
    """Walls (B, 12) of each seed: a random spanning tree of the cells (Kruskal), and a quarter of the rest opened."""
    draws = uniform(seeds, 2 * len(_PAIRS), stream=0)
    order = np.argsort(draws[:, : len(_PAIRS)], axis=1)
    walls = (draws[:, len(_PAIRS) :] >= _OPENED).astype(np.float64)
    for maze, edges in zip(walls, order.tolist(), strict=True):
        group = list(range(CELLS * CELLS))
        for edge in edges:
            first, second = (group[cell] for cell in _PAIRS[edge])
            if first != second:
                maze[edge] = 0
                group = [first if each == second else each for each in group]
    return walls


def _ends(walls: NDArray[np.float64], pick: float) -> tuple[int, int]:
    """Choose two cells whose shortest way is a detour of three to five steps, or any two steps apart if none are."""
    steps = _ways(walls)
    detours = (steps >= 3) & (steps <= 5) & (steps > _CROW)
    pairs = np.argwhere(detours if detours.any() else steps == 2)
    first, second = pairs[int(pick * len(pairs))]
    return int(first), int(second)


def _ways(walls: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lengths of the shortest ways between cells (9, 9), by Floyd and Warshall."""
    count = CELLS * CELLS
    steps = np.where(np.eye(count, dtype=bool), 0.0, np.inf)
    for wall, (first, second) in zip(walls, _PAIRS, strict=True):
        if not wall:
            steps[first, second] = steps[second, first] = 1.0
    for middle in range(count):
        steps = np.minimum(steps, steps[:, middle : middle + 1] + steps[middle])
    return steps
