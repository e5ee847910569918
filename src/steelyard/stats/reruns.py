"""Implied re-runs: how often the served system would have to be run for its best run to reach the claim.

A vendor may run a sampled system many times and print the best. That needs no false number, only luck; this module
computes how much.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from steelyard.stats.intervals import clopper_pearson_upper
from steelyard.stats.sequential import log_e_inconsistent

__all__ = ["implied_reruns"]

MAX_RERUNS = 10**6


def implied_reruns(
    n: int,
    right: int,
    claimed: Fraction,
    population: int,
    q: Sequence[float] = (0.05, 0.5),
    alpha: float = 0.05,
    cells: int | None = None,
) -> dict[str, int | None]:
    """At least how many full runs of the served system reach ``claimed`` with probability q: ⌈ln(1 − q)/ln(1 − π)⌉.

    π = P(Bin(population, p_U) ≥ population · claimed), with p_U an upper bound at level 1 − α of the served system's
    rate after ``right`` of ``n`` answers (count the missing as right). ``claimed`` is a proportion: the least that
    would be printed as the claim. ``cells`` is what ``n`` was drawn from where that is more than one pass over the
    population (repeats). Keys are the levels as text ("0.05"); None means more than 10⁶. Under greedy decoding
    runs do not differ, and this does not apply.
    """
    from scipy.special import betainc

    reached = math.ceil(population * claimed)
    rate = _upper_rate(n, right, cells or population, alpha)
    chance = 1.0 if reached <= 0 else 0.0 if reached > population else betainc(reached, population - reached + 1, rate)
    return {f"{level:g}": _runs(float(chance), level) for level in q}


def _runs(chance: float, level: float) -> int | None:
    """Runs until the best of them succeeds with probability ``level``, one succeeding with ``chance``."""
    if chance >= level:
        return 1
    runs = math.log1p(-level) / math.log1p(-chance) if chance > 0 else math.inf
    return math.ceil(runs) if runs <= MAX_RERUNS else None


def _upper_rate(n: int, right: int, population: int, alpha: float) -> float:
    """The larger of two bounds, because each alone is too low somewhere.

    Clopper-Pearson's does not know that the audit stopped when answers looked bad; the largest share that our own
    sequential test has not rejected does, but not that a full pass is itself one noisy run.
    """
    if n == 0:
        return 1.0
    low, high = right, population - (n - right) + 1
    while high - low > 1:
        middle = (low + high) // 2
        if log_e_inconsistent(n, right, population, middle) < -math.log(alpha):
            low = middle
        else:
            high = middle
    return max(low / population, clopper_pearson_upper(right, n, alpha))
