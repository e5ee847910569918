"""The base of every kind of world model: a network with a training loss and with the methods that tests use."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol, runtime_checkable

import torch
from torch import Generator, Tensor, nn

from steelyard_world.data.batch import Batch

__all__ = ["HasActionSize", "Learner", "Solved"]


@runtime_checkable
class HasActionSize(Protocol):
    """A config that fixes how many numbers an action has; 0 for plain video."""

    action_size: int


class Learner(nn.Module):
    """The base of all kinds: a JEPA and its rivals train in one loop and are tested through one protocol.

    Frames are uint8 (B, T, H, W, 3) everywhere; a *state* is what the kind predicts, float (…, D). ``forward`` is the
    training loss, so that DDP sees every parameter. No test trains a learner.
    """

    kind: ClassVar[str] = ""
    can_collapse: ClassVar[bool] = False
    """Whether a training is checked for collapse: the loss alone does not rule it out."""
    sees_all_sizes: ClassVar[bool] = False
    """Whether pictures of any size are taken; else only those of the simulated worlds' size."""
    frames_at_once: int = 2048
    """The most frames in one call outside training, which memory for activations limits."""
    config: Any
    """A frozen msgspec.Struct, kept in ``world.json``; ``type(self)(config)`` makes the network again."""

    def forward(self, batch: Batch, step: int, generator: Generator) -> dict[str, Tensor]:
        """Give named losses of one batch; ``total`` is minimised, the others are logged.

        ``generator`` is seeded by (seed, step): all randomness of a loss comes from it.
        """
        raise NotImplementedError

    def after_step(self, step: int, progress: float) -> None:
        """Do what follows an optimiser step, such as moving an EMA copy; ``progress`` runs from 0 to 1."""

    def encode(self, frames: Tensor) -> Tensor:
        """Frames (B, T, H, W, 3) → states (B, T, D), each from its own frame alone."""
        raise NotImplementedError

    def imagine(self, frames: Tensor, actions: Tensor) -> Tensor:
        """From past frames (B, T, H, W, 3), mostly T = 1, and actions (B, N, K, A) → imagined states (B, N, K, D).

        B situations, N alternatives each, K steps ahead.
        """
        raise NotImplementedError

    def distance(self, states: Tensor, goals: Tensor) -> Tensor:
        """How far states (B, N, K, D) are from goal frames (B, H, W, 3) → (B, N, K)."""
        raise NotImplementedError

    def surprise(self, frames: Tensor, actions: Tensor | None = None) -> Tensor:
        """How badly each frame fits the earlier ones: (B, T, H, W, 3) → (B, T − 1)."""
        raise NotImplementedError

    def features(self, frames: Tensor, actions: Tensor | None = None) -> Tensor:
        """Features for probes after each frame, memory included: (B, T, H, W, 3) → (B, T, F)."""
        raise NotImplementedError


class Solved(Learner):
    """A learner without parameters to optimise: it sees all clips, and is then solved for at once."""

    def __init__(self) -> None:
        super().__init__()
        self.nothing = nn.Parameter(torch.zeros(0), requires_grad=False)

    def see(self, batch: Batch) -> None:
        """Keep what is needed of a batch."""
        raise NotImplementedError

    def solve(self) -> dict[str, float]:
        """Solve from all that was seen, and give what is left of it as named losses."""
        raise NotImplementedError
