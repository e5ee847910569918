"""A map of the layout in tokens, and a predictor that looks up in it what is around.

One vector for everything lost the door: a vector's few dimensions fill with functions of whatever varies most. So the
vector carries what moves, and what stands still keeps its places: 16 × 16 tokens, one for 4 × 4 pixels. The predictor
reads them with separable attention, a weight for each column times a weight for each row. Logits that are linear in the
latent suffice for a bump around a place: exp(a x − b x²) is one, and softmax takes away what depends on the place alone.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from assay.worldmodel.nets.encoder import ConvEncoder
from assay.worlds.simulator import SIDE

__all__ = ["MapEncoder", "MapPredictor", "StandardisedEncoder"]

_PATCH = 4
_PLACES = SIDE // _PATCH
_FILTERS = 32
_HEAD = 256
_SHARPER = 3.0  # attention that starts near uniform tells nothing about the place for hundreds of steps


class StandardisedEncoder(ConvEncoder):
    """A ConvEncoder that sees each colour channel with mean 0 and variance 1.

    Without it a small bright agent before a large wall is nearly nothing, and only the wall is encoded.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, size: int, width: int = 16) -> None:
        super().__init__(size, width)
        places = 4 * width * (SIDE // 16) ** 2
        self.head = nn.Sequential(nn.Linear(places, _HEAD), nn.LayerNorm(_HEAD), nn.ReLU(), nn.Linear(_HEAD, size))
        self.register_buffer("mean", torch.zeros(3))
        self.register_buffer("scale", torch.ones(3))

    @torch.no_grad()
    def standardise(self, mean: Tensor, square: Tensor) -> None:
        """Take over the channels' means and mean squares (3,) of training frames."""
        self.mean.copy_(mean)
        self.scale.copy_((square - mean**2).clamp_min(1e-6).rsqrt())

    def forward(self, pictures: Tensor) -> Tensor:
        """Pictures (…, 3, 64, 64) → latents (…, size)."""
        shape = (3, 1, 1)
        latents: Tensor = super().forward((pictures - self.mean.view(shape)) * self.scale.view(shape))
        return latents


class MapEncoder(nn.Module):
    """A token for each 4 × 4 pixels, from its neighbourhood of 12 × 12 pixels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.tokens = nn.Sequential(
            nn.Conv2d(3, _FILTERS, _PATCH, _PATCH),
            nn.ReLU(),
            nn.Conv2d(_FILTERS, _FILTERS, 3, 1, 1),
            nn.ReLU(),
            nn.Conv2d(_FILTERS, channels, 1),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """Pictures (B, 3, 64, 64) → maps (B, 16 columns, 16 rows · channels)."""
        tokens: Tensor = self.tokens(pictures.contiguous(memory_format=torch.channels_last))
        return tokens.permute(0, 3, 2, 1).flatten(2)


class MapPredictor(nn.Module):
    """The next latent from a latent, an action and what several heads read off the map."""

    def __init__(self, size: int, action_size: int, channels: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.heads = heads
        self.known = nn.Linear(size + action_size, hidden)
        self.known_norm = nn.LayerNorm(hidden)
        self.look = nn.Linear(size + action_size, heads * 2 * _PLACES)
        self.look_more = nn.Linear(hidden, heads * 2 * _PLACES)
        self.seen = nn.Linear(heads * channels, hidden)
        self.norm = nn.LayerNorm(hidden)
        self.change = nn.Sequential(nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, size))
        with torch.no_grad():
            self.look.weight.mul_(_SHARPER)
            self.look_more.weight.zero_()

    def forward(self, latents: Tensor, maps: Tensor, actions: Tensor) -> Tensor:
        """Latents (B, N, D) and actions (B, N, A) on one map each for N, (B, 16, 16 C) → the next latents (B, N, D)."""
        inputs = torch.cat([latents, actions], -1)
        known = self.known_norm(self.known(inputs))
        logits = self.look(inputs) + self.look_more(nn.functional.silu(known))
        seen = self.read(logits, maps)
        change: Tensor = self.change(self.norm(known + self.seen(seen)))
        return latents + change

    def read(self, logits: Tensor, maps: Tensor) -> Tensor:
        """What heads see with logits (B, N, heads · 2 · 16), columns before rows: (B, N, heads · C)."""
        rows, count = logits.shape[:2]
        weights = logits.reshape(rows, count * self.heads, 2, _PLACES).softmax(-1)
        columns, lines = weights.unbind(2)
        strips = torch.bmm(columns, maps).reshape(rows, count * self.heads, _PLACES, -1)
        return (lines[..., None] * strips).sum(2).reshape(rows, count, -1)
