"""What the generative rivals share: an encoder with a narrower head, a decoder, and a loss that sees what moves."""

from __future__ import annotations

import torch
from torch import Generator, Tensor, nn

from assay.worldmodel.batch import to_unit
from assay.worldmodel.nets.encoder import ConvEncoder
from assay.worlds.simulator import SIDE

__all__ = ["Decoder", "NarrowEncoder", "chosen_steps", "foreground_weights", "usual_pictures", "weighted_miss"]

_PLACES = SIDE // 16
_PATCH = 4
_SMALL = 0.1  # the first pictures are near the usual one
_REMEMBERED = 100  # batches
FOREGROUND = 20.0  # how much more a pixel weighs that differs by 1 (of 2) from what it mostly is in its clip


class NarrowEncoder(ConvEncoder):
    """The JEPA's encoder, convolutions and all, with a head of another width: what a decoder costs is saved there."""

    def __init__(self, size: int, width: int, head: int) -> None:
        super().__init__(size, width)
        self.head = nn.Sequential(
            nn.Linear(4 * width * _PLACES**2, head), nn.LayerNorm(head), nn.ReLU(), nn.Linear(head, size)
        )


class Decoder(nn.Module):
    """The encoder's mirror: one latent to a picture, as a difference from the usual one that it was told of.

    What never changes need not be learned by gradients then, which would take most of a short training.
    """

    usual: Tensor
    told: Tensor

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
        self.patches = nn.Linear(width, 3 * _PATCH**2)  # a transposed convolution of stride 4, which is slower on a CPU
        with torch.no_grad():
            self.patches.weight *= _SMALL
        self.register_buffer("usual", torch.zeros(3, SIDE, SIDE))
        self.register_buffer("told", torch.zeros(()))

    def centred(self, pictures: Tensor) -> Tensor:
        """Pictures less the usual one, for an encoder: else what never changes hides a small thing that moves."""
        return pictures - self.usual

    def tell(self, usual: Tensor) -> None:
        """Take into account the usual pictures (B, 1, 3, 64, 64) of a batch: a mean of all, then of the latest."""
        if self.training:
            self.told += 1
            self.usual.lerp_(usual.detach().mean((0, 1)), 1 / self.told.clamp_max(_REMEMBERED))

    def forward(self, latents: Tensor) -> Tensor:
        """Latents (…, size) → pictures (…, 3, 64, 64), in [−1, 1] where they are learned well."""
        leading = latents.shape[:-1]
        places = self.body(latents.reshape(-1, latents.shape[-1])).reshape(-1, self.channels, _PLACES, _PLACES)
        places = self.places(places.contiguous(memory_format=torch.channels_last)).permute(0, 2, 3, 1)
        side = SIDE // _PATCH
        patches: Tensor = self.patches(places).reshape(-1, side, side, _PATCH, _PATCH, 3)
        return self.usual + patches.permute(0, 5, 1, 3, 2, 4).reshape(*leading, 3, SIDE, SIDE)


def usual_pictures(frames: Tensor) -> Tensor:
    """Frames (B, T, 64, 64, 3) → what each pixel is on average in its clip, (B, 1, 3, 64, 64) in [−1, 1]."""
    return to_unit(frames.float().mean(1, keepdim=True))


def foreground_weights(pictures: Tensor, usual: Tensor) -> Tensor:
    """Weights (B, T, 1, 64, 64) of pictures (B, T, 3, 64, 64): 1 where a clip stands still, more where something is.

    Without them a small thing on a large background is left out of what is drawn, since it is hardly any of the loss.
    The average stands for the background: a median would take longer than the encoder.
    """
    return 1 + FOREGROUND * ((pictures - usual) / 2).abs().amax(2, keepdim=True)


def weighted_miss(drawn: Tensor, pictures: Tensor, weights: Tensor) -> Tensor:
    """The weighted mean of squared differences; a mean over pixels times 10, as the other losses are of that order."""
    return 10 * ((drawn - pictures).square() * weights).mean()


def chosen_steps(length: int, count: int, generator: Generator) -> Tensor:
    """Give ``count`` of the times 0 … length − 1 (all, if there are fewer), the same in every process."""
    return torch.randperm(length, generator=generator)[:count].sort().values
