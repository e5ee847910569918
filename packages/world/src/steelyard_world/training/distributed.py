"""One training on several processes: they share the rows of each batch, and average gradients and statistics."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import NamedTuple

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from steelyard.errors import InputError

__all__ = ["Ranks", "is_first", "joined", "shared"]

_PATIENCE = timedelta(minutes=30)


class Ranks(NamedTuple):
    """The number of this process, and how many there are."""

    rank: int = 0
    size: int = 1

    @property
    def rows(self) -> slice:
        """This process's rows of each global batch."""
        return slice(self.rank, None, self.size)

    @property
    def first(self) -> bool:
        """Whether this process writes files and shows progress."""
        return self.rank == 0

    def total(self, *numbers: float) -> list[float]:
        """Sums over processes."""
        if self.size == 1:
            return list(numbers)
        sums = torch.tensor(numbers, dtype=torch.float64, device=_device())
        dist.all_reduce(sums)
        return [float(number) for number in sums]

    def expect_equal(self, rows: int) -> None:
        """Raise InputError unless all processes have equally many rows, which averaging needs."""
        if self.size == 1:
            return
        seen = torch.tensor([rows, -rows], device=_device())
        dist.all_reduce(seen, dist.ReduceOp.MAX)
        if int(seen[0]) != -int(seen[1]):
            raise InputError(f"the batch does not divide into {self.size} processes: choose a multiple of {self.size}")


@contextmanager
def joined() -> Iterator[Ranks]:
    """Join the group that torchrun or Ray Train describes; a single process where neither started this one."""
    if dist.is_initialized():
        yield Ranks(dist.get_rank(), dist.get_world_size())
        return
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield Ranks()
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo", timeout=_PATIENCE)
    try:
        yield Ranks(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()


def is_first() -> bool:
    """Whether this process reports for all of a torchrun, also outside of its group."""
    return int(os.environ.get("RANK", "0")) == 0


def shared(learner: nn.Module, ranks: Ranks) -> nn.Module:
    """Wrap for DDP where there are several processes. All must have made the learner from the same seed."""
    if ranks.size == 1:
        return learner
    return DistributedDataParallel(learner)


def _device() -> torch.device:
    return torch.device("cuda" if dist.get_backend() == "nccl" else "cpu")
