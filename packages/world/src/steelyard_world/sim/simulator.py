"""The protocol of a world that is acted in: pure functions over batches of states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["SIDE", "Floats", "Frames", "Simulator"]

SIDE = 64  # pixels: every world is drawn on a square of this side

Floats = NDArray[np.float32]
Frames = NDArray[np.uint8]


class Simulator(Protocol):
    """A world with exact state.

    A state is one row of float32 numbers, layout included: so it can be drawn, probed, stored and played again by
    itself. All methods are batched over leading axes, and pure.
    """

    name: str
    state_names: tuple[str, ...]
    action_size: int
    action_limit: float
    """The largest Euclidean norm of an action; larger ones are scaled down to it by :meth:`step`."""
    episode_steps: int

    def start(self, seeds: Sequence[int]) -> tuple[Floats, Floats]:
        """Give states (B, S) and goal states (B, S) of the episodes with these seeds: for tests."""
        ...

    def explore(self, seeds: Sequence[int], steps: int) -> tuple[Floats, Floats]:
        """Give states (B, steps, S) and actions (B, steps − 1, A) of a seeded random walk: for training. No goals."""
        ...

    def step(self, states: Floats, actions: Floats) -> Floats:
        """Give the states (…, S) after one action (…, A) each."""
        ...

    def draw(self, states: Floats) -> Frames:
        """Draw states (…, S) as frames (…, 64, 64, 3)."""
        ...

    def reached(self, states: Floats, goals: Floats) -> NDArray[np.bool_]:
        """Say where a goal is reached."""
        ...

    def gap(self, states: Floats, goals: Floats) -> Floats:
        """Give the true distance in pixels, which a planner with the true dynamics minimises: the ceiling's cost."""
        ...

    def straight(self, states: Floats, goals: Floats) -> Floats:
        """Give the action (…, A) straight towards the goal: one of the floors."""
        ...

    @property
    def shifts(self) -> Mapping[str, str]:
        """The changes that :meth:`shifted` knows, each with a description."""
        ...

    def shifted(self, shift: str) -> Simulator:
        """Give this world with one thing changed that training did not have; raises InputError naming the shifts."""
        ...
