"""Statistics and noise over the rows of all processes, so that losses and gradients equal those of one process."""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import Generator, Tensor, nn

__all__ = ["NormOverAll", "mean_of_all", "noise_of_rows", "processes"]


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


class NormOverAll(nn.BatchNorm1d):
    """Batch normalisation of (rows, features) whose batch is that of all processes, of equal row counts.

    (``nn.SyncBatchNorm`` needs a GPU.)
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(self, features: int, momentum: float) -> None:
        super().__init__(features, momentum=momentum, affine=False)
        self.share = momentum

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the base class's name
        """Normalised; alone, or when not training, exactly what ``nn.BatchNorm1d`` gives."""
        if processes() == 1 or not self.training:
            return super().forward(input)
        values = input.float()
        mean = mean_of_all(values.mean(0))
        centred = values - mean
        variance = mean_of_all(centred.square().mean(0))
        rows = len(values) * processes()
        self.running_mean.lerp_(mean.detach(), self.share)
        self.running_var.lerp_(variance.detach() * (rows / (rows - 1)), self.share)
        self.num_batches_tracked += 1
        return (centred * (variance + self.eps).rsqrt()).to(input.dtype)


def noise_of_rows(like: Tensor, generator: Generator) -> Tensor:
    """Standard normal noise in the shape of ``like`` (rows, …): what one process would give these rows.

    Rows are dealt out in turn, as :class:`steelyard_world.training.distributed.Ranks` does, and every process has the
    same generator.
    """
    count = processes()
    drawn = torch.randn((like.shape[0] * count, *like.shape[1:]), generator=generator)
    return (drawn if count == 1 else drawn[dist.get_rank() :: count]).to(like.device)
