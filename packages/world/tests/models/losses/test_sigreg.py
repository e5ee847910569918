"""SIGReg against what its formula says of known distributions."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch

from steelyard_world.models.losses.sigreg import sigreg


def _statistic(latents: torch.Tensor, seed: int = 0) -> float:
    return float(sigreg(latents, torch.Generator().manual_seed(seed)))


@pytest.mark.parametrize("rows", [64, 256, pytest.param(1024, marks=pytest.mark.slow)])
def test_normal_latents_score_about_1_whatever_their_number(rows: int) -> None:
    """One draw in 300 is .5 off, as its standard deviation is .14: so the test uses the mean of 100."""
    drawn = (torch.randn(rows, 32, generator=torch.Generator().manual_seed(seed)) for seed in range(100))
    mean = sum(map(_statistic, drawn)) / 100
    assert mean == pytest.approx(1.06, abs=0.06)  # ∫ (1 − exp(−t²)) exp(−t²/2) dt over the line; four standard errors


def test_equal_latents_score_the_integral_of_the_formula() -> None:
    times = [3 * knot / 1600 for knot in range(1601)]
    values = [(1 - math.exp(-t * t / 2)) ** 2 * math.exp(-t * t / 2) for t in times]
    integral = 2 * sum((a + b) / 2 * 3 / 1600 for a, b in pairwise(values))
    assert _statistic(torch.zeros(100, 8)) == pytest.approx(100 * integral, rel=1e-3)


@pytest.mark.parametrize("changed", [0.3, 3.0])
def test_another_scale_scores_worse(changed: float) -> None:
    latents = torch.randn(512, 16, generator=torch.Generator().manual_seed(1))
    assert _statistic(changed * latents) > 10 * _statistic(latents)


def test_the_gradient_presses_towards_normality() -> None:
    latents = (0.1 * torch.randn(256, 8, generator=torch.Generator().manual_seed(2))).requires_grad_()
    optimiser = torch.optim.Adam([latents], 0.08)
    for step in range(40):
        optimiser.zero_grad()
        sigreg(latents, torch.Generator().manual_seed(step)).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    assert float(latents.detach().std()) == pytest.approx(1, abs=0.15)


def test_its_gradient_is_that_of_the_formula() -> None:
    latents = torch.randn(7, 5, generator=torch.Generator().manual_seed(3), requires_grad=True)
    sigreg(latents, torch.Generator().manual_seed(4), projections=9).backward()  # type: ignore[no-untyped-call]
    assert latents.grad is not None
    along = torch.randn(7, 5, generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        above, below = (
            float(sigreg(latents + step * along, torch.Generator().manual_seed(4), projections=9))
            for step in (1e-2, -1e-2)
        )
    assert float((latents.grad * along).sum()) == pytest.approx((above - below) / 2e-2, rel=1e-2)


def test_autocast_rounds_neither_statistic_nor_gradient() -> None:
    told = []
    for autocast in (False, True):
        latents = torch.randn(64, 8, generator=torch.Generator().manual_seed(6), requires_grad=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            statistic = sigreg(latents, torch.Generator().manual_seed(7))
        statistic.backward()  # type: ignore[no-untyped-call]
        assert latents.grad is not None
        told.append(torch.cat([latents.grad.flatten(), statistic.detach()[None]]))
    assert torch.equal(*told)
