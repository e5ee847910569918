"""Training batches: pure functions of (seed, step), so that a resumed training is exact."""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor

__all__ = ["Batch", "HasActionLimit", "HasSummary", "HasWorkers", "Source", "to_unit"]


class Batch(NamedTuple):
    """Clips and, in worlds with actions, the actions between their frames.

    ``frames``: uint8 (B, T, H, W, 3). ``actions``: float32 (B, T − 1, A), in units of the world's action limit / 2, or
    None for plain video.
    """

    frames: Tensor
    actions: Tensor | None = None


class Source(Protocol):
    """Where training clips come from."""

    description: dict[str, str]
    """A description for the checkpoint's card: kind, seeds, sizes, files."""

    @property
    def action_size(self) -> int:
        """Numbers in one action; 0 for plain video."""
        ...

    def batch(self, step: int, rows: slice) -> Batch:
        """Give these rows of the global batch of one step. The same step gives the same clips, on any machine."""
        ...

    def close(self) -> None:
        """End worker processes, if any."""
        ...


@runtime_checkable
class HasActionLimit(Protocol):
    """A source of a world whose actions have a largest length, in pixels."""

    action_limit: float


@runtime_checkable
class HasWorkers(Protocol):
    """A source with processes of its own, whose CPU time counts as the training's."""

    @property
    def cpu_seconds(self) -> float:
        """CPU-seconds that the processes have taken so far."""
        ...


@runtime_checkable
class HasSummary(Protocol):
    """A source that has something to report at the end of a training."""

    def summary(self) -> str:
        """Give one line, such as which files were skipped."""
        ...


def to_unit(frames: Tensor) -> Tensor:
    """uint8 (…, H, W, 3) → float32 (…, 3, H, W) in [−1, 1]."""
    return torch.movedim(frames, -1, -3).float() / 127.5 - 1
