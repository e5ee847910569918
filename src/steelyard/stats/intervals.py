"""Intervals of a proportion: for a fixed number of answers, and valid at every look.

All take counts and give proportions in [0, 1].
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Final

__all__ = ["ENDLESS", "clopper_pearson", "clopper_pearson_upper", "confidence_sequence", "score_interval", "wilson"]

ENDLESS: Final = 10**7
"""A population for :func:`confidence_sequence` that stands for all passes: of a rate that answers vary about."""


def wilson(successes: int, n: int, alpha: float = 0.05) -> tuple[float, float]:
    """Wilson's score interval (1927) at level 1 − α for a fixed ``n``; (0, 1) for ``n`` = 0."""
    if n == 0:
        return 0.0, 1.0
    return score_interval(successes / n, n, NormalDist().inv_cdf(1 - alpha / 2))


def score_interval(share: float, n: float, z: float) -> tuple[float, float]:
    """Wilson's score interval of a ``share`` of ``n`` answers (any positive number) for the quantile ``z``."""
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return (0.0 if share == 0 else max(0.0, centre - half)), (1.0 if share == 1 else min(1.0, centre + half))


def clopper_pearson(successes: int, n: int, alpha: float = 0.05) -> tuple[float, float]:
    """Clopper and Pearson's exact interval (1934): covers at least 1 − α for a fixed ``n``; (0, 1) for ``n`` = 0."""
    lower = 1 - clopper_pearson_upper(n - successes, n, alpha / 2)
    return lower, clopper_pearson_upper(successes, n, alpha / 2)


def clopper_pearson_upper(successes: int, n: int, alpha: float = 0.05) -> float:
    """One-sided exact upper bound at level 1 − α: the rate at which so few successes have probability α."""
    from scipy.special import betaincinv

    return 1.0 if successes == n else float(betaincinv(successes + 1, n - successes, 1 - alpha))


def confidence_sequence(
    n: int, right_low: int, right_high: int, population: int, alpha: float = 0.05
) -> tuple[float, float]:
    """Interval of the population's share right that covers at all looks together with probability 1 − α.

    ``n`` of ``population`` samples were drawn in random order without replacement; ``right_low`` … ``right_high`` of
    them are right (two numbers where answers are missing, else the same). Prior-posterior ratio with a uniform prior
    on the number right in the population (Waudby-Smith & Ramdas 2020, "Confidence sequences for sampling without
    replacement", §2): every M whose posterior probability is at least α times its prior. (0, 1) before the first
    answer, a point after the last one where none is missing.
    """
    if n == 0:
        return 0.0, 1.0
    low, _ = _plausible_totals(n, right_low, population, alpha)
    _, high = _plausible_totals(n, right_high, population, alpha)
    return low / population, high / population


def _plausible_totals(n: int, right: int, population: int, alpha: float) -> tuple[int, int]:
    """Least and most right answers in the population that the ratio has not excluded; the posterior is unimodal."""
    wrong, rest = n - right, population - n
    # A hair wider than the exact set, so that rounding never excludes a total.
    least = math.log(alpha / (population + 1)) - 1e-9

    def kept(total: int) -> bool:
        further = total - right
        choose = math.lgamma(rest + 1) - math.lgamma(further + 1) - math.lgamma(rest - further + 1)
        posterior = _log_beta(1 + total, 1 + population - total) - _log_beta(1 + right, 1 + wrong)
        return choose + posterior >= least

    mode = min(max(right, right * (population + 1) // n), population - wrong)
    return (
        _last_kept(mode, right - 1, kept),
        _last_kept(mode, population - wrong + 1, kept),
    )


def _last_kept(inside: int, outside: int, kept: Callable[[int], bool]) -> int:
    while abs(outside - inside) > 1:
        middle = (inside + outside) // 2
        if kept(middle):
            inside = middle
        else:
            outside = middle
    return inside


def _log_beta(a: int, b: int) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
