"""A JEPA for worlds whose layouts vary: a vector for what moves, a map of tokens for what does not.

The predictor reads the map of the frame it starts from; see :mod:`steelyard_world.models.nets.token_map` for why.
docs/worldmodel.md describes what was tried before.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec
import torch
from torch import Generator, Tensor, nn

from steelyard.errors import InputError
from steelyard_world.data.batch import Batch
from steelyard_world.learner import Learner
from steelyard_world.models.losses.inverse_dynamics import InverseDynamics
from steelyard_world.models.losses.sigreg import sigreg
from steelyard_world.models.nets.token_map import MapEncoder, MapPredictor, PatchEncoder, patches

__all__ = ["JepaMap", "JepaMapConfig"]

_LATENT_LOSS_AT_FIRST = 0.1  # the displacement is learned first: predicting an empty latent would teach nothing
_DOUBT = 0.5  # half actions: larger errors pull less and less
_NEAR = 0.3  # half actions: the loss is quadratic up to here, then linear
_CHUNK = 1024  # imagined latents at once: their hidden layers stay in the cache


class JepaMapConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of the network and the weights of its losses; the defaults are the recipe for two rooms."""

    action_size: int = 2
    latent: int = 32
    width: int = 16
    channels: int = 8
    hidden: int = 128
    effect: int = 16
    """Numbers that encode the effect of an action, at least two."""
    rollout: int = 8
    anti_collapse_weight: float = 0.03
    inverse_weight: float = 1.0
    displacement_weight: float = 1.5
    place_weight: float = 1.0
    detached_targets: bool = True
    """Whether targets have no gradient: needed for a fixed layout, no help where layouts vary."""
    displacement: Literal["cauchy", "huber"] = "cauchy"
    """The loss of the distance between a position and where the actions alone would lead."""
    integrated_places: bool = False
    """Whether the next position is this one plus its effect's displacement, whatever else is in the latent.

    Where layouts vary, no training failed with it; with a fixed layout, planning was worse (docs/worldmodel.md).
    """
    ramp_steps: int = 300
    """Steps until the losses of prediction have their whole weight."""


