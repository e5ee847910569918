"""One false-alarm level for a whole report."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["adjusted_p", "weighted_holm"]


def weighted_holm(p_values: Sequence[float], weights: Sequence[float], alpha: float) -> list[bool]:
    """Which nulls are rejected with the probability of any false rejection at most α, under any dependence.

    Holm 1979, §4: step down by p/weight; each step compares p with α times the weight's share of what is left.
    ``weights`` are positive and fixed before the data; only their proportions count. Valid for anytime p-values too.
    """
    if len(weights) != len(p_values) or any(weight <= 0 for weight in weights):
        raise ValueError("each p-value needs a positive weight")
    rejected = [False] * len(p_values)
    order = sorted(range(len(p_values)), key=lambda i: p_values[i] / weights[i])
    for step, i in enumerate(order):
        left = math.fsum(weights[j] for j in order[step:])
        if p_values[i] > alpha * weights[i] / left:
            break
        rejected[i] = True
    return rejected


def adjusted_p(p_values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The least level α at which :func:`weighted_holm` rejects each null, at most 1.

    Holm's adjusted p-values with weights (Westfall, Krishen & Young 1998, "Using prior information to allocate
    significance levels for multiple endpoints"). Raises ValueError as :func:`weighted_holm` does.
    """
    if len(weights) != len(p_values) or any(weight <= 0 for weight in weights):
        raise ValueError("each p-value needs a positive weight")
    adjusted = [1.0] * len(p_values)
    order = sorted(range(len(p_values)), key=lambda i: p_values[i] / weights[i])
    least = 0.0
    left = math.fsum(weights)
    for i in order:
        least = max(least, min(1.0, p_values[i] * left / weights[i]))
        adjusted[i] = least
        left -= weights[i]
    return adjusted
