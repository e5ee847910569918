"""The protocols through which world models are tested. Arrays are NumPy, so any framework can implement them."""

from __future__ import annotations

from typing import Any, Protocol

from steelyard_world.sim.simulator import Floats, Frames

__all__ = ["EncodingWorld", "WorldUnderTest"]


class WorldUnderTest(Protocol):
    """A world model as a test sees it. Frames are uint8 (…, 64, 64, 3).

    Actions are in the world's own units (pixels). A test asks only for what it needs: a model of plain video raises
    :class:`steelyard.errors.MissingDependency` for ``rollout``.
    """

    name: str

    def surprise(self, clips: Frames) -> Floats:
        """(B, T, H, W, 3) → (B, T − 1): larger where a frame fits the earlier ones worse."""
        ...

    def rollout(self, observations: Frames, actions: Floats) -> Any:
        """Imagine from observations (B, H, W, 3) under actions (B, N, K, A): opaque states (B, N, K, …)."""
        ...

    def distance(self, states: Any, goals: Frames) -> Floats:
        """How far imagined states are from goal frames (B, H, W, 3): (B, N, K)."""
        ...

    def features(self, clips: Frames) -> Floats:
        """Features for probes after each frame: (B, T, F)."""
        ...


class EncodingWorld(WorldUnderTest, Protocol):
    """A world model that also encodes single frames, into states such as it imagines."""

    def encode(self, frames: Frames) -> Floats:
        """Frames (B, H, W, 3) → states (B, D)."""
        ...
