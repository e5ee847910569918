"""A ridge probe that reads the true state off a model's states, so that what it imagines can be drawn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from steelyard_world.sim.catalog import HELD_OUT
from steelyard_world.sim.simulator import Floats, Frames, Simulator

__all__ = ["StateProbe", "fit_state_probe"]

_FIRST_SEED = HELD_OUT + 10**6  # far from the episodes of tests and never in training
_READABLE = 0.5  # R²
_STRENGTHS = tuple(10.0**power for power in range(-2, 6))

Doubles = NDArray[np.float64]


class StateProbe:
    """Reads latent states (…, D) as states of the world (…, S).

    ``explained``: for each number of the state, R² on episodes that the probe was not fitted to; NaN where the number
    never changes. Values outside the range of the fit are clipped to it.
    """

    def __init__(self, known: Doubles, dual: Doubles, mean: Doubles, offset: Doubles, span: tuple[Doubles, Doubles]):
        self._known, self._dual, self._mean, self._offset, self._span = known, dual, mean, offset, span
        self.explained: dict[str, float] = {}
        self.as_seen: tuple[str, ...] = ()
        """Numbers that are constant in every episode and cannot be read: a latent may hold only what moves."""

    def __call__(self, latents: Floats | Doubles) -> Floats:
        """(…, D) → (…, S)."""
        flat = np.asarray(latents, dtype=np.float64).reshape(-1, latents.shape[-1])
        read = (flat - self._mean) @ self._known.T @ self._dual + self._offset
        return np.clip(read, *self._span).astype(np.float32).reshape(*latents.shape[:-1], -1)

    def scene(self, latents: Floats | Doubles, seen: Floats) -> Floats:
        """(…, D) → (…, S), with the numbers in ``as_seen`` taken from the state (S,) of the observed frame."""
        read = self(latents)
        kept = [list(self.explained).index(name) for name in self.as_seen]
        read[..., kept] = seen[kept]
        return read


def fit_state_probe(
    encode: Callable[[Frames], Floats], world: Simulator, *, episodes: int = 90, steps: int = 12, extra: int = 30
) -> StateProbe:
    """Fit on random walks with seeds of their own: frames (B, 64, 64, 3) → latents (B, D) → states.

    The strength of the ridge is the one of eight powers of ten with the least squared error on ``extra`` further
    episodes; the dual form (n × n, n frames) serves latents of any size. R² is of another ``extra`` episodes.
    """
    states = world.explore([_FIRST_SEED + number for number in range(episodes + 2 * extra)], steps)[0]
    latents = np.asarray(encode(world.draw(states.reshape(-1, states.shape[-1]))), dtype=np.float64)
    truth = states.reshape(len(latents), -1).astype(np.float64)
    fit, choose, judge = np.split(np.arange(len(latents)), [episodes * steps, (episodes + extra) * steps])
    mean, offset = latents[fit].mean(axis=0), truth[fit].mean(axis=0)
    known = latents[fit] - mean
    sizes, directions = np.linalg.eigh(known @ known.T)
    along = directions.T @ (truth[fit] - offset)
    scale = max(float(sizes[-1]), 1e-12) / len(fit)
    span = truth[fit].min(axis=0), truth[fit].max(axis=0)
    probes = [
        StateProbe(known, directions @ (along / (sizes.clip(min=0)[:, None] + each * scale)), mean, offset, span)
        for each in _STRENGTHS
    ]
    spread = truth[fit].std(axis=0) + 1e-9
    errors = [float((((probe(latents[choose]) - truth[choose]) / spread) ** 2).mean()) for probe in probes]
    best = probes[int(np.argmin(errors))]
    best.explained = dict(zip(world.state_names, _explained(best(latents[judge]), truth[judge]), strict=True))
    still = (states == states[:, :1]).all(axis=(0, 1))
    best.as_seen = tuple(
        name
        for (name, share), stays in zip(best.explained.items(), still, strict=True)
        if stays and not share > _READABLE
    )
    return best


def _explained(read: Floats, truth: Doubles) -> list[float]:
    around = ((truth - truth.mean(axis=0)) ** 2).sum(axis=0)
    left = ((read - truth) ** 2).sum(axis=0)
    return [
        1 - float(error / whole) if whole > 1e-9 else float("nan") for error, whole in zip(left, around, strict=True)
    ]
