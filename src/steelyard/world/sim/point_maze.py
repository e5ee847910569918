"""A maze of three by three cells with walls that differ by seed: the way is seldom the straight line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from steelyard.world.sim import drawing
from steelyard.world.sim.exploration import limited, no_such_shift, random_walk, toward
from steelyard.world.sim.rng import uniform
from steelyard.world.sim.simulator import SIDE, Floats, Frames

__all__ = ["CELLS", "PointMaze"]

CELLS = 3  # a side
_SKIN = 2.5  # the agent's distance from the middle of a wall that it touches
_WALL = 1  # half the thickness of a wall, in pixels to either side of its middle row
_NEAR = 4.5
_OPENED = 0.25  # of the walls that a spanning tree would leave are opened: mazes with loops
_EDGES = CELLS * (CELLS - 1)  # walls of one direction
_FIRST = tuple(row * CELLS + column for row in range(CELLS) for column in range(CELLS - 1))
_AT = np.array([divmod(cell, CELLS) for cell in range(CELLS * CELLS)])
_CROW = np.abs(_AT[:, None] - _AT[None]).sum(axis=-1)  # steps between cells if there were no walls
_PAIRS = tuple((cell, cell + 1) for cell in _FIRST) + tuple((cell, cell + CELLS) for cell in range(_EDGES))


class PointMaze:
    """A point agent among walls that stand between cells.

    State: the agent's x and y in pixels, then 12 walls, 0 or 1: six between neighbours in a row, six between those in a
    column. An action moves the agent by at most 4 px.
    """

    state_names: tuple[str, ...] = (
        "agent x",
        "agent y",
        *(f"wall {first}|{second}" for first, second in _PAIRS),
    )
    action_size = 2
    action_limit = 4.0
    episode_steps = 80

    def __init__(self) -> None:
        self.name = "point-maze"
        self._lines = np.array([3.0, 22.0, 41.0, 60.0])  # the middles of the walls, the border's first and last
        self._speed = 1.0
        self._drift = 0.0
        self._sigma = 2.0
        self._agent: drawing.Colour = (255, 0, 0)
        self._wall: drawing.Colour = (0, 255, 127)

    def start(self, seeds: Sequence[int]) -> tuple[Floats, Floats]:
        """Give start and goal in cells whose shortest way is a detour of three to five steps."""
        walls = _mazes(seeds)
        chance = uniform(seeds, 5, stream=1)
        cells = np.array([_ends(each, pick) for each, pick in zip(walls, chance[:, 4], strict=True)])
        begin = self._inside(cells[:, 0], chance[:, 0:2])
        goal = self._inside(cells[:, 1], chance[:, 2:4])
        return (
            np.column_stack([begin, walls]).astype(np.float32),
            np.column_stack([goal, walls]).astype(np.float32),
        )

    def explore(self, seeds: Sequence[int], steps: int) -> tuple[Floats, Floats]:
        """Wander from anywhere."""
        chance = uniform(seeds, 3, stream=2)
        cells = np.floor(chance[:, 2] * CELLS * CELLS).astype(np.intp)
        states = np.column_stack([self._inside(cells, chance[:, :2]), _mazes(seeds)]).astype(np.float32)
        return random_walk(self, states, seeds, steps)

    def step(self, states: Floats, actions: Floats) -> Floats:
        """Move the agent along x, then along y; it stops at walls."""
        move = limited(actions, self.action_limit) * self._speed
        move = move + np.array([0.0, self._drift], dtype=np.float32)
        shape = np.broadcast_shapes(states.shape[:-1], move.shape[:-1])
        result = np.array(np.broadcast_to(states, (*shape, states.shape[-1])), dtype=np.float32)
        for axis in (0, 1):
            result[..., axis] = self._moved(result, move[..., axis], axis)
        return result

    def draw(self, states: Floats) -> Frames:
        """Draw states (…, 14): a soft agent, walls 3 px thick, a border."""
        flat = np.asarray(states, dtype=np.float32).reshape(-1, states.shape[-1])
        frames = drawing.blank(len(flat))
        lines = np.rint(self._lines).astype(int)
        for wall, (first, second) in enumerate(_PAIRS):
            row, column = divmod(first, CELLS)
            if second == first + 1:
                rows, columns = slice(lines[row], lines[row + 1] + 1), _thick(lines[column + 1])
            else:
                rows, columns = _thick(lines[row + 1]), slice(lines[column], lines[column + 1] + 1)
            stands = flat[:, 2 + wall] > 0.5
            frames[stands, rows, columns] = self._wall
        drawing.border(frames, self._wall)
        drawing.blob(frames, flat[:, 0], flat[:, 1], self._sigma, self._agent)
        return frames.reshape(*states.shape[:-1], SIDE, SIDE, 3)

    def reached(self, states: Floats, goals: Floats) -> NDArray[np.bool_]:
        """Say where the agent is within 4.5 px of its goal."""
        return self.gap(states, goals) < _NEAR

    def gap(self, states: Floats, goals: Floats) -> Floats:
        """Give the distance between the agent and its goal, through walls if need be."""
        return np.asarray(np.linalg.norm(states[..., :2] - goals[..., :2], axis=-1), dtype=np.float32)

    def straight(self, states: Floats, goals: Floats) -> Floats:
        """Go straight at the goal."""
        return toward(states[..., :2], goals[..., :2], self.action_limit)

    @property
    def shifts(self) -> Mapping[str, str]:
        """The changes that :meth:`shifted` knows, and what each does."""
        return MappingProxyType(
            {
                "colour": "an orange agent and bluer walls",
                "size": "a blob half as wide again",
                "speed": "every action carries half as far again",
                "gravity": "the floor tilts: the agent also slides down by 1 px a step",
                "layout": "a narrow middle: the lines of the grid stand elsewhere",
            }
        )

    def shifted(self, shift: str) -> PointMaze:
        """Give this world with one thing changed; raises InputError naming the changes that there are."""
        changed = PointMaze()
        if shift == "colour":
            changed._agent, changed._wall = (255, 110, 0), (0, 190, 255)
        elif shift == "size":
            changed._sigma = 3.0
        elif shift == "speed":
            changed._speed = 1.5
        elif shift == "gravity":
            changed._drift = 1.0
        elif shift == "layout":
            changed._lines = np.array([3.0, 25.0, 38.0, 60.0])
        else:
            raise no_such_shift(self.name, shift, tuple(self.shifts))
        return changed

    def _inside(self, cells: NDArray[np.intp], chance: NDArray[np.float64]) -> NDArray[np.float64]:
        """A place in each cell, clear of its walls: (B, 2)."""
        index = np.column_stack([cells % CELLS, cells // CELLS])
        low, high = self._lines[index] + _SKIN + 1, self._lines[index + 1] - _SKIN - 1
        return np.asarray(low + (high - low) * chance)

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
    chance = uniform(seeds, 2 * len(_PAIRS), stream=0)
    order = np.argsort(chance[:, : len(_PAIRS)], axis=1)
    walls = (chance[:, len(_PAIRS) :] >= _OPENED).astype(np.float64)
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
