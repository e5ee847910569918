"""VICReg's terms, computed by hand."""

from __future__ import annotations

import pytest
import torch

from steelyard.errors import InputError
from steelyard_world.models.losses.vicreg import vicreg


def test_terms_are_those_of_the_formula() -> None:
    latents = torch.tensor([[0.0, 0.0], [0.2, 4.0], [0.4, 8.0]])
    hinge, covariance = vicreg(latents)
    # variances .04 and 16, covariance .8: max(0, 1 − .2) / 2, and .8² twice over d (d − 1)
    assert float(hinge) == pytest.approx((1 - (0.04 + 1e-4) ** 0.5) / 2, rel=1e-5)
    assert float(covariance) == pytest.approx(2 * 0.8**2 / 2, rel=1e-5)


def test_autocast_rounds_neither_terms_nor_gradient() -> None:
    told = []
    for autocast in (False, True):
        latents = torch.randn(64, 8, generator=torch.Generator().manual_seed(1)).mul(0.5).requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            hinge, covariance = vicreg(latents)
        (hinge + covariance).backward()  # type: ignore[no-untyped-call]
        assert latents.grad is not None
        told.append(torch.cat([latents.grad.flatten(), torch.stack([hinge, covariance]).detach()]))
    assert torch.equal(*told)


@pytest.mark.parametrize("shape", [(1, 8), (8, 1)])
def test_what_cannot_vary_together_is_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=f"not {shape[0]} of {shape[1]}: a larger batch"):
        vicreg(torch.zeros(shape))


def test_independent_wide_latents_cost_nothing() -> None:
    hinge, covariance = vicreg(3 * torch.randn(4096, 4, generator=torch.Generator().manual_seed(0)))
    assert float(hinge) == 0
    assert float(covariance) < 0.1
