"""Model predictive path integral control: plans are averaged, weighted by cost (Williams et al. 2017, eq. 34)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from steelyard_world.planners.cem import drawn
from steelyard_world.planners.cost import Cost
from steelyard_world.planners.settings import PlannerSettings
from steelyard_world.sim.exploration import limited
from steelyard_world.sim.simulator import Floats

__all__ = ["mppi"]


def mppi(
    cost: Cost, seeds: Sequence[int], settings: PlannerSettings, *, action_size: int, action_limit: float
) -> Floats:
    """Plan E episodes at once: (E, horizon · repeat, A). The plan of an episode depends on its own seed alone.

    Weights are exp(−(cost − least) / (temperature · deviation of the costs)): the unit of a distance does not matter.
    The spread of the samples halves with each iteration.
    """
    shape = (len(seeds), settings.horizon, action_size)
    mean = np.zeros(shape, dtype=np.float32)
    for iteration in range(settings.iterations):
        deviation = np.full(shape, settings.spread * action_limit * 0.5**iteration, dtype=np.float32)
        plans = drawn(mean, deviation, seeds, settings.samples, iteration, action_limit)
        costs = cost(np.repeat(plans, settings.repeat, axis=2)).astype(np.float64)
        above = costs - costs.min(axis=1, keepdims=True)
        unit = settings.temperature * np.maximum(costs.std(axis=1, keepdims=True), 1e-12)
        weights = np.exp(-above / unit)
        weights /= weights.sum(axis=1, keepdims=True)
        mean = np.einsum("en,enka->eka", weights, plans).astype(np.float32)
    return np.repeat(limited(mean, action_limit), settings.repeat, axis=1)
