"""The simplest memory: the last frames themselves, as small pictures. It predicts nothing."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import msgspec
import torch
from torch import Tensor

from steelyard_world.data.batch import Batch
from steelyard_world.learner import Solved
from steelyard_world.models.baselines.pictures import NUMBERS, kept, principal_parts, small, windows

__all__ = ["FrameBuffer", "FrameBufferConfig"]


class FrameBufferConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``parts`` of each picture are kept, of the last ``frames``."""

    action_size: int = 2
    parts: int = 64
    frames: int = 14

    @classmethod
    def for_video(cls, **changed: Any) -> Self:
        """Give the settings for plain video."""
        return cls(**{"action_size": 0} | changed)


class FrameBuffer(Solved):
    """Keeps the principal parts of the last 14 pictures, so a probe of it reads any linear extrapolation of them.

    A state is a picture's parts, (…, 64), and every imagined state is the last frame's. A frame is as surprising as it
    is far from the nearest picture in the buffer. Only the directions of the parts come from clips.
    """

    kind: ClassVar[str] = "frame-buffer"
    Config: ClassVar[type[FrameBufferConfig]] = FrameBufferConfig

    def __init__(self, config: FrameBufferConfig) -> None:
        super().__init__()
        if not (0 < config.parts <= NUMBERS and config.frames > 0):
            raise ValueError(f"1 to {NUMBERS} parts, and one frame or more")
        self.config = config
        self.register_buffer("mean", torch.zeros(NUMBERS))
        self.register_buffer("axes", torch.zeros(NUMBERS, config.parts))
        self.mean: Tensor
        self.axes: Tensor
        self._pictures: list[Tensor] = []

    def see(self, batch: Batch) -> None:
        """Keep the small pictures of a batch, a byte a number."""
        self._pictures.append(kept(small(batch.frames)))

    def solve(self) -> dict[str, float]:
        """Fit the parts to all clips seen, and forget these."""
        self.mean, self.axes = principal_parts(self._pictures, self.config.parts)
        self._pictures = []
        return {}

    def encode(self, frames: Tensor) -> Tensor:
        """Frames (B, T, H, W, 3) → principal parts (B, T, 64)."""
        return (small(frames) - self.mean) @ self.axes

    def imagine(self, frames: Tensor, actions: Tensor) -> Tensor:
        """The last of the frames (B, T, H, W, 3), for each step of actions (B, N, K, A): (B, N, K, 64)."""
        last = self.encode(frames[:, -1:])
        return last[:, :, None].expand(*actions.shape[:3], last.shape[-1])

    def distance(self, states: Tensor, goals: Tensor) -> Tensor:
        """Distance of states (B, N, K, 64) from goal frames (B, H, W, 3): (B, N, K)."""
        return (states - self.encode(goals[:, None])[:, :, None]).square().mean(-1).sqrt()

    def surprise(self, frames: Tensor, actions: Tensor | None = None) -> Tensor:
        """Mean square distance of each frame to the nearest in the buffer before it: (B, T − 1)."""
        parts = self.encode(frames)
        held = windows(parts, self.config.frames)[:, :-1]
        apart = held.reshape(*held.shape[:2], self.config.frames, -1) - parts[:, 1:, None]
        return apart.square().mean(-1).amin(-1)

    def features(self, frames: Tensor, actions: Tensor | None = None) -> Tensor:
        """The buffer after each frame, newest first: (B, T, 14 × 64)."""
        return windows(self.encode(frames), self.config.frames)
