"""The pixel-generative rival: the JEPA's encoder and predictor, trained to draw future frames."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Generator, Tensor

from steelyard_world.data.batch import Batch
from steelyard_world.models.baselines.position_head import PositionHead
from steelyard_world.models.baselines.reconstruction import (
    Decoder,
    NarrowEncoder,
    chosen_steps,
    foreground_weights,
    in_patches,
    weighted_miss,
)
from steelyard_world.models.baselines.rival import Rival, RivalConfig
from steelyard_world.models.nets.predictor import Predictor, RecurrentPredictor, ResidualPredictor

__all__ = ["Pixel", "PixelConfig"]


class PixelConfig(RivalConfig, frozen=True, forbid_unknown_fields=True):
    """The settings of the network. ``head`` is solved so that its trained parameters are as many as the JEPA's."""

    VIDEO: ClassVar[Mapping[str, Any]] = {
        "latent": 128,
        "hidden": 256,
        "recurrent": True,
        "head": 323,
        "drawn_steps": 6,
    }
    latent: int = 64
    width: int = 16
    hidden: int = 384
    recurrent: bool = False
    head: int = 250
    drawn_steps: int = 2
    """How many seen and how many predicted frames of a clip are drawn at each training step; all would be too slow."""


class Pixel(Rival):
    """Draws frames from predicted latents. A state is a latent, (…, config.latent).

    With actions, latents are rolled out from the first frame. In plain video the next latent is predicted from all
    earlier ones, as a change of the last.

    Plans use distances of positions that are read off the latents. Distances of drawn pixels would not change with how
    far a small agent is from its goal once the two do not overlap.
    """

    kind: ClassVar[str] = "pixel"
    Config: ClassVar[type[PixelConfig]] = PixelConfig

    def __init__(self, config: PixelConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = NarrowEncoder(config.latent, config.width, config.head)
        self.decoder = Decoder(config.latent, config.width, config.head)
        kind = RecurrentPredictor if config.recurrent else ResidualPredictor
        self.predictor: Predictor = kind(config.latent, config.action_size, config.hidden)
        self.places = PositionHead(config.latent, config.action_size) if config.action_size else None

    def forward(self, batch: Batch, step: int, generator: Generator) -> dict[str, Tensor]:
        """Give the losses by name.

        ``total``, ``next_frame``, ``same_frame`` (drawing a seen frame), ``same_latent`` and, with actions, ``places``.
        A decoder alone would let imagined latents differ from those of seen frames, and distances would mean nothing.
        In plain video, without ``same_frame`` and ``same_latent``, nothing out of sight was learned in 130 CPU-seconds.
        """
        everything = in_patches(batch.frames)
        usual = everything.mean(1, keepdim=True)
        if self.places is None:
            return self._watching_loss(everything, usual, generator)
        assert batch.actions is not None
        last = batch.frames.shape[1] - 1
        ahead = 1 + chosen_steps(last, self.config.drawn_steps, generator)
        one = chosen_steps(last, 1, generator)
        seen = torch.cat([torch.zeros(1, dtype=torch.long), one, one + 1])
        pictures = everything[:, torch.cat([seen, ahead])]
        self.encoder.observe(usual, everything)
        latents = self.encoder(pictures[:, : len(seen)])
        memories = self.predictor.watch(latents[:, :1], None)[:, -1]
        imagined = self._roll(latents[:, 0], memories, batch.actions, last)
        drawn = self.encoder.usual + self.decoder(torch.cat([latents, imagined[:, ahead - 1]], 1))
        weights = foreground_weights(pictures, usual)
        same_frame = weighted_miss(drawn[:, : len(seen)], pictures[:, : len(seen)], weights[:, : len(seen)])
        next_frame = weighted_miss(drawn[:, len(seen) :], pictures[:, len(seen) :], weights[:, len(seen) :])
        losses = {
            "next_frame": next_frame,
            "same_frame": same_frame,
            "same_latent": (imagined[:, seen[1:] - 1] - latents[:, 1:].detach()).square().mean(),
            "places": self.places.miss(latents, batch.actions, seen),
        }
        return {"total": torch.stack(list(losses.values())).sum(), **losses}

    def encode(self, frames: Tensor) -> Tensor:
        """Frames (B, T, H, W, 3) → latents (B, T, D)."""
        latents: Tensor = self.encoder(in_patches(frames))
        return latents

    def imagine(self, frames: Tensor, actions: Tensor) -> Tensor:
        """From past frames, between which the actions are unknown, under actions (B, N, K, A): latents (B, N, K, D)."""
        self._expect_actions()
        latents = self.encode(frames)
        memories = self.predictor.watch(latents, None)[:, -1]
        rows, plans, steps, _ = actions.shape
        start, remembered = latents[:, -1].repeat_interleave(plans, 0), memories.repeat_interleave(plans, 0)
        return self._roll(start, remembered, actions.flatten(0, 1), steps).reshape(rows, plans, steps, -1)

    def surprise(self, frames: Tensor, actions: Tensor | None = None) -> Tensor:
        """Mean squared difference of each frame from the one that was drawn before it came: (B, T − 1).

        Without ``actions``, a model that was trained with actions takes them as 0.
        """
        pictures = in_patches(frames)
        latents = self.encoder(pictures)
        if actions is None and self.config.action_size:
            actions = latents.new_zeros(*latents[:, 1:].shape[:-1], self.config.action_size)
        drawn = self.encoder.usual + self.decoder(self._next(latents, actions))
        missed: Tensor = (drawn - pictures[:, 1:]).square().mean((-3, -2, -1))
        return missed

    def features(self, frames: Tensor, actions: Tensor | None = None) -> Tensor:
        """Latents and, if recurrent, memories after each frame: (B, T, F)."""
        latents = self.encode(frames)
        return torch.cat([latents, self.predictor.watch(latents, actions)], -1)

    def _watching_loss(self, pictures: Tensor, usual: Tensor, generator: Generator) -> dict[str, Tensor]:
        steps = chosen_steps(pictures.shape[1] - 1, self.config.drawn_steps, generator)
        self.encoder.observe(usual, pictures)
        latents = self.encoder(pictures)
        predicted = self._next(latents, None)
        drawn = self.encoder.usual + self.decoder(torch.cat([latents[:, steps + 1], predicted[:, steps]], 1))
        wanted = pictures[:, steps + 1]
        weights = foreground_weights(wanted, usual)
        losses = {
            "next_frame": weighted_miss(drawn[:, len(steps) :], wanted, weights),
            "same_frame": weighted_miss(drawn[:, : len(steps)], wanted, weights),
            "same_latent": (predicted - latents[:, 1:].detach()).square().mean(),
        }
        return {"total": torch.stack(list(losses.values())).sum(), **losses}

    def _next(self, latents: Tensor, actions: Tensor | None) -> Tensor:
        memories = self.predictor.watch(latents, actions)
        return self._ahead(latents[:, :-1], memories[:, :-1], actions)

    def _ahead(self, latents: Tensor, memories: Tensor, actions: Tensor | None) -> Tensor:
        following = self.predictor.ahead(latents, memories, actions)
        return latents + following if self.config.recurrent else following  # what is not recurrent adds it itself

    def _roll(self, latents: Tensor, memories: Tensor, actions: Tensor | None, steps: int) -> Tensor:
        imagined = []
        for step in range(steps):
            action = None if actions is None else actions[:, step]
            latents = self._ahead(latents, memories, action)
            memories = self.predictor.remember(memories, latents, action)
            imagined.append(latents)
        return torch.stack(imagined, 1)
