"""Two rooms and a door: to reach the other room an agent must leave the straight line. The smallest planning test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steelyard_world.sim import drawing
from steelyard_world.sim.agent_world import ORANGE, WALL_BLUE, AgentWorld, Shift
from steelyard_world.sim.exploration import random_walk
from steelyard_world.sim.rng import uniform
from steelyard_world.sim.simulator import SIDE, Floats, Frames

__all__ = ["DOOR", "TwoRoom"]

DOOR = 5.0  # pixels from the middle of the door to its jambs
_WALL = 1.6  # half the thickness of the wall as it is drawn
_SKIN = 2.5  # pixels from the middle of the wall to an agent that touches it
_LOW, _HIGH = 5.0, 59.0  # where the agent may be
# Shares of training episodes that start near the door and along the wall; else the agent would hardly ever pass the
# door and seldom meet the wall.
_NEAR_DOOR, _NEAR_WALL = 0.35, 0.35
_PIXELS = np.arange(SIDE, dtype=np.float32)


_NEW_FIXED: Mapping[str, Any] = {"_walls": ((22.0, 28.0), (36.0, 42.0)), "_doors": (28.0, 50.0)}
_NEW_RANDOM: Mapping[str, Any] = {"_walls": ((16.0, 19.0), (45.0, 48.0))}


class TwoRoom(AgentWorld):
    """A point agent in a square room with a vertical wall that has a door.

    State: the agent's x and y, the wall's x, the door's y, all in pixels. An action moves the agent by at most 4 px.
    """

    state_names: tuple[str, ...] = ("agent x", "agent y", "wall x", "door y")

    def __init__(self, *, fixed: bool = False) -> None:
        self.name = "two-room-fixed" if fixed else "two-room"
        self._fixed = fixed
        self._walls: tuple[tuple[float, float], ...] = ((32.0, 32.0),) if fixed else ((20.0, 44.0),)
        self._doors = (20.0, 20.0) if fixed else (12.0, 52.0)
        self._shifts = MappingProxyType(
            {
                "colour": Shift("an orange agent and a bluer wall", {"_agent": ORANGE, "_wall": WALL_BLUE}),
                "size": Shift("a blob half as wide again", {"_sigma": 3.0}),
                "speed": Shift("every action carries half as far again", {"_speed": 1.5}),
                "layout": Shift("walls and doors where training had none", _NEW_FIXED if fixed else _NEW_RANDOM),
            }
        )

    def start(self, seeds: Sequence[int]) -> tuple[Floats, Floats]:
        """Give start and goal in different rooms, each (B, 4)."""
        layout = self._layout(seeds)
        draws = uniform(seeds, 5, stream=1)
        wall = layout[:, 0]
        left = 6 + (wall - 10 - 6) * draws[:, 0]
        right = wall + 4 + (58 - wall - 4) * draws[:, 1]
        heights = 6 + 52 * draws[:, 2:4]
        from_left = draws[:, 4] < 0.5
        begin = np.column_stack([np.where(from_left, left, right), heights[:, 0], layout])
        goal = np.column_stack([np.where(from_left, right, left), heights[:, 1], layout])
        return begin.astype(np.float32), goal.astype(np.float32)

    def explore(self, seeds: Sequence[int], steps: int) -> tuple[Floats, Floats]:
        """Take a random walk: from anywhere in 30 % of the episodes, near the door in 35 %, along the wall in 35 %."""
        layout = self._layout(seeds)
        draws = uniform(seeds, 3, stream=2)
        place = _LOW + (_HIGH - _LOW) * draws[:, :2]
        near = layout + (draws[:, :2] * 2 - 1) * (10, 9)
        at_door, at_wall = draws[:, 2] < _NEAR_DOOR, draws[:, 2] < _NEAR_DOOR + _NEAR_WALL
        place[:, 0] = np.where(at_wall, near[:, 0], place[:, 0])
        place[:, 1] = np.where(at_door, near[:, 1], place[:, 1])
        place = np.clip(place, _LOW, _HIGH)
        from_wall = place[:, 0] - layout[:, 0]
        inside = (np.abs(from_wall) < _SKIN) & (np.abs(place[:, 1] - layout[:, 1]) > DOOR)
        place[:, 0] = np.where(inside, layout[:, 0] + np.where(from_wall < 0, -_SKIN, _SKIN), place[:, 0])
        return random_walk(self, np.column_stack([place, layout]).astype(np.float32), seeds, steps)

    def step(self, states: Floats, actions: Floats) -> Floats:
        """Move the agent; a move that crosses the wall beside the door ends in front of the wall."""
        before, wall, door = states[..., :2], states[..., 2], states[..., 3]
        after = np.clip(before + self._move(actions), _LOW, _HIGH)
        side = before[..., 0] - wall
        run = after[..., 0] - before[..., 0]
        run = np.where(np.abs(run) < 1e-6, 1e-6, run)
        crossing = before[..., 1] - side / run * (after[..., 1] - before[..., 1])
        blocked = (side * (after[..., 0] - wall) <= 0) & (np.abs(crossing - door) > DOOR)
        result = np.array(np.broadcast_to(states, (*after.shape[:-1], 4)), dtype=np.float32)
        result[..., 0] = np.where(blocked, wall + np.sign(side) * _SKIN, after[..., 0])
        result[..., 1] = after[..., 1]
        return result

    def _draw_layout(self, frames: Frames, states: Floats) -> None:
        """Draw the wall and the border, with hard edges."""
        columns = np.abs(_PIXELS - states[:, 2:3]) < _WALL
        rows = np.abs(_PIXELS - states[:, 3:4]) > DOOR
        drawing.plane(frames, columns, rows, self._wall)
        drawing.border(frames, self._wall)

    def _unshifted(self) -> TwoRoom:
        return TwoRoom(fixed=self._fixed)

    def _layout(self, seeds: Sequence[int]) -> NDArray[np.float64]:
        """Give the wall's x and the door's y of each seed: (B, 2)."""
        draws = uniform(seeds, 3, stream=0)
        spans = np.asarray(self._walls)
        span = spans[(draws[:, 2] * len(spans)).astype(np.intp)]
        wall = span[:, 0] + (span[:, 1] - span[:, 0]) * draws[:, 0]
        door = self._doors[0] + (self._doors[1] - self._doors[0]) * draws[:, 1]
        return np.column_stack([wall, door])
