"""The generative rivals' encoder, with a narrower head, their decoder, and a loss that weighs what moves.

Pictures are patches here, (…, 16, 16, 48) as :func:`steelyard_world.models.nets.token_map.patches` gives them, in [−1,
1].
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor, nn

from steelyard_world.models.losses.gathered import NormOverAll, mean_of_all
from steelyard_world.models.nets.token_map import patches, strided_layers
from steelyard_world.sim.simulator import SIDE

__all__ = [
    "Decoder",
    "NarrowEncoder",
    "brought_in",
    "chosen_steps",
    "foreground_weights",
    "in_patches",
    "weighted_miss",
]

_PATCH, _COLOURS = 4, 3
_SIDE = SIDE // _PATCH
_NUMBERS = _PATCH**2 * _COLOURS
_PLACES = SIDE // 16
_SMALL = 0.1  # so that the first pictures are near the usual one
_REMEMBERED = 100  # batches
_LEAST_SPREAD = 0.02  # of a colour that hardly ever changes, in a range of 2
_ALONE, _COMING = 100, 100  # steps: drawing alone was learned in 75 to 100
_NORM_MOMENTUM = 0.05
FOREGROUND = 20.0  # the extra weight of a pixel that differs by 1 (of 2) from its average in the clip


class NarrowEncoder(nn.Module):
    """The JEPA's encoder with a head of another width, which makes up for the decoder's parameters.

    It sees pictures less the usual one, each colour at variance 1; else what never changes would hide a small thing
    that moves. Latents have mean 0 and variance 1 over a batch, which enlarges the weak early signal of such a thing.

    The buffer ``told`` counts batches; its name is part of the checkpoint format.
    """

    usual: Tensor
    variance: Tensor
    told: Tensor

    def __init__(self, size: int, width: int, head: int) -> None:
        super().__init__()
        self.first = nn.Linear(_NUMBERS, width)
        self.places = strided_layers(width)
        self.head = nn.Sequential(
            nn.Linear(4 * width * _PLACES**2, head),
            nn.LayerNorm(head),
            nn.ReLU(),
            nn.Linear(head, size),
            NormOverAll(size, _NORM_MOMENTUM),
        )
        self.register_buffer("usual", torch.zeros(_SIDE, _SIDE, _NUMBERS))
        self.register_buffer("variance", torch.ones(_COLOURS))
        self.register_buffer("told", torch.zeros(()))

    @torch.no_grad()
    def observe(self, usual: Tensor, pictures: Tensor) -> None:
        """Update the statistics by a batch: the clips' mean pictures (B, 1, 16, 16, 48), and (B, T, 16, 16, 48).

        They are means over all batches at first, then moving averages.
        """
        if self.training:
            self.told += 1
            share = 1 / self.told.clamp_max(_REMEMBERED)
            self.usual.lerp_(mean_of_all(usual.mean((0, 1))), share)
            apart = (pictures[:, 0] - self.usual).square().reshape(-1, _COLOURS).mean(0)
            self.variance.lerp_(mean_of_all(apart), share)

    def forward(self, pictures: Tensor) -> Tensor:
        """Pictures (…, 16, 16, 48) → latents (…, size). The mean is subtracted in the first layer's bias."""
        rate = self.variance.clamp_min(_LEAST_SPREAD**2).rsqrt().repeat(_PATCH**2)
        weight = self.first.weight * rate
        bias = self.first.bias - nn.functional.linear(self.usual, weight)
        flat = (nn.functional.linear(pictures.flatten(0, -4), weight) + bias).movedim(-1, 1)
        latents: Tensor = self.head(self.places(flat).flatten(1))
        return latents.reshape(*pictures.shape[:-3], -1)


class Decoder(nn.Module):
    """The encoder's mirror: one latent to a picture, as a difference from the usual picture.

    So what never changes need not be learned by gradients, which would take most of a short training.
    """

    def __init__(self, size: int, width: int, head: int) -> None:
        super().__init__()
        self.channels = 4 * width
        self.body = nn.Sequential(
            nn.Linear(size, head),
            nn.LayerNorm(head),
            nn.ReLU(),
            nn.Linear(head, self.channels * _PLACES**2),
            nn.ReLU(),
        )
        self.places = nn.Sequential(
            nn.ConvTranspose2d(4 * width, 2 * width, 4, 2, 1),
            nn.ReLU(),
            nn.ConvTranspose2d(2 * width, width, 4, 2, 1),
            nn.ReLU(),
        )
        self.patches = nn.Linear(width, _NUMBERS)
        with torch.no_grad():
            self.patches.weight *= _SMALL

    def forward(self, latents: Tensor) -> Tensor:
        """Latents (…, size) → differences (…, 16, 16, 48)."""
        places = self.body(latents.reshape(-1, latents.shape[-1])).reshape(-1, self.channels, _PLACES, _PLACES)
        drawn: Tensor = self.patches(self.places(places.contiguous(memory_format=torch.channels_last)).movedim(1, -1))
        return drawn.reshape(*latents.shape[:-1], _SIDE, _SIDE, _NUMBERS)


def in_patches(frames: Tensor) -> Tensor:
    """Frames (…, 64, 64, 3) of bytes → pictures (…, 16, 16, 48) in [−1, 1]."""
    return patches(frames).mul_(2 / 255).sub_(1)


def foreground_weights(pictures: Tensor, usual: Tensor) -> Tensor:
    """Weights (B, T, 16, 16, 48) of pictures: 1 where nothing changes in a clip, more where something does.

    ``usual`` is the clip's average, (B, 1, 16, 16, 48). Without weights a small thing on a large background is not
    drawn, since it is hardly any of the loss. The average serves as the background, since a median would take longer
    than the encoder.
    """
    apart = ((pictures - usual) / 2).abs().reshape(*pictures.shape[:-1], _PATCH**2, _COLOURS)
    weights: Tensor = 1 + FOREGROUND * apart.amax(-1, keepdim=True).expand_as(apart).flatten(-2)
    return weights


def weighted_miss(drawn: Tensor, pictures: Tensor, weights: Tensor) -> Tensor:
    """The weighted mean of squared differences, times 10, which makes it of the order of the other losses."""
    return 10 * ((drawn - pictures).square() * weights).mean()


def brought_in(step: int) -> float:
    """The share of a bottleneck (rounding, noise, a prior's pull) at a step: 0 at first, then rising to 1.

    With the whole bottleneck from the start, nothing small was drawn after 200 steps, so nothing was learned.
    """
    return min(1.0, max(0.0, (step - _ALONE) / _COMING))


def chosen_steps(length: int, count: int, generator: Generator) -> Tensor:
    """Give ``count`` of the times 0 … length − 1 (all, if there are fewer), the same in every process."""
    return torch.randperm(length, generator=generator)[:count].sort().values
