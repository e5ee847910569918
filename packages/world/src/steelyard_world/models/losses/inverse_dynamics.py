"""Inverse dynamics: predicts the action from the latents before and after it, which keeps its effect in the latent."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["InverseDynamics"]

_HIDDEN = 256


class InverseDynamics(nn.Module):
    """A small head. With actions of unit variance, a mean squared error of 1 means no information."""

    def __init__(self, size: int, action_size: int) -> None:
        super().__init__()
        self.read = nn.Sequential(nn.Linear(2 * size, _HIDDEN), nn.SiLU(), nn.Linear(_HIDDEN, action_size))

    def forward(self, before: Tensor, after: Tensor) -> Tensor:
        """Latents (…, D) and (…, D) → actions (…, A)."""
        actions: Tensor = self.read(torch.cat([before, after], -1))
        return actions
