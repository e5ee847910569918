"""The cross-entropy method: draw plans, keep the best, draw around those (Rubinstein 1999; de Boer et al. 2005)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from steelyard_world.planners.cost import Cost
from steelyard_world.planners.settings import PlannerSettings
from steelyard_world.sim.exploration import limited
from steelyard_world.sim.rng import standard_normal
from steelyard_world.sim.simulator import Floats

__all__ = ["cem", "drawn"]

_LEAST_SPREAD = 0.025  # action limits, so that elites that agree do not end the search


def cem(
    cost: Cost, seeds: Sequence[int], settings: PlannerSettings, *, action_size: int, action_limit: float
) -> Floats:
    """Plan E episodes at once: (E, horizon · repeat, A). The plan of an episode depends on its own seed alone.

    The mean of each round takes part in the next, and the best of the last round is the plan.
    """
    shape = (len(seeds), settings.horizon, action_size)
    mean = np.zeros(shape, dtype=np.float32)
    deviation = np.full(shape, settings.spread * action_limit, dtype=np.float32)
    for iteration in range(settings.iterations):
        plans = drawn(mean, deviation, seeds, settings.samples, iteration, action_limit)
        costs = cost(np.repeat(plans, settings.repeat, axis=2))
        best = np.argsort(costs, axis=1, kind="stable")[:, : settings.elites]
        elites = np.take_along_axis(plans, best[:, :, None, None], axis=1)
        mean = elites.mean(axis=1)
        deviation = elites.std(axis=1) + np.float32(_LEAST_SPREAD * action_limit)
    return np.repeat(elites[:, 0], settings.repeat, axis=1)


def drawn(
    mean: Floats, deviation: Floats, seeds: Sequence[int], samples: int, iteration: int, action_limit: float
) -> Floats:
    """Draw plans (E, N, K, A) around means (E, K, A), each step within the limit; the first plan is the mean itself."""
    episodes, horizon, size = mean.shape
    noise = standard_normal(seeds, samples * horizon * size, iteration).astype(np.float32)
    noise = noise.reshape(episodes, samples, horizon, size)
    noise[:, 0] = 0
    return limited(mean[:, None] + deviation[:, None] * noise, action_limit)
