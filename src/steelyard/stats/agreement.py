"""How far two models fail on the same samples, beyond what chance and their error rates give."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import NamedTuple

from steelyard.stats.clustered import clustered_standard_error

__all__ = ["ErrorOverlap", "error_overlap"]


class ErrorOverlap(NamedTuple):
    """How two models' errors go together; shares, and κ with its interval.

    ``both`` is the share of samples on which both fail, ``expected`` what it would be if they failed independently.
    ``kappa`` is 0 there, 1 where they fail on the same samples, below 0 where each fails where the other does not. It
    is None where neither ever fails, or both always do.
    """

    both: float
    expected: float
    kappa: float | None
    low: float
    high: float


def error_overlap(
    first: Sequence[float], second: Sequence[float], clusters: Sequence[Hashable], alpha: float = 0.05
) -> ErrorOverlap:
    """Chance-corrected overlap of paired errors in [0, 1] (1 is a failure), with an interval at level 1 − α for κ.

    κ = 1 − mean of (e₁ − e₂)² over its expectation for independent errors: Cohen's κ for errors of 0 and 1 (1960, "A
    coefficient of agreement for nominal scales"), with quadratic weights for others. The interval is on the scale of
    artanh κ, with the cluster-robust standard error of κ's influence function (the infinitesimal jackknife, Efron 1982)
    and Student's t at one degree of freedom less than there are clusters. Without variation it is [−1, 1]. ``python -m
    bench.compare`` prints its coverage. Raises ValueError for fewer than two samples.
    """
    from scipy.special import stdtrit

    n = len(first)
    if n < 2 or len(second) != n:
        raise ValueError("an overlap needs two samples or more that both answered")
    mean = math.fsum(first) / n, math.fsum(second) / n
    squares = math.fsum(each * each for each in first) / n, math.fsum(each * each for each in second) / n
    both, expected = math.fsum(map(float.__mul__, map(float, first), map(float, second))) / n, mean[0] * mean[1]
    apart = squares[0] + squares[1] - 2 * both
    by_chance = squares[0] + squares[1] - 2 * expected
    if by_chance <= 1e-12:
        return ErrorOverlap(both, expected, None, -1.0, 1.0)
    kappa = 1 - apart / by_chance
    influence = []
    for one, other in zip(first, second, strict=True):
        of_squares = one * one + other * other - squares[0] - squares[1]
        of_chance = of_squares - 2 * ((one - mean[0]) * mean[1] + (other - mean[1]) * mean[0])
        influence.append(-((one - other) ** 2 - apart) / by_chance + apart / by_chance**2 * of_chance)
    groups = len(set(clusters))
    if abs(kappa) >= 1 - 1e-12 or groups < 2:
        return ErrorOverlap(both, expected, max(-1.0, kappa), -1.0, 1.0)
    error = clustered_standard_error(influence, clusters) * math.sqrt(groups / (groups - 1))
    reach = float(stdtrit(groups - 1, 1 - alpha / 2)) * error / (1 - kappa**2)
    middle = math.atanh(kappa)
    return ErrorOverlap(both, expected, kappa, math.tanh(middle - reach), math.tanh(middle + reach))
