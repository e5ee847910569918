"""The recurrent state-space rival, small: GRU, stochastic state, reconstruction and KL (Hafner et al. 2019, 2021)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Generator, Tensor, nn

from steelyard_world.data.batch import Batch
from steelyard_world.models.baselines.position_head import PositionHead
from steelyard_world.models.baselines.reconstruction import (
    Decoder,
    NarrowEncoder,
    brought_in,
    chosen_steps,
    foreground_weights,
    in_patches,
    weighted_miss,
)
from steelyard_world.models.baselines.rival import Rival, RivalConfig
from steelyard_world.models.losses.gathered import noise_of_rows

__all__ = ["Rssm", "RssmConfig"]

_LEAST_DEVIATION = 0.1
_NARROWER = 2.0  # deviations begin at .23: noise as large as the latents lets nothing small through


class RssmConfig(RivalConfig, frozen=True, forbid_unknown_fields=True):
    """The settings of the network. ``head`` is solved so that its trained parameters are as many as the JEPA's."""

    VIDEO: ClassVar[Mapping[str, Any]] = {"latent": 128, "hidden": 256, "head": 326, "drawn_steps": 6, "overshoot": 0.0}
    latent: int = 32
    width: int = 16
    hidden: int = 200
    head: int = 267
    drawn_steps: int = 3
    """How many frames of a clip are drawn at each training step."""
    kl_weight: float = 0.002
    """Per nat, where the loss of pixels is ten times a weighted mean. Dreamer's 1 to a sum over pixels is .0016."""
    prior_share: float = 0.8
    """KL balancing (DreamerV2): how much more the prior is moved to the posterior than the other way."""
    free_nats: float = 1.0
    overshoot: float = 1.0
    """Weight of the KL of priors rolled out from the first frame (PlaNet's latent overshooting); 0: one step alone."""


class _Normal(NamedTuple):
    """Independent normals, (…, D) each."""

    mean: Tensor
    deviation: Tensor


