"""A map of the layout in tokens, and a predictor that looks up in it what is around.

One vector for everything lost the door: a vector's few dimensions fill with functions of whatever varies most. So the
vector carries what moves, and what stands still keeps its places: 16 × 16 tokens, one for 4 × 4 pixels. The predictor
reads them with separable attention, a weight for each column times one for each row. Logits that are linear in the
latent make a bump around a place p: exp(2 p x − x²) is one, since softmax takes away the factor exp(−p²).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from assay.worldmodel.losses.gathered import mean_of_all
from assay.worlds.simulator import SIDE

__all__ = ["MapEncoder", "MapPredictor", "PatchEncoder", "patches"]

_PATCH = 4
_PLACES = SIDE // _PATCH
_COLOURS = 3
_FILTERS = 32
_HEAD = 256
_SHARPER = 3.0  # attention that starts near uniform tells nothing about the place for hundreds of steps


def patches(frames: Tensor) -> Tensor:
    """uint8 frames (…, 64, 64, 3) → float32 patches (…, 16 rows, 16 columns, 48), from 0 to 255.

    A strided convolution is then one product of matrices, and frames are moved as bytes: a third of the time of a step.
    """
    leading = frames.shape[:-3]
    squares = frames.reshape(-1, _PLACES, _PATCH, _PLACES, _PATCH, _COLOURS).transpose(2, 3)
    return squares.reshape(*leading, _PLACES, _PLACES, _PATCH**2 * _COLOURS).float()


class PatchEncoder(nn.Module):
    """Patches to one latent, by strided convolutions. It sees each colour channel with mean 0 and variance 1.

    Without that a small bright agent before a large wall is nearly nothing, and only the wall is encoded.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.first = nn.Linear(_PATCH**2 * _COLOURS, width)
        self.places = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, 2, 1),
            nn.ReLU(),
            nn.Conv2d(2 * width, 4 * width, 3, 2, 1),
            nn.ReLU(),
        )
        places = 4 * width * (_PLACES // 4) ** 2
        self.head = nn.Sequential(nn.Linear(places, _HEAD), nn.LayerNorm(_HEAD), nn.ReLU(), nn.Linear(_HEAD, size))
        self.register_buffer("mean", torch.full((_COLOURS,), 127.5))
        self.register_buffer("scale", torch.full((_COLOURS,), 1 / 127.5))

    @torch.no_grad()
    def standardise(self, tokens: Tensor) -> None:
        """Take over the channels' means and variances in training patches (…, 48), of all processes."""
        values = tokens.reshape(-1, _COLOURS)
        mean, square = mean_of_all(torch.stack([values.mean(0), values.square().mean(0)]))
        self.mean.copy_(mean)
        self.scale.copy_((square - mean**2).clamp_min(1.0).rsqrt())

    def forward(self, tokens: Tensor) -> Tensor:
        """Patches (…, 16, 16, 48) → latents (…, size). The standardisation is in the first layer's weights."""
        weight = self.first.weight * self.scale.repeat(_PATCH**2)
        bias = self.first.bias - weight @ self.mean.repeat(_PATCH**2)
        flat = nn.functional.linear(tokens.flatten(0, -4), weight, bias).movedim(-1, 1)
        latents: Tensor = self.head(self.places(flat).flatten(1))
        return latents.reshape(*tokens.shape[:-3], -1)


class MapEncoder(nn.Module):
    """A token for each 4 × 4 pixels, from its neighbourhood of 12 × 12 pixels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Linear(_PATCH**2 * _COLOURS, _FILTERS)
        self.tokens = nn.Sequential(
            nn.ReLU(), nn.Conv2d(_FILTERS, _FILTERS, 3, 1, 1), nn.ReLU(), nn.Conv2d(_FILTERS, channels, 1)
        )

    def forward(self, tokens: Tensor) -> Tensor:
        """Patches (B, 16, 16, 48), of which black is 0 → maps (B, 16 columns, 16 rows · channels)."""
        maps: Tensor = self.tokens(self.first(tokens / 255).movedim(-1, 1))
        return maps.permute(0, 3, 2, 1).flatten(2)


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
