"""How far two rankings of the same things agree, with an interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

__all__ = ["MIN_PAIRS", "spearman"]

MIN_PAIRS = 10
"""With fewer pairs the interval says nothing."""


def spearman(first: Sequence[float], second: Sequence[float], alpha: float = 0.05) -> tuple[float, float, float] | None:
    """Spearman's ρ with its interval (low, high) at level 1 − α; ties have their mean rank.

    The interval is Fisher's z with the variance (1 + ρ²/2)/(n − 3) (Bonett & Wright 2000, "Sample size requirements for
    estimating Pearson, Kendall and Spearman correlations"). None for fewer than ``MIN_PAIRS`` pairs, and where one of
    the two never varies. Raises ValueError for different lengths.
    """
    if len(first) != len(second):
        raise ValueError("a correlation needs pairs")
    n = len(first)
    if n < MIN_PAIRS or len(set(first)) < 2 or len(set(second)) < 2:
        return None
    a, b = _ranks(first), _ranks(second)
    middle = (n + 1) / 2
    spread = math.sqrt(math.fsum((x - middle) ** 2 for x in a) * math.fsum((y - middle) ** 2 for y in b))
    rho = max(-1.0, min(1.0, math.fsum((x - middle) * (y - middle) for x, y in zip(a, b, strict=True)) / spread))
    if abs(rho) == 1.0:
        return rho, rho, rho
    reach = NormalDist().inv_cdf(1 - alpha / 2) * math.sqrt((1 + rho * rho / 2) / (n - 3))
    return rho, math.tanh(math.atanh(rho) - reach), math.tanh(math.atanh(rho) + reach)


def _ranks(values: Sequence[float]) -> list[float]:
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    begin = 0
    while begin < len(order):
        end = begin
        while end < len(order) and values[order[end]] == values[order[begin]]:
            end += 1
        for place in order[begin:end]:
            ranks[place] = (begin + end + 1) / 2
        begin = end
    return ranks
