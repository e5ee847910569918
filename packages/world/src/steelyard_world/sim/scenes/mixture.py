"""Training scenes: possible ones only, of all kinds that the test scenes are cut from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from steelyard_world.sim.rng import uniform
from steelyard_world.sim.scenes.categories import continuity, inertia, permanence, solidity, throw
from steelyard_world.sim.scenes.states import THERE, empty_stage
from steelyard_world.sim.simulator import Floats

__all__ = ["mixed"]

_Seeds = Sequence[int]
_THROWS = (34, 64)  # pixels of rise


def mixed(seeds: _Seeds) -> Floats:
    """States (B, 24, 14) of one possible scene a seed: which kind it is comes from the seed too."""
    draws = uniform(seeds, 1, stream=10)[:, 0]
    kinds = np.searchsorted(np.cumsum([share for share, _ in _MIXTURE])[:-1], draws, side="right")
    states = empty_stage(len(draws))
    numbers = np.asarray(seeds, dtype=np.uint64)
    for kind, (_, make) in enumerate(_MIXTURE):
        rows = kinds == kind
        if rows.any():
            states[rows] = make(numbers[rows].tolist())
    return states


def _maybe_empty(states: Floats, seeds: _Seeds, share: float) -> Floats:
    empty = uniform(seeds, 1, stream=11)[:, 0] < share
    states[empty, :, THERE] = 0
    return states


def _thrown(seeds: _Seeds) -> Floats:
    low, high = _THROWS
    return throw(seeds, low + (high - low) * uniform(seeds, 1, stream=12)[:, 0])


_MIXTURE: tuple[tuple[float, Callable[[_Seeds], Floats]], ...] = (
    (0.30, lambda seeds: _maybe_empty(permanence(seeds).first, seeds, 0.35)),
    (0.20, lambda seeds: continuity(seeds).first),
    (0.15, lambda seeds: solidity(seeds, centred=False).first),
    (0.15, lambda seeds: _maybe_empty(inertia(seeds, centred=False).first, seeds, 0.10)),
    (0.20, _thrown),
)