class JepaMap(Learner):
    """Predicts latents (…, config.latent) on the map of the frame that a prediction starts from.

    ``place`` reads the agent's position off a latent, in units of actions. It is learned from actions alone, whose sums
    it must match where nothing is in the way. :meth:`distance` compares such positions.

    Raises InputError for settings without two numbers an action or with fewer than two for an effect.
    """

    kind: ClassVar[str] = "jepa-map"
    can_collapse: ClassVar[bool] = True
    Config: ClassVar[type[JepaMapConfig]] = JepaMapConfig

    def __init__(self, config: JepaMapConfig) -> None:
        super().__init__()
        if config.action_size != 2:
            raise InputError(
                "a jepa-map needs two numbers an action, which move in the plane of the picture: use jepa instead"
            )
        if config.effect < 2:
            raise InputError("a jepa-map needs at least two numbers for an effect")
        self.config = config
        self.encoder = PatchEncoder(config.latent, config.width)
        self.map = MapEncoder(config.channels)
        self.predictor = MapPredictor(config.latent, config.channels, config.hidden, config.effect)
        self.inverse = InverseDynamics(config.latent, config.action_size)
        self.place = nn.Linear(config.latent, config.action_size, bias=False)

    def forward(self, batch: Batch, step: int, generator: Generator) -> dict[str, Tensor]:
        """Give ``total`` and its weighted terms. The first step also measures the channels' means and variances."""
        config, actions = self.config, batch.actions
        assert actions is not None
        tokens = patches(batch.frames)
        if step == 0:
            self.encoder.standardise(tokens)
        latents, maps = self.encoder(tokens), self.map(tokens[:, 0])
        places = self.place(latents)
        back = self._back()
        ahead, led = self._ahead(latents[:, :-1], places[:, :-1], maps, actions, back)
        imagined, imagined_places = self._roll(ahead[:, :1], led[:, :1], maps, actions[:, 1 : config.rollout], back)
        ramp = min(1.0, _LATENT_LOSS_AT_FIRST + step / config.ramp_steps)
        span = imagined.shape[1]
        wanted, there = latents[:, 1:], places[:, 1 : span + 1]
        if config.detached_targets:  # else the two sides of the only wall may merge, which predicts better
            wanted, there = wanted.detach(), there.detach()
        losses = {
            "one_step": ramp * (ahead - wanted).square().mean(),
            "rollout": ramp * (imagined - wanted[:, :span]).square().mean(),
            "anti_collapse": config.anti_collapse_weight * _spread(latents, generator),
            "inverse": config.inverse_weight
            * (self.inverse(latents[:, :-1], latents[:, 1:]) - actions).square().mean(),
            "displacement": config.displacement_weight * _displacement(places, actions, config.displacement),
            "place": config.place_weight * (imagined_places - there).square().mean(),
        }
        return {"total": torch.stack(list(losses.values())).sum(), **losses}

    def encode(self, frames: Tensor) -> Tensor:
        """Frames (B, T, H, W, 3) → latents (B, T, D); the map is no part of them."""
        latents: Tensor = self.encoder(patches(frames))
        return latents

    def imagine(self, frames: Tensor, actions: Tensor) -> Tensor:
        """Roll out from the last of past frames (B, T, H, W, 3), under actions (B, N, K, A)."""
        tokens = patches(frames[:, -1])
        latents, maps = self.encoder(tokens)[:, None], self.map(tokens)
        rows, plans, steps, _ = actions.shape
        imagined: Tensor = latents.new_empty(rows, plans, steps, self.config.latent)
        back = self._back()
        at_once = max(1, _CHUNK // plans)
        for first in range(0, rows, at_once):
            part = slice(first, first + at_once)
            now = latents[part].expand(-1, plans, -1)
            places = self.place(now)
            for step in range(steps):
                now, places = self._ahead(now, places, maps[part], actions[part, :, step], back)
                imagined[part, :, step] = now
        return imagined

    def distance(self, states: Tensor, goals: Tensor) -> Tensor:
        """Squared distances of places, in squared actions: states (B, N, K, D), goals (B, H, W, 3) → (B, N, K)."""
        there = self.place(self.encoder(patches(goals)))
        squares: Tensor = (self.place(states) - there[:, None, None]).square().sum(-1)
        return squares

    def surprise(self, frames: Tensor, actions: Tensor | None = None) -> Tensor:
        """How far each frame's latent is from that predicted on the map of the frame before: (B, T − 1).

        Without actions they are read off by inverse dynamics: the surprise is then what no action explains.
        """
        tokens = patches(frames)
        latents = self.encoder(tokens)
        if actions is None:
            actions = self.inverse(latents[:, :-1], latents[:, 1:])
        maps = self.map(tokens[:, :-1].flatten(0, 1))
        before, moves = latents[:, :-1].flatten(0, 1)[:, None], actions.flatten(0, 1)[:, None]
        ahead, _ = self._ahead(before, self.place(before), maps, moves, self._back())
        missed: Tensor = (ahead.reshape(latents[:, 1:].shape) - latents[:, 1:]).square().mean(-1)
        return missed

    def features(self, frames: Tensor, actions: Tensor | None = None) -> Tensor:
        """Latents and maps, flattened: (B, T, latent + 256 · channels)."""
        tokens = patches(frames)
        maps = self.map(tokens.flatten(0, 1)).reshape(*frames.shape[:2], -1)
        return torch.cat([self.encoder(tokens), maps], -1)

    def _ahead(
        self, latents: Tensor, places: Tensor, maps: Tensor, actions: Tensor, back: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """The next latents and positions; with ``integrated_places`` latents get the least change that fits both."""
        following, led = self.predictor(latents, places, maps, actions)
        if back is None:
            return following, self.place(following)
        return following + (led - self.place(following)) @ back, led

    def _back(self) -> Tensor | None:
        """From places to the least change of a latent that moves it so, (2, D): the pseudoinverse of ``place``."""
        if not self.config.integrated_places:
            return None
        weight = self.place.weight
        back: Tensor = torch.linalg.solve((weight @ weight.T).float(), weight)  # (bf16 has no solver)
        return back

    def _roll(
        self, latents: Tensor, places: Tensor, maps: Tensor, actions: Tensor, back: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Latents (B, 1, D) and places (B, 1, 2), and those that follow under actions (B, K, A): (B, 1 + K, …)."""
        imagined, led = [latents], [places]
        for step in range(actions.shape[1]):
            latents, places = self._ahead(latents, places, maps, actions[:, step : step + 1], back)
            imagined.append(latents)
            led.append(places)
        return torch.cat(imagined, 1), torch.cat(led, 1)


def _spread(latents: Tensor, generator: Generator) -> Tensor:
    """SIGReg over the first and over the last frames: within a clip, frames are no independent sample."""
    return (sigreg(latents[:, 0], generator) + sigreg(latents[:, -1], generator)) / 2


def _displacement(places: Tensor, actions: Tensor, loss: Literal["cauchy", "huber"]) -> Tensor:
    """The loss of positions that do not move by their actions, one by one and summed.

    An agent that a wall stops moves otherwise. Cauchy's loss hardly pulls at such large errors: in the fixed layout a
    loss that grows with the distance pulled the two sides of the wall together. Where layouts vary there is no such
    pull, and Huber's loss learns faster.
    """
    each = places[:, 1:] - places[:, :-1] - actions
    whole = places[:, 1:] - places[:, :1] - actions.cumsum(1)
    if loss == "huber":
        zero = torch.zeros_like(each)
        one, summed = (nn.functional.smooth_l1_loss(missed, zero, beta=_NEAR) for missed in (each, whole))
        return one + summed / 2
    return _DOUBT * torch.log1p((torch.stack([each, whole / 2]) / _DOUBT).square()).mean()
