"""Means over the rows of all processes, so that a loss and its gradient are those of one process with all rows."""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import Tensor

__all__ = ["mean_of_all", "processes"]


def processes() -> int:
    """How many processes train together; 1 where no group was started."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


class _Sum(torch.autograd.Function):
    """A sum over processes whose gradient is summed too: what one rank's statistic does to every rank's loss."""

    @staticmethod
    def forward(ctx: object, local: Tensor) -> Tensor:
        total = local.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: object, *gradients: Tensor) -> Tensor:
        total = gradients[0].clone()
        dist.all_reduce(total)
        return total


def mean_of_all(local: Tensor) -> Tensor:
    """The mean of a statistic over processes of equal row counts.

    Each process's loss is then the loss of all rows, and DDP averages the processes' gradients; summed here first, they
    come out as the gradient of that one loss.
    """
    count = processes()
    if count == 1:
        return local
    summed: Tensor = _Sum.apply(local)  # type: ignore[no-untyped-call]
    return summed / count
