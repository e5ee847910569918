"""The encoder: 64 × 64 pixels to one latent, plain strided convolutions."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from steelyard_world.sim.simulator import SIDE

__all__ = ["ConvEncoder"]

_HEAD = 512


class ConvEncoder(nn.Module):
    """Three strided convolutions and a normalised head; no GroupNorm, which took most of the time of a small net.

    With ``width`` 16 it has 0.6 M parameters. The convolutions end at 4 width channels on 4 × 4 places.
    """

    def __init__(self, size: int, width: int = 16) -> None:
        super().__init__()
        self.size = size
        self.places = nn.Sequential(
            nn.Conv2d(3, width, 4, 4),
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, 2, 1),
            nn.ReLU(),
            nn.Conv2d(2 * width, 4 * width, 3, 2, 1),
            nn.ReLU(),
        )
        self.head = nn.Sequential(
            nn.Linear(4 * width * (SIDE // 16) ** 2, _HEAD), nn.LayerNorm(_HEAD), nn.ReLU(), nn.Linear(_HEAD, size)
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """Pictures (…, 3, 64, 64) in [−1, 1] → latents (…, size)."""
        leading = pictures.shape[:-3]
        flat = pictures.reshape(-1, *pictures.shape[-3:]).contiguous(memory_format=torch.channels_last)
        latents: Tensor = self.head(self.places(flat).flatten(1))
        return latents.reshape(*leading, self.size)
