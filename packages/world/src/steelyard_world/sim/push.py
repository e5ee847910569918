"""A block that must be pushed to a place: the agent starts on the wrong side of it and must walk around it first."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steelyard_world.sim import drawing
from steelyard_world.sim.agent_world import GOAL_RADIUS, ORANGE, WALL_BLUE, AgentWorld, Shift
from steelyard_world.sim.exploration import random_walk
from steelyard_world.sim.rng import uniform
from steelyard_world.sim.simulator import SIDE, Floats, Frames

__all__ = ["Push"]

_AGENT = 3.0  # half the side of the square that pushes
_LOW, _HIGH = 6.0, 58.0  # where the agent may be
_AGENT_WEIGHT = 0.25  # of the agent's own distance in the gap: it leads a planner to the block before it can push
_NEAR_BLOCK = 0.7  # share of training episodes that start at the block; else it would hardly ever be pushed


class Push(AgentWorld):
    """A square agent and a square block that slides along x or y while it is pushed, and never turns.

    State: the agent's x and y, the block's x and y, in pixels. The goal is a state in which the block is at its place
    and the agent behind it; only the block's place counts.
    """

    name = "push"
    state_names: tuple[str, ...] = ("agent x", "agent y", "block x", "block y")
    _half = 5.0  # of the block's side
    _blocks = (22.0, 42.0)
    _block: drawing.Colour = (0, 255, 0)
    _shifts = MappingProxyType(
        {
            "colour": Shift("an orange agent and a bluer block", {"_agent": ORANGE, "_block": WALL_BLUE}),
            "size": Shift("a block with sides of 13 px instead of 10", {"_half": 6.5}),
            "speed": Shift("every action carries half as far again", {"_speed": 1.5}),
            "layout": Shift("tests start with the block nearer to the walls", {"_blocks": (19.0, 45.0)}),
        }
    )

    def start(self, seeds: Sequence[int]) -> tuple[Floats, Floats]:
        """Give start and goal: the block must move 10 to 16 px along one axis, and the agent is in its way."""
        draws = uniform(seeds, 7, stream=1)
        block = self._blocks[0] + (self._blocks[1] - self._blocks[0]) * draws[:, :2]
        quarter = np.floor(draws[:, 2] * 4) * (np.pi / 2)
        ahead = np.rint(np.column_stack([np.cos(quarter), np.sin(quarter)]))
        aside = ahead[:, ::-1]
        place = block + ahead * (10 + 6 * draws[:, 3:4]) + aside * (2 * draws[:, 4:5] - 1)
        reach = _AGENT + self._half
        agent = block + ahead * (reach + 2 + 6 * draws[:, 5:6]) + aside * (16 * draws[:, 6:7] - 8)
        behind = place - ahead * reach
        begin = np.column_stack([np.clip(agent, _LOW, _HIGH), block])
        goal = np.column_stack([np.clip(behind, _LOW, _HIGH), place])
        return begin.astype(np.float32), goal.astype(np.float32)

    def explore(self, seeds: Sequence[int], steps: int) -> tuple[Floats, Floats]:
        """Take a random walk, in 70 % of the episodes from within 3 px of the block."""
        draws = uniform(seeds, 6, stream=2)
        low, high = self._walls()
        block = low + (high - low) * draws[:, :2]
        anywhere = _LOW + (_HIGH - _LOW) * draws[:, 2:4]
        beside = block + (draws[:, 2:4] * 2 - 1) * (self._half + _AGENT + 3)
        agent = np.clip(np.where(draws[:, 4:5] < _NEAR_BLOCK, beside, anywhere), _LOW, _HIGH)
        return random_walk(self, np.column_stack(self._apart(agent, block)).astype(np.float32), seeds, steps)

    def step(self, states: Floats, actions: Floats) -> Floats:
        """Move the agent; a block in its way slides along the axis on which it is met, up to the wall."""
        agent = np.clip(states[..., :2] + self._move(actions), _LOW, _HIGH)
        agent, block = self._apart(agent, np.broadcast_to(states[..., 2:], agent.shape))
        return np.concatenate([agent, block], axis=-1).astype(np.float32)

    def _draw_layout(self, frames: Frames, states: Floats) -> None:
        """Draw the border and the square block."""
        drawing.border(frames, self._wall)
        drawing.box(frames, states[:, 2], states[:, 3], self._half, self._block)

    def reached(self, states: Floats, goals: Floats) -> NDArray[np.bool_]:
        """Say where the block is within 4.5 px of its place."""
        return np.asarray(np.linalg.norm(states[..., 2:] - goals[..., 2:], axis=-1) < GOAL_RADIUS)

    def gap(self, states: Floats, goals: Floats) -> Floats:
        """Give the block's distance from its place, and a quarter of the agent's from its own."""
        away = np.asarray(states - goals)
        block = np.linalg.norm(away[..., 2:], axis=-1)
        return np.asarray(block + _AGENT_WEIGHT * np.linalg.norm(away[..., :2], axis=-1), dtype=np.float32)

    def _walls(self) -> tuple[float, float]:
        """Where the middle of the block may be."""
        return drawing.BORDER + self._half, SIDE - 1 - drawing.BORDER - self._half

    def _apart(self, agent: NDArray[Any], block: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Separate agent and block (…, 2) along the axis on which they overlap less; the block moves first."""
        reach = _AGENT + self._half
        between = block - agent
        overlap = reach - np.abs(between)
        meets = (overlap[..., 0] > 0) & (overlap[..., 1] > 0)
        upright = overlap[..., 1] < overlap[..., 0]
        along = np.stack([meets & ~upright, meets & upright], axis=-1)
        outward = np.where(between < 0, -1.0, 1.0)
        moved = np.clip(np.where(along, agent + outward * reach, block), *self._walls())
        held_back = np.where(along, moved - outward * reach, agent)
        return held_back, moved
