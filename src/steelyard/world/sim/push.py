"""A block that must be pushed to a place: the agent stands on the wrong side of it and has to walk around first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steelyard.world.sim import drawing
from steelyard.world.sim.exploration import limited, no_such_shift, random_walk, toward
from steelyard.world.sim.rng import uniform
from steelyard.world.sim.simulator import SIDE, Floats, Frames

__all__ = ["Push"]

_AGENT = 3.0  # half the side of the square that pushes
_LOW, _HIGH = 6.0, 58.0  # where the agent may be
_NEAR = 4.5  # pixels: a block that is closer to its place is there
_AGENT_WEIGHT = 0.25  # of the agent's own distance in the gap: it tells a planner to come near before it can push
_NEAR_BLOCK = 0.7  # of training episodes start at the block, or little would ever be pushed


class Push:
    """A square agent and a square block that slides along x or y while it is pushed, and never turns.

    State: the agent's x and y, the block's x and y, in pixels. The goal is a state in which the block is at its place
    and the agent behind it; only the block's place counts.
    """

    state_names: tuple[str, ...] = ("agent x", "agent y", "block x", "block y")
    action_size = 2
    action_limit = 4.0
    episode_steps = 60

    def __init__(self) -> None:
        self.name = "push"
        self._half = 5.0  # of the block's side
        self._speed = 1.0
        self._sigma = 2.0
        self._blocks = (22.0, 42.0)
        self._agent: drawing.Colour = (255, 0, 0)
        self._block: drawing.Colour = (0, 255, 0)
        self._border: drawing.Colour = (0, 255, 127)

    def start(self, seeds: Sequence[int]) -> tuple[Floats, Floats]:
        """Give start and goal: the block is to move 10 to 16 px along one axis, the agent stands in its way."""
        chance = uniform(seeds, 7, stream=1)
        block = self._blocks[0] + (self._blocks[1] - self._blocks[0]) * chance[:, :2]
        quarter = np.floor(chance[:, 2] * 4) * (np.pi / 2)
        ahead = np.rint(np.column_stack([np.cos(quarter), np.sin(quarter)]))
        aside = ahead[:, ::-1]
        place = block + ahead * (10 + 6 * chance[:, 3:4]) + aside * (2 * chance[:, 4:5] - 1)
        reach = _AGENT + self._half
        agent = block + ahead * (reach + 2 + 6 * chance[:, 5:6]) + aside * (16 * chance[:, 6:7] - 8)
        behind = place - ahead * reach
        begin = np.column_stack([np.clip(agent, _LOW, _HIGH), block])
        goal = np.column_stack([np.clip(behind, _LOW, _HIGH), place])
        return begin.astype(np.float32), goal.astype(np.float32)

    def explore(self, seeds: Sequence[int], steps: int) -> tuple[Floats, Floats]:
        """Wander, in 70 % of the episodes from within 3 px of the block."""
        chance = uniform(seeds, 6, stream=2)
        low, high = self._walls()
        block = low + (high - low) * chance[:, :2]
        anywhere = _LOW + (_HIGH - _LOW) * chance[:, 2:4]
        beside = block + (chance[:, 2:4] * 2 - 1) * (self._half + _AGENT + 3)
        agent = np.clip(np.where(chance[:, 4:5] < _NEAR_BLOCK, beside, anywhere), _LOW, _HIGH)
        return random_walk(self, np.column_stack(self._apart(agent, block)).astype(np.float32), seeds, steps)

    def step(self, states: Floats, actions: Floats) -> Floats:
        """Move the agent; a block in its way slides along the axis on which it is met, up to the wall."""
        agent = np.clip(states[..., :2] + limited(actions, self.action_limit) * self._speed, _LOW, _HIGH)
        agent, block = self._apart(agent, np.broadcast_to(states[..., 2:], agent.shape))
        return np.concatenate([agent, block], axis=-1).astype(np.float32)

    def draw(self, states: Floats) -> Frames:
        """Draw states (…, 4): a soft agent, a square block, a border."""
        flat = np.asarray(states, dtype=np.float32).reshape(-1, 4)
        frames = drawing.blank(len(flat))
        drawing.border(frames, self._border)
        drawing.box(frames, flat[:, 2], flat[:, 3], self._half, self._block)
        drawing.blob(frames, flat[:, 0], flat[:, 1], self._sigma, self._agent)
        return frames.reshape(*states.shape[:-1], SIDE, SIDE, 3)

    def reached(self, states: Floats, goals: Floats) -> NDArray[np.bool_]:
        """Say where the block is within 4.5 px of its place."""
        return np.asarray(np.linalg.norm(states[..., 2:] - goals[..., 2:], axis=-1) < _NEAR)

    def gap(self, states: Floats, goals: Floats) -> Floats:
        """Give the block's distance from its place, and a quarter of the agent's from its own."""
        away = np.asarray(states - goals)
        block = np.linalg.norm(away[..., 2:], axis=-1)
        return np.asarray(block + _AGENT_WEIGHT * np.linalg.norm(away[..., :2], axis=-1), dtype=np.float32)

    def straight(self, states: Floats, goals: Floats) -> Floats:
        """Go straight at where the agent stands in the goal, whatever is in the way."""
        return toward(states[..., :2], goals[..., :2], self.action_limit)

    @property
    def shifts(self) -> Mapping[str, str]:
        """The changes that :meth:`shifted` knows, and what each does."""
        return MappingProxyType(
            {
                "colour": "an orange agent and a bluer block",
                "size": "a block with sides of 13 px instead of 10",
                "speed": "every action carries half as far again",
                "layout": "tests start with the block nearer to the walls",
            }
        )

    def shifted(self, shift: str) -> Push:
        """Give this world with one thing changed; raises InputError naming the changes that there are."""
        changed = Push()
        if shift == "colour":
            changed._agent, changed._block = (255, 110, 0), (0, 190, 255)
        elif shift == "size":
            changed._half = 6.5
        elif shift == "speed":
            changed._speed = 1.5
        elif shift == "layout":
            changed._blocks = (19.0, 45.0)
        else:
            raise no_such_shift(self.name, shift, tuple(self.shifts))
        return changed

    def _walls(self) -> tuple[float, float]:
        """Where the middle of the block may be."""
        return drawing.BORDER + self._half, SIDE - 1 - drawing.BORDER - self._half

    def _apart(self, agent: NDArray[Any], block: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Part agent and block (…, 2) along the axis on which they overlap less; the block yields first."""
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
