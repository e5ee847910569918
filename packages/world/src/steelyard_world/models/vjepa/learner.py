"""V-JEPA: predict the latents of masked tubelets, made by a slow copy of the encoder, from the visible ones."""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.distributed as dist
import torch.nn.functional as F  # noqa: N812  # as everybody calls it
from torch import Generator, Tensor

from steelyard.errors import InputError
from steelyard_world.data.batch import Batch
from steelyard_world.models.losses.ema import follow, slow_copy
from steelyard_world.models.losses.gathered import processes
from steelyard_world.models.losses.sigreg import sigreg
from steelyard_world.models.vjepa.config import VJepaConfig
from steelyard_world.models.vjepa.encoder import Encoder, gather
from steelyard_world.models.vjepa.masks import Masks, multi_block
from steelyard_world.models.vjepa.predictor import MaskedPredictor
from steelyard_world.models.vjepa.reader import ClipReader, resized

__all__ = ["VJepa"]

_NUMBERS_AT_ONCE = 2048 * 64 * 96  # frames × patches × width of a test: larger models are shown fewer frames at a time


class VJepa(ClipReader):
    """After V-JEPA (2404.08471) and V-JEPA 2 (2506.09985): L1 in latent space, EMA targets of fixed momentum.

    In the paper's recipe only the slow copy and the predictor keep the latents from collapsing. Short trainings need
    ``anti_collapse_weight``: a copy that has moved little is still random, its latents have few directions, and only
    those are learned. Either way training checks for collapse.
    """

    kind: ClassVar[str] = "vjepa"
    can_collapse: ClassVar[bool] = True
    Config: ClassVar[type[VJepaConfig]] = VJepaConfig

    def __init__(self, config: VJepaConfig) -> None:
        super().__init__()
        self.config: VJepaConfig = config
        self.encoder = Encoder(config)
        self.predictor = MaskedPredictor(config)
        self.slow_encoder = slow_copy(self.encoder)
        numbers = config.grid[1] * config.grid[2] * config.width
        self.frames_at_once = max(config.frames, _NUMBERS_AT_ONCE // numbers)

    def forward(self, batch: Batch, step: int, generator: Generator) -> dict[str, Tensor]:
        """Mean L1 error over both kinds of mask: ``short``, ``long``, and ``total``, their mean.

        With a weight against collapse there is ``anti_collapse`` too, SIGReg's statistic of the visible tokens' latents
        divided by their number, so that the weight means the same for all batches and masks; ``total`` has both.

        Raises InputError where the clips are not of the configured size.
        """
        self._check(batch.frames)
        with torch.no_grad():
            latents = self.slow_encoder(batch.frames)
            targets = F.layer_norm(latents, latents.shape[-1:])
        config = self.config
        losses, against = {}, []
        for name, blocks, scale in (
            ("short", config.short_blocks, config.short_scale),
            ("long", config.long_blocks, config.long_scale),
        ):
            masks = self._masks(len(batch.frames), blocks, scale, generator)
            visible, wanted = masks.visible.to(targets.device), masks.wanted.to(targets.device)
            context = self.encoder(batch.frames, visible)
            guesses = self.predictor(context, visible, wanted)
            losses[name] = (guesses - gather(targets, wanted)).abs().mean()
            if config.anti_collapse_weight:
                tokens = context.flatten(0, 1)
                against.append(sigreg(tokens, generator) / (len(tokens) * processes()))
        total = (losses["short"] + losses["long"]) / 2
        if against:
            losses["anti_collapse"] = torch.stack(against).mean()
            total = total + config.anti_collapse_weight * losses["anti_collapse"]
        return {"total": total, **losses}

    def after_step(self, step: int, progress: float) -> None:
        """Move the slow copy."""
        follow(self.slow_encoder, self.encoder, self.config.momentum)

    def window(self) -> tuple[int, int]:
        """The configured frames of a clip and of a tubelet."""
        return self.config.frames, self.config.tubelet

    def grid_of(self, frames: int) -> tuple[int, int, int]:
        """Tubelets of a clip of the configured side."""
        return frames // self.config.tubelet, *self.config.grid[1:]

    def tokens(self, frames: Tensor) -> Tensor:
        """Latents of the encoder, of clips resized to its side; raises InputError for a length that does not fit it."""
        frames = self._fitting(frames)
        latents: Tensor = self.encoder(frames)
        return latents

    def guess(self, frames: Tensor, seen: int) -> tuple[Tensor, Tensor]:
        """Guesses of the predictor, and targets as in training; clips are resized as in :meth:`tokens`."""
        frames = self._fitting(frames)
        time, down, across = self.grid_of(frames.shape[1])
        numbers = torch.arange(time * down * across, device=frames.device).expand(frames.shape[0], -1)
        first = seen // self.config.tubelet * down * across
        visible, wanted = numbers[:, :first], numbers[:, first:]
        latents = self.slow_encoder(frames)
        guesses = self.predictor(self.encoder(frames[:, :seen]), visible, wanted)
        return guesses, gather(F.layer_norm(latents, latents.shape[-1:]), wanted)

    def _masks(self, rows: int, blocks: int, scale: float, generator: Generator) -> Masks:
        """Draw for the rows of all processes and take this one's, so that the loss is that of a single process."""
        count = processes()
        masks = multi_block(self.config.grid, rows=rows * count, blocks=blocks, scale=scale, generator=generator)
        rank = dist.get_rank() if count > 1 else 0
        return Masks(masks.visible[rank::count], masks.wanted[rank::count])

    def _fitting(self, frames: Tensor) -> Tensor:
        """Resize test clips of another side, to float; training clips are never resized."""
        side = self.config.side
        if frames.shape[2:4] != (side, side):
            pixels = resized(frames.flatten(0, 1).permute(0, 3, 1, 2).float(), side)
            frames = pixels.permute(0, 2, 3, 1).reshape(*frames.shape[:2], side, side, 3)
        self._check(frames, exactly=False)
        return frames

    def _check(self, frames: Tensor, *, exactly: bool = True) -> None:
        config = self.config
        length, height, width = frames.shape[1:4]
        fits = length == config.frames if exactly else length <= config.frames and length % config.tubelet == 0
        if not fits or (height, width) != (config.side, config.side):
            raise InputError(
                f"clips of {length} frames, {height} × {width} pixels, but this V-JEPA is for {config.frames} frames, "
                f"{config.side} × {config.side}: give such clips, or train a V-JEPA for these"
            )
