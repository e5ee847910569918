"""A map of the layout in tokens, and a predictor that looks up what is around a position.

With one vector for everything, the door was lost: a vector's few dimensions fill with functions of whatever varies
most. So the vector holds what moves, and a map of 16 × 16 tokens, one for 4 × 4 pixels, holds what does not.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from steelyard_world.models.losses.gathered import mean_of_all
from steelyard_world.sim.simulator import SIDE

__all__ = ["MapEncoder", "MapPredictor", "PatchEncoder", "patches", "strided_layers"]

_PATCH = 4
_PLACES = SIDE // _PATCH
_COLOURS = 3
_FILTERS = 32
_HEAD = 256
_POINTS, _AROUND = 5, 1.5  # points along each axis, up to so many tokens away at first
_NARROW = -0.5  # log of the inverse width of a window at first, in tokens
_FAINT = -40.0  # logarithm of the least weight: far below rounding; without it numbers so small that they are slow
_TOKENS_A_UNIT = 0.5  # a unit of action is half of an action limit of 4 px; learned, it went to .34


def patches(frames: Tensor) -> Tensor:
    """uint8 frames (…, 64, 64, 3) → float32 patches (…, 16 rows, 16 columns, 48), from 0 to 255.

    A strided convolution is then one product of matrices, and frames are moved as bytes: a third of the time of a step.
    """
    leading = frames.shape[:-3]
    words = frames.reshape(-1, SIDE, SIDE * _COLOURS).view(torch.int32)
    squares = words.reshape(-1, _PLACES, _PATCH, _PLACES, _COLOURS).transpose(2, 3)
    return squares.reshape(*leading, _PLACES, _PLACES, _PATCH * _COLOURS).view(torch.uint8).float()


def strided_layers(width: int) -> nn.Sequential:
    """Make two strided convolutions: features (N, width, H, W) → (N, 4 · width, H / 4, W / 4)."""
    return nn.Sequential(
        nn.ReLU(),
        nn.Conv2d(width, 2 * width, 3, 2, 1),
        nn.ReLU(),
        nn.Conv2d(2 * width, 4 * width, 3, 2, 1),
        nn.ReLU(),
    )


class PatchEncoder(nn.Module):
    """Patches to one latent, by strided convolutions. It sees each colour channel with mean 0 and variance 1.

    Without that a small bright agent before a large wall is nearly nothing, and only the wall is encoded.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.first = nn.Linear(_PATCH**2 * _COLOURS, width)
        self.places = strided_layers(width)
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
        latents: Tensor = self.head[1:](_of_flattened(self.head[0], self.places(flat)))
        return latents.reshape(*tokens.shape[:-3], -1)


def _of_flattened(layer: nn.Module, features: Tensor) -> Tensor:
    """A linear layer of features (N, C, H, W), flattened. They lie channels last; its weights, fewer, are turned so."""
    assert isinstance(layer, nn.Linear)
    weight = layer.weight.reshape(-1, *features.shape[1:]).movedim(1, -1).flatten(1)
    return nn.functional.linear(features.movedim(1, -1).flatten(1), weight, layer.bias)


class MapEncoder(nn.Module):
    """A token for each 4 × 4 pixels, from its neighbourhood of 12 × 12 pixels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Linear(_PATCH**2 * _COLOURS, _FILTERS)
        self.tokens = nn.Sequential(
            nn.ReLU(), nn.Conv2d(_FILTERS, _FILTERS, 3, 1, 1), nn.ReLU(), nn.Conv2d(_FILTERS, channels, 1)
        )

    def forward(self, tokens: Tensor) -> Tensor:
        """Patches (B, 16, 16, 48), of which black is 0 → maps (B, 16 columns, channels · 16 rows)."""
        maps: Tensor = self.tokens(self.first(tokens / 255).movedim(-1, 1))
        return maps.permute(0, 3, 1, 2).flatten(2)


class MapPredictor(nn.Module):
    """The next latent, by way of what happens here: the effect of an action among the tokens around a place.

    The effect knows the action and the tokens at 5 × 5 points around the place, not the place itself: so what is
    learned at one wall holds for all. How an effect changes the latent is then smooth, and learned from every step.
    Reading is separable: a weight for each column times one for each row, each a Gaussian window around its point.
    """

    lines: Tensor

    def __init__(self, size: int, channels: int, hidden: int, effect: int) -> None:
        super().__init__()
        self.middle = nn.Parameter(torch.full((2,), (_PLACES - 1) / 2))
        self.points = nn.Parameter(torch.linspace(-_AROUND, _AROUND, _POINTS).repeat(2, 1))
        self.narrow = nn.Parameter(torch.full((2, _POINTS), _NARROW))
        self.effect = nn.Sequential(
            nn.Linear(2 + _POINTS**2 * channels, hidden),
            nn.SiLU(),
            nn.Linear(hidden, hidden // 2),
            nn.SiLU(),
            nn.Linear(hidden // 2, effect),
        )
        self.change = nn.Sequential(
            nn.Linear(size + effect, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, size)
        )
        self.register_buffer("lines", torch.arange(float(_PLACES)), persistent=False)

    def forward(self, latents: Tensor, places: Tensor, maps: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Give the next latents (B, N, D) and places (B, N, 2).

        From latents (B, N, D), their places (B, N, 2), one map for N (B, 16, C 16) and actions (B, N, 2).
        """
        effect = self.effect(torch.cat([actions, self.read(places, maps)], -1))
        moved = effect + nn.functional.pad(actions, (0, effect.shape[-1] - actions.shape[-1]))
        change: Tensor = self.change(torch.cat([latents, moved], -1))
        return latents + change, places + moved[..., : actions.shape[-1]]

    def read(self, places: Tensor, maps: Tensor) -> Tensor:
        """The tokens around places (B, N, 2), of each column of points channel by channel: (B, N, 5 C 5)."""
        rows, count = places.shape[:2]
        centres = (self.middle + _TOKENS_A_UNIT * places)[..., None] + self.points
        offsets = (self.lines - centres[..., None]) * self.narrow.exp()[..., None]
        windows = offsets.square().mul(-0.5).clamp_min(_FAINT).softmax(-1)
        columns, lines = windows.unbind(2)
        strips = torch.bmm(columns.reshape(rows, count * _POINTS, _PLACES), maps)
        # Rows come last, so that strips are matrices as they lie: one product for each place, and nothing is copied.
        strips = strips.reshape(rows * count, -1, _PLACES)
        return torch.bmm(strips, lines.reshape(rows * count, _POINTS, _PLACES).mT).reshape(rows, count, -1)
