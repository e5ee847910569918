"""A narrow transformer that predicts the latents of masked tubelets from those of visible ones."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from steelyard_world.models.vjepa.config import VJepaConfig
from steelyard_world.models.vjepa.encoder import gather, initialise, positions, transformer

__all__ = ["MaskedPredictor"]


class MaskedPredictor(nn.Module):
    """Context latents and mask tokens that carry only their place → latents at those places."""

    places: Tensor

    def __init__(self, config: VJepaConfig) -> None:
        super().__init__()
        self.enter = nn.Linear(config.width, config.predictor_width)
        self.mask_token = nn.Parameter(torch.zeros(config.predictor_width))
        self.blocks = transformer(config.predictor_width, config.predictor_depth, config.predictor_heads)
        self.norm = nn.LayerNorm(config.predictor_width)
        self.leave = nn.Linear(config.predictor_width, config.width)
        self.register_buffer("places", positions(config.grid, config.predictor_width), persistent=False)
        initialise(self)

    def forward(self, context: Tensor, visible: Tensor, wanted: Tensor) -> Tensor:
        """Context (B, V, D) at the tubelets ``visible`` (B, V) → guesses at ``wanted`` (B, M): (B, M, D)."""
        places = self.places.expand(context.shape[0], -1, -1)
        seen = self.enter(context) + gather(places, visible)
        unseen = self.mask_token + gather(places, wanted)
        tokens = torch.cat([seen, unseen], dim=1)
        for block in self.blocks:
            tokens = block(tokens)
        guesses: Tensor = self.leave(self.norm(tokens[:, seen.shape[1] :]))
        return guesses
