"""VICReg's two terms against collapse: each dimension varies, and no two are correlated.

Written from the formulas of Bardes, Ponce and LeCun (VICReg, ICLR 2022, equations 1, 2 and 4).
"""

from __future__ import annotations

import torch
from torch import Tensor

from steelyard.errors import InputError
from steelyard_world.models.losses.gathered import mean_of_all, processes

__all__ = ["vicreg"]

_EPSILON = 1e-4


def vicreg(latents: Tensor) -> tuple[Tensor, Tensor]:
    """The variance hinge and the mean squared off-diagonal covariance of latents (N, D), over all processes' rows.

    Autocast is off here: it would round the covariance to bfloat16. Raises InputError for fewer than two rows or
    dimensions.
    """
    rows, size = latents.shape[0] * processes(), latents.shape[1]
    if rows < 2 or size < 2:
        raise InputError(
            f"VICReg compares two latents of two numbers or more, not {rows} of {size}: "
            "a larger batch or a wider latent has them"
        )
    with torch.autocast(latents.device.type, enabled=False):
        latents = latents.float()
        centred = latents - mean_of_all(latents.mean(0))
        covariance = mean_of_all(centred.T @ centred / latents.shape[0]) * (rows / (rows - 1))
        variances = covariance.diagonal()
        hinge = torch.relu(1 - (variances + _EPSILON).sqrt()).mean()
        off_diagonal = (covariance.square().sum() - variances.square().sum()) / (size * (size - 1))
        return hinge, off_diagonal