class Rssm(Rival):
    """A state is the mean of the stochastic state, (…, config.latent).

    As in Dreamer, a GRU keeps the past, and a prior read off it predicts the next stochastic state. The posterior reads
    its frame alone, and the frame is drawn from the stochastic state alone, so that a goal frame has a state of its
    own. Surprise is the KL of the posterior from the prior, in nats.
    """

    kind: ClassVar[str] = "rssm"
    Config: ClassVar[type[RssmConfig]] = RssmConfig

    def __init__(self, config: RssmConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = NarrowEncoder(2 * config.latent, config.width, config.head)
        self.decoder = Decoder(config.latent, config.width, config.head)
        self.width = nn.Linear(config.latent, config.latent)
        self.memory = nn.GRU(config.latent + config.action_size, config.hidden, batch_first=True)
        self.prior = nn.Sequential(
            nn.Linear(config.hidden, config.hidden), nn.SiLU(), nn.Linear(config.hidden, 2 * config.latent)
        )

        self.places = PositionHead(config.latent, config.action_size) if config.action_size else None

    def forward(self, batch: Batch, step: int, generator: Generator) -> dict[str, Tensor]:
        """Give ``total``, ``same_frame``, ``kl``, ``overshoot`` where it is used and, with actions, ``places``.

        At first only means are drawn and no prior pulls at them; noise and pull are then phased in.
        """
        config, pictures = self.config, in_patches(batch.frames)
        usual = pictures.mean(1, keepdim=True)
        self.encoder.observe(usual, pictures)
        posterior, share = self._posterior(pictures), brought_in(step)
        states = posterior.mean + share * posterior.deviation * noise_of_rows(posterior.mean, generator)
        drawn = chosen_steps(pictures.shape[1], config.drawn_steps, generator)
        weights = foreground_weights(pictures[:, drawn], usual)
        shown = self.encoder.usual + self.decoder(states[:, drawn])
        losses = {"same_frame": weighted_miss(shown, pictures[:, drawn], weights)}
        following = _Normal(posterior.mean[:, 1:], posterior.deviation[:, 1:])
        # The prior reads means, as in imagination: it adds a change to them, and noise would stay in the sum.
        # The gradients of later losses are phased in with the pull.
        known = posterior.mean.detach() + share * (posterior.mean - posterior.mean.detach())
        expected, _ = self._expect(known[:, :-1], batch.actions)
        losses["kl"] = config.kl_weight * self._balanced(following, expected, share)
        if config.overshoot:
            rolled = self._roll(known[:, 0], batch.actions, states.shape[1] - 1, None)
            fixed = _Normal(following.mean.detach(), following.deviation.detach())
            losses["overshoot"] = config.overshoot * config.kl_weight * self._free(_divergence(fixed, rolled))
        if self.places is not None and batch.actions is not None:
            losses["places"] = self.places.miss(posterior.mean, batch.actions)
        return {"total": torch.stack(list(losses.values())).sum(), **losses}

    def encode(self, frames: Tensor) -> Tensor:
        """Frames (B, T, H, W, 3) → means of the posteriors (B, T, D)."""
        return self._posterior(in_patches(frames)).mean

    def imagine(self, frames: Tensor, actions: Tensor) -> Tensor:
        """From the last of the past frames under actions (B, N, K, A): means of rolled priors (B, N, K, D)."""
        self._expect_actions()
        states = self.encode(frames)
        past = None
        if states.shape[1] > 1:
            past = self._expect(states[:, :-1], states.new_zeros(*states[:, 1:].shape[:-1], self.config.action_size))[1]
        rows, plans, steps, _ = actions.shape
        start = states[:, -1].repeat_interleave(plans, 0)
        past = None if past is None else past.repeat_interleave(plans, 1)
        return self._roll(start, actions.flatten(0, 1), steps, past).mean.reshape(rows, plans, steps, -1)

    def surprise(self, frames: Tensor, actions: Tensor | None = None) -> Tensor:
        """Nats by which each frame's posterior differs from its prior: (B, T − 1). Unknown actions are taken as 0."""
        posterior = self._posterior(in_patches(frames))
        expected, _ = self._expect(posterior.mean[:, :-1], actions)
        return _divergence(_Normal(posterior.mean[:, 1:], posterior.deviation[:, 1:]), expected)

    def features(self, frames: Tensor, actions: Tensor | None = None) -> Tensor:
        """Means, and the GRU's memory once each has been seen (an action of 0 after the last): (B, T, F)."""
        states = self.encode(frames)
        actions = self._one_more(actions)
        return torch.cat([states, self.memory(self._with_actions(states, actions))[0]], -1)

    def _posterior(self, pictures: Tensor) -> _Normal:
        mean, raw = self.encoder(pictures).chunk(2, -1)
        return _normal(torch.cat([mean, self.width(raw)], -1))

    def _expect(self, states: Tensor, actions: Tensor | None) -> tuple[_Normal, Tensor]:
        """Priors of what follows each of the states (B, T, D), and the GRU's last memory (1, B, hidden)."""
        memories, last = self.memory(self._with_actions(states, actions))
        change, deviation = _normal(self.prior(memories))
        return _Normal(states + change, deviation), last

    def _roll(self, state: Tensor, actions: Tensor | None, steps: int, memory: Tensor | None) -> _Normal:
        """Priors (B, K, D) that follow a state (B, D) when each step is expected from the mean before it."""
        means, deviations = [], []
        for step in range(steps):
            action = None if actions is None else actions[:, step : step + 1]
            after, memory = self.memory(self._with_actions(state[:, None], action), memory)
            change, deviation = _normal(self.prior(after[:, 0]))
            state = state + change
            means.append(state)
            deviations.append(deviation)
        return _Normal(torch.stack(means, 1), torch.stack(deviations, 1))

    def _balanced(self, posterior: _Normal, prior: _Normal, pull: float) -> Tensor:
        """The prior learns from the first step on; the posterior is pulled by a share ``pull`` of the full weight."""
        share = self.config.prior_share
        to_posterior = _divergence(_Normal(posterior.mean.detach(), posterior.deviation.detach()), prior)
        to_prior = _divergence(posterior, _Normal(prior.mean.detach(), prior.deviation.detach()))
        balanced: Tensor = share * self._free(to_posterior) + pull * (1 - share) * self._free(to_prior)
        return balanced

    def _free(self, nats: Tensor) -> Tensor:
        return nats.clamp_min(self.config.free_nats).mean()


def _normal(both: Tensor) -> _Normal:
    mean, raw = both.chunk(2, -1)
    return _Normal(mean, nn.functional.softplus(raw - _NARROWER) + _LEAST_DEVIATION)


def _divergence(first: _Normal, second: _Normal) -> Tensor:
    """KL(first ‖ second) of diagonal normals, summed over the last axis: (…)."""
    variance_ratio = (first.deviation / second.deviation).square()
    apart = ((first.mean - second.mean) / second.deviation).square()
    return 0.5 * (variance_ratio + apart - 1 - variance_ratio.log()).sum(-1)
