"""The parts that every world with one freely moving agent shares: its drawing, goals, distances and shifts."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from steelyard.errors import InputError
from steelyard_world.sim import drawing
from steelyard_world.sim.exploration import limited, toward
from steelyard_world.sim.simulator import SIDE, Floats, Frames

__all__ = ["GOAL_RADIUS", "ORANGE", "WALL_BLUE", "AgentWorld", "Shift"]

GOAL_RADIUS = 4.5  # pixels: nearer than this, a goal is reached
ORANGE: drawing.Colour = (255, 110, 0)
WALL_BLUE: drawing.Colour = (0, 190, 255)


class Shift(NamedTuple):
    """A change of a world: what it does, in words, and the attributes that it sets."""

    description: str
    changes: Mapping[str, Any]


class AgentWorld:
    """An agent drawn as a soft blob, whose x and y are the first two numbers of a state.

    An action moves the agent by at most 4 px. A goal is reached where the agent is within 4.5 px of its place in the
    goal state.
    """

    name: str
    state_names: tuple[str, ...]
    action_size = 2
    action_limit = 4.0
    episode_steps = 60
    _shifts: Mapping[str, Shift]
    _speed = 1.0
    _sigma = 2.0
    _agent: drawing.Colour = (255, 0, 0)
    _wall: drawing.Colour = (0, 255, 127)

    def draw(self, states: Floats) -> Frames:
        """Draw states (…, S) as frames (…, 64, 64, 3): the layout, and the agent over it."""
        flat = np.asarray(states, dtype=np.float32).reshape(-1, states.shape[-1])
        frames = drawing.blank(len(flat))
        self._draw_layout(frames, flat)
        drawing.blob(frames, flat[:, 0], flat[:, 1], self._sigma, self._agent)
        return frames.reshape(*states.shape[:-1], SIDE, SIDE, 3)

    def reached(self, states: Floats, goals: Floats) -> NDArray[np.bool_]:
        """Say where the agent is within 4.5 px of its goal."""
        return self.gap(states, goals) < GOAL_RADIUS

    def gap(self, states: Floats, goals: Floats) -> Floats:
        """Give the straight distance between the agent and its goal, in pixels, through walls if need be."""
        return np.asarray(np.linalg.norm(states[..., :2] - goals[..., :2], axis=-1), dtype=np.float32)

    def straight(self, states: Floats, goals: Floats) -> Floats:
        """Give the action straight towards the agent's place in the goal state, whatever is in the way."""
        return toward(states[..., :2], goals[..., :2], self.action_limit)

    @property
    def shifts(self) -> Mapping[str, str]:
        """The changes that :meth:`shifted` knows, each with a description."""
        return MappingProxyType({name: shift.description for name, shift in self._shifts.items()})

    def shifted(self, shift: str) -> Self:
        """Give the unshifted world with one thing changed; raises InputError naming the changes that there are."""
        if shift not in self._shifts:
            raise InputError(f"{self.name} has no shift {shift!r}; it has {', '.join(sorted(self._shifts))}")
        changed = self._unshifted()
        vars(changed).update(self._shifts[shift].changes)
        return changed

    def _draw_layout(self, frames: Frames, states: Floats) -> None:
        """Draw everything but the agent, from states (N, S) into black frames (N, 64, 64, 3)."""
        raise NotImplementedError

    def _unshifted(self) -> Self:
        return type(self)()

    def _move(self, actions: Floats) -> Floats:
        """Give the way (…, 2) in pixels that the agent takes where nothing is in the way."""
        return limited(actions, self.action_limit) * self._speed
