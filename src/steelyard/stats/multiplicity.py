"""One false-alarm level for a whole report."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["weighted_holm"]


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
