"""A baseline that learns nothing and predicts that the last frame stays."""

from __future__ import annotations

from typing import ClassVar

import msgspec
import torch
from torch import Generator, Tensor, nn

from steelyard_world.data.batch import Batch, to_unit
from steelyard_world.learner import Learner

__all__ = ["CopyLast", "CopyLastConfig"]

_POOL = 4  # a state is a picture averaged over 4 × 4 pixels, since a plan compares some hundred thousand states


class CopyLastConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """There is nothing to configure."""

    action_size: int = 2


class CopyLast(Learner):
    """Every imagined state is the last frame, whatever is done. A state is a picture at 16 × 16, (…, 768).

    Its distance is the root mean square of pixels, surprise the mean square of the whole frames', both in [−1, 1].
    """

    kind: ClassVar[str] = "copy-last"
    Config: ClassVar[type[CopyLastConfig]] = CopyLastConfig

    def __init__(self, config: CopyLastConfig) -> None:
        super().__init__()
        self.config = config
        self.nothing = nn.Parameter(torch.zeros(0))

    def forward(self, batch: Batch, step: int, generator: Generator) -> dict[str, Tensor]:
        """Nothing is learned: ``total`` is 0."""
        return {"total": self.nothing.sum()}

    def encode(self, frames: Tensor) -> Tensor:
        """Frames (B, T, H, W, 3) → small pictures (B, T, 768)."""
        small = nn.functional.avg_pool2d(to_unit(frames).flatten(0, 1), _POOL)
        return small.flatten(1).reshape(*frames.shape[:2], -1)

    def imagine(self, frames: Tensor, actions: Tensor) -> Tensor:
        """The last of the frames (B, T, H, W, 3), for each step of actions (B, N, K, A): (B, N, K, 768)."""
        last = self.encode(frames[:, -1:])
        return last[:, :, None].expand(*actions.shape[:3], last.shape[-1])

    def distance(self, states: Tensor, goals: Tensor) -> Tensor:
        """Root mean square difference of states (B, N, K, 768) from goal frames (B, H, W, 3): (B, N, K)."""
        return (states - self.encode(goals[:, None])[:, :, None]).square().mean(-1).sqrt()

    def surprise(self, frames: Tensor, actions: Tensor | None = None) -> Tensor:
        """Mean squared change from frame to frame: (B, T − 1)."""
        pictures = to_unit(frames)
        return (pictures[:, 1:] - pictures[:, :-1]).square().mean((-3, -2, -1))

    def features(self, frames: Tensor, actions: Tensor | None = None) -> Tensor:
        """The small pictures: (B, T, 768)."""
        return self.encode(frames)
