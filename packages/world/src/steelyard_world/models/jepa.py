"""The joint embedding predictive architecture: an encoder and a predictor of the next latent, without a decoder.

After LeCun's position paper (2022), with what small models were found to need: a rollout of several steps
besides the one-step loss, SIGReg (or VICReg, or a slow target) against collapse, inverse dynamics where layouts vary.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import msgspec
import torch
from torch import Generator, Tensor, nn

from steelyard.errors import InputError, MissingDependency
from steelyard_world.data.batch import Batch, to_unit
from steelyard_world.learner import Learner
from steelyard_world.models.losses.ema import follow, slow_copy
from steelyard_world.models.losses.inverse_dynamics import InverseDynamics
from steelyard_world.models.losses.sigreg import sigreg
from steelyard_world.models.losses.vicreg import vicreg
from steelyard_world.models.nets.encoder import ConvEncoder
from steelyard_world.models.nets.predictor import Predictor, RecurrentPredictor, ResidualPredictor

__all__ = ["Jepa", "JepaConfig"]

_CENTRED_VARIANCE = 0.5  # share of the variance for what changes in a clip; the rest is left for what does not
_Width = Annotated[int, msgspec.Meta(ge=1, le=16_384)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=16_384)]
_Weight = Annotated[float, msgspec.Meta(ge=0)]
_VARIANCE_TO_COVARIANCE = 2  # VICReg's hinge weighs twice its covariance here: 16 and 8 in the trials


class JepaConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of a JEPA. The defaults are the recipe with actions, :meth:`for_video` is that for plain video."""

    action_size: _Count = 2
    """Numbers in one action; 0 for plain video, which needs ``recurrent``."""
    latent: _Width = 64
    width: _Width = 16
    hidden: _Width = 384
    recurrent: bool = False
    """Whether a GRU predicts, so that what is out of sight is not lost."""
    anti_collapse: Literal["sigreg", "vicreg", "ema"] = "sigreg"
    anti_collapse_weight: _Weight = 0.1
    regularised_frames: _Width = 3
    """How many frames of each clip the term against collapse is computed over."""
    regularised_together: bool = False
    """Whether those frames are one sample of latents; else each is one, since frames of a clip share its layout."""
    inverse_weight: _Weight = 5.0
    rollout: _Count = 8
    momentum: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.99
    """How much of the slow target stays at each step, with ``anti_collapse`` "ema"."""
    centred_weight: _Weight = 0.0
    """Weight of SIGReg over latents less their clip's mean, which makes room in the latent for what changes."""
    horizons: tuple[_Width, ...] = ()
    """Frames ahead, beyond the next, that extra heads predict from the memory, in training only."""

    @classmethod
    def for_video(cls, **changed: Any) -> JepaConfig:
        """Give the recipe for plain video, with some settings changed.

        It is recurrent, has a wider latent, SIGReg .05 over 16 frames together, plain and centred, and predicts the
        frames 4 and 8 ahead too. docs/world-physics.md describes what each of these does.
        """
        recipe: dict[str, Any] = {
            "action_size": 0,
            "latent": 128,
            "hidden": 256,
            "recurrent": True,
            "anti_collapse_weight": 0.05,
            "regularised_frames": 16,
            "regularised_together": True,
            "inverse_weight": 0.0,
            "rollout": 0,
            "centred_weight": 0.05,
            "horizons": (4, 8),
        }
        return cls(**recipe | changed)


