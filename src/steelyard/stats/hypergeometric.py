"""Exact bounds for a score on a random part of a benchmark: which totals explain it, and what a total predicts.

The number of right answers X among ``drawn`` samples, taken at random without replacement from a population of N with M
right ones, is hypergeometric: P(X = x) = C(M, x) · C(N − M, drawn − x) / C(N, drawn) (Feller 1968, "An Introduction to
Probability Theory and Its Applications", vol. 1, II.6). Both bounds invert its tails in integers, so they are the same
on every machine, and neither approximates.
"""

from __future__ import annotations

import math
from fractions import Fraction

__all__ = ["least_drawn", "least_total"]


def least_total(population: int, drawn: int, right: int, alpha: float) -> int:
    """Smallest M in 0 … N for which at least ``right`` of ``drawn`` samples are right with probability > ``alpha``.

    It is the lower end of a one-sided confidence interval for M (Clopper & Pearson's argument, without replacement):
    whatever the true M is, P(least_total > M) ≤ alpha over the choice of the samples. 0 where ``right`` ≤ 0, and N + 1
    where no total gives so many (``right`` > ``drawn``). Raises ValueError for ``drawn`` outside 0 … N or α outside
    (0, 1).
    """
    _check(population, drawn, alpha)
    if right > drawn:
        return population + 1
    if right <= 0:
        return 0
    bound = Fraction(alpha) * math.comb(population, drawn)
    low, high = right - 1, population  # low: too few; high: plausible, since all right give ``drawn`` right
    while high - low > 1:
        middle = (low + high) // 2
        if _tail_exceeds(population, middle, drawn, right, bound):
            high = middle
        else:
            low = middle
    return high


def least_drawn(population: int, total: int, drawn: int, alpha: float) -> int:
    """Smallest r for which at most r of ``drawn`` samples are right with probability > ``alpha``, given M = ``total``.

    With at least ``total`` right ones in the population, fewer than r of the drawn are right with probability ≤ alpha.
    Raises ValueError for ``drawn`` or ``total`` outside 0 … N or α outside (0, 1).
    """
    _check(population, drawn, alpha)
    if not 0 <= total <= population:
        raise ValueError(f"a total is within 0 … {population}, not {total}")
    bound = Fraction(alpha) * math.comb(population, drawn)
    low, high = -1, min(drawn, total)  # at most so many is certain
    while high - low > 1:
        middle = (low + high) // 2
        # At most r right of those drawn is at least drawn − r wrong of them.
        if _tail_exceeds(population, population - total, drawn, drawn - middle, bound):
            high = middle
        else:
            low = middle
    return high


def _check(population: int, drawn: int, alpha: float) -> None:
    if not 0 <= drawn <= population:
        raise ValueError(f"a part is within 0 … {population} samples, not {drawn}")
    if not 0 < alpha < 1:
        raise ValueError(f"a level must be within (0, 1), not {alpha}")


def _tail_exceeds(population: int, hits: int, drawn: int, least: int, bound: Fraction) -> bool:
    """Whether P(X ≥ ``least``) is above a level, in exact integers; ``bound`` is the level times C(N, drawn).

    The terms t(x) = C(hits, x) · C(misses, drawn − x) are summed upwards. Their ratios fall, so that once a ratio r is
    below 1 the rest is at most the last term times r/(1 − r): the sum ends as soon as either answer is certain.
    """
    misses = population - hits
    x, last = max(least, drawn - misses, 0), min(hits, drawn)
    if x > last:
        return False
    term = total = math.comb(hits, x) * math.comb(misses, drawn - x)
    while total <= bound:
        over, under = (hits - x) * (drawn - x), (x + 1) * (misses - drawn + x + 1)
        if over == 0 or (over < under and (total - bound) * (under - over) + term * over <= 0):
            return False
        term = term * over // under
        total += term
        x += 1
    return True
