"""The collapse check: what a training must show before its model counts as trained.

Prediction loss and standard deviation are not enough: an encoder of only the static wall had a loss of 1e-4 and a
standard deviation of 1. The check measures how much of the latents' variance is over time, how well two latents predict
the action between them, and how many directions the latents fill.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from steelyard.errors import ExitCode, SteelyardError
from steelyard_world.data.batch import Source
from steelyard_world.learner import Learner

__all__ = ["Collapsed", "Health", "expect_health", "measure_health"]

MIN_SPREAD = 1e-3
MIN_TEMPORAL_SHARE = 0.01
MIN_INVERSE_GAIN = 0.05
MIN_RANK = 2.0

_CLIPS, _BATCHES = 384, 6  # for plain video this many batches are enough, as nothing is fitted to them
_FIRST_STEP = 2**31  # of the source: no training gets this far, so generated clips are fresh
_RANDOM_FEATURES = 256
_RIDGES = (1e-2, 1.0, 100.0)  # the last suppresses everything: the gain is about 0 where there is nothing to read

Array = NDArray[np.float64]


class Collapsed(SteelyardError):
    """A trained model's latents do not distinguish frames: exit code 1."""

    exit_code = ExitCode.INCONSISTENT


class Health(msgspec.Struct, frozen=True):
    """What the check measured over fresh clips of the source."""

    spread: float
    """The latents' standard deviation over their root mean square: 0 if all are the same."""
    temporal_share: float
    """The share of the latents' variance within clips, that is, over time: 0 if only what never moves is encoded."""
    effective_rank: float
    """exp of the entropy of the covariance's eigenvalues (Roy and Vetterli, 2007): how many directions are filled."""
    inverse_gain: float | None
    """1 − the error of the best prediction of actions over their variance, on held-out clips; None without actions."""
    finite: bool = True
    """Whether all latents are finite; if not, the other measures are 0."""

    @property
    def faults(self) -> list[str]:
        """The measures below their minimum, in words."""
        checks = (
            (self.spread, MIN_SPREAD, "all latents are nearly the same: spread"),
            (
                self.temporal_share,
                MIN_TEMPORAL_SHARE,
                "latents encode only what never moves: share of variance over time",
            ),
            (self.effective_rank, MIN_RANK, "latents fill too few directions: effective rank"),
            (self.inverse_gain, MIN_INVERSE_GAIN, "latents do not show which action was taken: inverse-dynamics gain"),
        )
        if not self.finite:
            return ["latents are not finite numbers"]
        return [
            f"{what} {seen:.3g}, at least {least:g}"
            for seen, least, what in checks
            if seen is not None and not seen >= least  # NaN fails too
        ]


def expect_health(health: Health) -> None:
    """Raise Collapsed, naming each measure below its minimum."""
    if faults := health.faults:
        raise Collapsed(
            f"the model collapsed ({'; '.join(faults)}): try a larger weight against collapse or of inverse dynamics, "
            "or a longer training"
        )


@torch.no_grad()
def measure_health(learner: Learner, source: Source) -> Health:
    """Encode some fresh clips and measure; a pure function of learner and source."""
    states, actions = _collect(learner, source)
    if not np.isfinite(states).all():
        return _unmeasured(actions)
    try:
        return _measured(states, actions)
    except np.linalg.LinAlgError:
        return _unmeasured(actions)


def _unmeasured(actions: Array | None) -> Health:
    return Health(0.0, 0.0, 0.0, None if actions is None else 0.0, finite=False)


def _measured(states: Array, actions: Array | None) -> Health:
    flat = states.reshape(-1, states.shape[-1])
    variance = float(flat.var(0).sum())
    within = float(((states - states.mean(1, keepdims=True)) ** 2).mean((0, 1)).sum())
    size = math.sqrt(float((flat**2).mean(0).sum()))
    return Health(
        spread=math.sqrt(variance) / size if size else 0.0,
        temporal_share=within / variance if variance else 0.0,
        effective_rank=_effective_rank(flat),
        inverse_gain=None if actions is None else _inverse_gain(states, actions),
    )


def _collect(learner: Learner, source: Source) -> tuple[Array, Array | None]:
    states: list[Array] = []
    actions: list[Array] = []
    step = _FIRST_STEP
    device = next((parameter.device for parameter in learner.parameters()), torch.device("cpu"))
    while sum(len(part) for part in states) < _CLIPS and (source.action_size or len(states) < _BATCHES):
        batch = source.batch(step, slice(None))
        states.append(learner.encode(batch.frames.to(device)).float().cpu().numpy().astype(np.float64))
        if batch.actions is not None:
            actions.append(batch.actions.numpy().astype(np.float64))
        step += 1
    return np.concatenate(states), np.concatenate(actions) if actions else None


def _effective_rank(flat: Array) -> float:
    values = np.linalg.eigvalsh(np.cov(flat.T).reshape(flat.shape[1], flat.shape[1])).clip(0)
    if not values.sum():
        return 0.0
    shares = values[values > 0] / values.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def _inverse_gain(states: Array, actions: Array) -> float:
    """The best ridge regression on latents and random features, fitted on every other clip, scored on the rest."""
    pairs = np.concatenate([states[:, :-1], states[:, 1:] - states[:, :-1]], -1)
    pairs = (pairs - pairs.mean((0, 1))) / (pairs.std((0, 1)) + 1e-9)
    directions = np.random.default_rng(0).standard_normal((pairs.shape[-1], _RANDOM_FEATURES)) / math.sqrt(
        pairs.shape[-1]
    )
    read = np.concatenate([pairs, np.maximum(pairs @ directions, 0), np.ones((*pairs.shape[:2], 1))], -1)
    known, unknown = (read[half::2].reshape(-1, read.shape[-1]) for half in (0, 1))
    known_actions, unknown_actions = (actions[half::2].reshape(-1, actions.shape[-1]) for half in (0, 1))
    gram, target = known.T @ known / len(known), known.T @ known_actions / len(known)
    fits = (np.linalg.solve(gram + ridge * np.eye(len(gram)), target) for ridge in _RIDGES)
    variance = float(unknown_actions.var(0).mean())
    if not variance:
        return 0.0
    return max(float(1 - ((unknown @ fit - unknown_actions) ** 2).mean() / variance) for fit in fits)