class Jepa(Learner):
    """Predicts latents of frames from latents of earlier ones. A state is a latent, (…, config.latent).

    Raises InputError for plain video without ``recurrent``, and for horizons with actions or below 1.
    """

    kind: ClassVar[str] = "jepa"
    can_collapse: ClassVar[bool] = True
    Config: ClassVar[type[JepaConfig]] = JepaConfig

    def __init__(self, config: JepaConfig) -> None:
        super().__init__()
        if config.action_size == 0 and not config.recurrent:
            raise InputError(
                "a JEPA of plain video must be recurrent, as one frame does not determine the next: set recurrent"
            )
        if config.horizons and (config.action_size or min(config.horizons) < 1):
            raise InputError("horizons are whole frames, at least 1, and only for plain video: with actions, set none")
        self.config = config
        self.encoder = ConvEncoder(config.latent, config.width)
        kind = RecurrentPredictor if config.recurrent else ResidualPredictor
        self.predictor: Predictor = kind(config.latent, config.action_size, config.hidden)
        acts = config.action_size > 0 and config.inverse_weight > 0
        self.inverse = InverseDynamics(config.latent, config.action_size) if acts else None
        self.further = nn.ModuleList(self._head() for _ in config.horizons)
        self.target: nn.Module | None = slow_copy(self.encoder) if config.anti_collapse == "ema" else None

    def forward(self, batch: Batch, step: int, generator: Generator) -> dict[str, Tensor]:
        """Give ``total`` and ``one_step``.

        And, where used, ``rollout``, ``further``, ``anti_collapse``, ``centred`` and ``inverse``.
        """
        config, actions = self.config, batch.actions
        latents = self.encoder(to_unit(batch.frames))
        targets = self._targets(batch.frames, latents)
        memories = self.predictor.watch(latents, actions)
        one_step = self._miss(self.predictor.ahead(latents[:, :-1], memories[:, :-1], actions), targets[:, 1:]).mean()
        losses = {"one_step": one_step}
        if config.rollout > 1:
            imagined = self._roll(latents[:, 0], memories[:, 0], actions, min(config.rollout, latents.shape[1] - 1))
            losses["rollout"] = self._miss(imagined, targets[:, 1 : 1 + imagined.shape[1]]).mean()
        if self.further:
            losses["further"] = self._further_miss(memories, targets)
        if self.target is None:
            losses["anti_collapse"] = config.anti_collapse_weight * self._against_collapse(latents, generator)
        if config.centred_weight:
            losses["centred"] = config.centred_weight * self._centred(latents, generator)
        if self.inverse is not None and actions is not None:
            losses["inverse"] = config.inverse_weight * self._inverse_miss(latents, actions)
        return {"total": torch.stack(list(losses.values())).sum(), **losses}

    def after_step(self, step: int, progress: float) -> None:
        """Move the slow target, if there is one."""
        if self.target is not None:
            follow(self.target, self.encoder, self.config.momentum)

    def encode(self, frames: Tensor) -> Tensor:
        """Frames (B, T, H, W, 3) → latents (B, T, D)."""
        latents: Tensor = self.encoder(to_unit(frames))
        return latents

    def imagine(self, frames: Tensor, actions: Tensor) -> Tensor:
        """Imagine from past frames (B, T, H, W, 3), without the actions between them, under actions (B, N, K, A).

        Raises MissingDependency for a model of plain video.
        """
        if self.config.action_size == 0:
            raise MissingDependency("this JEPA learned from plain video: it knows no actions to imagine under")
        latents = self.encode(frames)
        memories = self.predictor.watch(latents, None)[:, -1]
        rows, plans, steps, _ = actions.shape
        imagined = self._roll(
            latents[:, -1].repeat_interleave(plans, 0),
            memories.repeat_interleave(plans, 0),
            actions.flatten(0, 1),
            steps,
        )
        return imagined.reshape(rows, plans, steps, -1)

    def distance(self, states: Tensor, goals: Tensor) -> Tensor:
        """Euclidean distances of latents (B, N, K, D) to those of goal frames (B, H, W, 3): (B, N, K)."""
        there = self._target_of(goals[:, None])[:, 0]
        gaps: Tensor = torch.linalg.vector_norm(states - there[:, None, None], dim=-1)
        return gaps

    def surprise(self, frames: Tensor, actions: Tensor | None = None) -> Tensor:
        """How far each frame's latent is from the predicted one: (B, T − 1).

        Without ``actions``, a model that was trained with actions reads them off by inverse dynamics: the surprise is
        then what no action explains.
        """
        latents = self.encode(frames)
        if actions is None and self.config.action_size:
            actions = self._explaining(latents)
        memories = self.predictor.watch(latents, actions)
        predicted = self.predictor.ahead(latents[:, :-1], memories[:, :-1], actions)
        return self._miss(predicted, self._targets(frames, latents)[:, 1:]).mean(-1)

    def features(self, frames: Tensor, actions: Tensor | None = None) -> Tensor:
        """Latents and, if recurrent, memories after each frame: (B, T, F)."""
        latents = self.encode(frames)
        return torch.cat([latents, self.predictor.watch(latents, actions)], -1)

    def _roll(self, latents: Tensor, memories: Tensor, actions: Tensor | None, steps: int) -> Tensor:
        imagined = []
        for step in range(steps):
            action = None if actions is None else actions[:, step]
            latents = self.predictor.ahead(latents, memories, action)
            memories = self.predictor.remember(memories, latents, action)
            imagined.append(latents)
        return torch.stack(imagined, 1)

    def _targets(self, frames: Tensor, latents: Tensor) -> Tensor:
        return latents if self.target is None else self._target_of(frames)

    @torch.no_grad()
    def _target_of(self, frames: Tensor) -> Tensor:
        if self.target is None:
            return self.encode(frames)
        latents: Tensor = self.target(to_unit(frames))
        return latents

    def _miss(self, predicted: Tensor, wanted: Tensor) -> Tensor:
        """Squared differences; absolute ones against a slow target, as in V-JEPA."""
        missed = predicted - wanted
        if self.target is not None:
            return missed.abs()
        return missed.square()

    def _against_collapse(self, latents: Tensor, generator: Generator) -> Tensor:
        samples = self._regularised(latents, generator)
        if self.config.anti_collapse == "sigreg":
            return torch.stack([sigreg(sample, generator) for sample in samples]).mean()
        terms = [vicreg(sample) for sample in samples]
        return torch.stack([_VARIANCE_TO_COVARIANCE * hinge + covariance for hinge, covariance in terms]).mean()

    def _centred(self, latents: Tensor, generator: Generator) -> Tensor:
        """SIGReg of what changes in a clip: it penalises latents that encode only what does not move."""
        changing = (latents - latents.mean(1, keepdim=True)) / _CENTRED_VARIANCE**0.5
        return torch.stack([sigreg(sample, generator) for sample in self._regularised(changing, generator)]).mean()

    def _further_miss(self, memories: Tensor, targets: Tensor) -> Tensor:
        """The mean loss over the heads whose horizon the clip reaches.

        The others add 0 with a gradient of 0, since processes that train together wait for every gradient.
        """
        misses = [
            self._miss(head(memories[:, :-ahead]), targets[:, ahead:])
            for ahead, head in zip(self.config.horizons, self.further, strict=True)
        ]
        reached = [missed.mean() for missed in misses if missed.numel()]
        mean = torch.stack(reached).mean() if reached else targets.new_zeros(())
        return mean + sum(missed.sum() for missed in misses if not missed.numel())

    def _head(self) -> nn.Module:
        size = self.config.hidden
        return nn.Sequential(nn.Linear(size, size), nn.SiLU(), nn.Linear(size, self.config.latent))

    def _regularised(self, latents: Tensor, generator: Generator) -> list[Tensor]:
        length = latents.shape[1]
        count = min(self.config.regularised_frames, length)
        if self.config.regularised_together:
            chosen = torch.randperm(length, generator=generator)[:count]  # the same frames in every process
            return [latents[:, chosen.to(latents.device)].flatten(0, 1)]
        places = [round(place * (length - 1) / max(count - 1, 1)) for place in range(count)]
        return [latents[:, place] for place in places]

    def _inverse_miss(self, latents: Tensor, actions: Tensor) -> Tensor:
        assert self.inverse is not None
        miss: Tensor = (self.inverse(latents[:, :-1], latents[:, 1:]) - actions).square().mean()
        return miss

    def _explaining(self, latents: Tensor) -> Tensor:
        if self.inverse is None:
            return latents.new_zeros(*latents[:, 1:].shape[:-1], self.config.action_size)
        actions: Tensor = self.inverse(latents[:, :-1], latents[:, 1:])
        return actions
