"""From distances along an imagined way to one cost, which a planner minimises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from steelyard_world.sim.simulator import Floats

__all__ = ["Cost", "OverHorizon", "over_horizon"]

OverHorizon = Literal["min", "sum", "last"]

Cost = Callable[[Floats], Floats]
"""Action sequences (E, N, K, A) in the world's units → costs (E, N)."""


def over_horizon(distances: Floats, how: OverHorizon) -> Floats:
    """Distances (E, N, K) → costs (E, N): the least distance, the sum of them, or the last one."""
    if how == "min":
        return np.asarray(distances.min(axis=-1))
    return np.asarray(distances.sum(axis=-1) if how == "sum" else distances[..., -1])
