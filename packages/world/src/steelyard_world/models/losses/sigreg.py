"""SIGReg: a loss that makes latents follow a standard normal distribution, direction by direction.

Written from the formula of Balestriero and LeCun (LeJEPA, 2025): by Cramér and Wold, a distribution is normal if all
its one-dimensional projections are; each of some random projections is held to it by the Epps–Pulley statistic

    N ∫ |φ̂(t) − exp(−t²/2)|² exp(−t²/2) dt,   φ̂(t) = mean over the N latents of exp(i t x),

by the trapezoid rule on [0, 3], twice the half line by symmetry.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from steelyard_world.models.losses.gathered import mean_of_all, processes

__all__ = ["sigreg"]

_REACH = 3.0


def sigreg(latents: Tensor, generator: Generator, projections: int = 256, knots: int = 17) -> Tensor:
    """The mean statistic of latents (N, D) over random projections; about 1 for normal ones, whatever N.

    The directions come from the step's generator (of the CPU), so that all processes and devices have the same, and the
    characteristic function is the mean over all processes' rows: with each its own, the gradient was 51 % off. Autocast
    is off here: it would round both products to bfloat16, whatever they are given.
    """
    with torch.autocast(latents.device.type, enabled=False):
        directions = torch.randn(latents.shape[-1], projections, generator=generator).to(latents.device)
        directions = directions / directions.norm(dim=0)
        times = torch.linspace(0, _REACH, knots, device=latents.device)
        normal = torch.exp(-(times**2) / 2)
        projected = latents.float() @ directions
        moments: Tensor = mean_of_all(_Moments.apply(projected, times))  # type: ignore[no-untyped-call]
        squares = (moments[0] - normal) ** 2 + moments[1] ** 2
        statistic = squares @ (_trapezoid(knots, latents) * normal)
        return statistic.mean() * (latents.shape[0] * processes())


class _Moments(torch.autograd.Function):
    """The real and imaginary part (2, P, K) of φ̂ at times (K,), of projected latents (N, P).

    What autograd makes of cos and sin takes three times as long: a twentieth of a small model's training.
    """

    @staticmethod
    def forward(ctx: Any, projected: Tensor, times: Tensor) -> Tensor:
        angles = projected[..., None] * times
        cosines, sines = angles.cos(), angles.sin()
        ctx.save_for_backward(cosines, sines, times)
        return torch.stack([cosines.mean(0), sines.mean(0)])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        cosines, sines, times = ctx.saved_tensors
        real, imaginary = gradients[0] * times / len(cosines)
        return (imaginary * cosines).sub_(real * sines).sum(-1), None


def _trapezoid(knots: int, like: Tensor) -> Tensor:
    weights = torch.full((knots,), 2 * _REACH / (knots - 1), device=like.device)
    weights[[0, -1]] /= 2
    return weights
