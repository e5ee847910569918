"""Do ranks that should be uniform come too high together? The exact distribution of their sum.

*Null*: each of r ranks is uniform on 0 … m, independent of the others. Then the number of ways in which they sum to s
is the coefficient of xˢ in (1 + x + … + xᵐ)ʳ, and p = P(sum ≥ s) is a ratio of whole numbers: no approximation and no
simulation. A rank that is missing counts as 0, the least of all; so p is never smaller than with the whole.

The shares rank/m have mean ½ under the null. That their mean is *below* a margin is shown by the bets of
:mod:`steelyard.stats.bounded_mean`, where a missing rank counts as m.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

__all__ = ["detectable_mean", "least_sum", "rank_sum_p"]

_QUANTILE: Final = 1.2815515655446004  # of the normal distribution, at .9


def rank_sum_p(total: int, most: int, count: int) -> float:
    """P(sum ≥ ``total``) of ``count`` independent ranks, each uniform on 0 … ``most``; 1 where there are none.

    Raises ValueError for a total outside 0 … most × count, and for ``most`` below 1.
    """
    if most < 1 or not 0 <= total <= most * count:
        raise ValueError(f"{count} ranks up to {most} do not sum to {total}")
    p: float = _tails(most, count)[total] / (most + 1) ** count
    return p


def least_sum(level: float, most: int, count: int) -> int | None:
    """The least sum whose p is at most ``level``; None where not even the largest one's is."""
    whole = (most + 1) ** count
    return next((total for total, tail in enumerate(_tails(most, count)) if tail / whole <= level), None)


def detectable_mean(level: float, most: int, count: int) -> float | None:
    """The mean share rank/most that ``count`` ranks show at ``level`` with power .9; None where there is none.

    By the normal form, with the spread of uniform ranks (ranks that are high together spread less).
    """
    least = least_sum(level, most, count)
    if least is None:
        return None
    spread = math.sqrt((most + 2) / (12 * most * count))
    mean = least / (most * count) + _QUANTILE * spread
    return mean if mean < 1 else None


@lru_cache(maxsize=32)
def _tails(most: int, count: int) -> tuple[int, ...]:
    """By sum, in how many ways ``count`` ranks come to at least that much."""
    ways = [1]
    for _ in range(count):
        longer, window = [], 0
        for total in range(len(ways) + most):
            window += ways[total] if total < len(ways) else 0
            window -= ways[total - most - 1] if total > most else 0
            longer.append(window)
        ways = longer
    tails, above = [], 0
    for number in reversed(ways):
        above += number
        tails.append(above)
    return tuple(reversed(tails))
