"""How far two models fail on the same samples, beyond what chance and their error rates give."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from itertools import product
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
    and Student's t at one degree of freedom less than there are clusters. It holds that of the samples with ½ added
    to each cell of the table of failures (as Agresti and Caffo, 2000, do for shares) too: without the ½, models that
    always fail together show no error, and ½ alone draws κ too far from 1. In clusters it is ½ of a mean cluster, and
    of scores between right and wrong the cells are those of their least and greatest. It is [−1, 1] where κ is None,
    and for a single cluster.
    ``python -m bench.compare`` prints its coverage. Raises ValueError for fewer than two samples.
    """
    from scipy.special import stdtrit

    n = len(first)
    if n < 2 or len(second) != n:
        raise ValueError("an overlap needs two samples or more that both answered")
    found = _Moments.of(first, second, [1.0] * n)
    if found.by_chance <= 1e-12:
        return ErrorOverlap(found.both, found.expected, None, -1.0, 1.0)
    kappa, groups = max(-1.0, found.kappa), len(set(clusters))
    if groups < 2:
        return ErrorOverlap(found.both, found.expected, kappa, -1.0, 1.0)
    corners = min(*first, *second), max(*first, *second)
    cells = list(product(corners, corners))
    ones, others = [*first, *(one for one, _ in cells)], [*second, *(other for _, other in cells)]
    weights = [1.0] * n + [0.5 * n / groups] * len(cells)
    named = [*((True, each) for each in clusters), *((False, place) for place in range(len(cells)))]
    t = float(stdtrit(groups - 1, 1 - alpha / 2)) * math.sqrt(groups / (groups - 1))
    ends = [kappa, *_ends(ones, others, weights, named, t)]
    if abs(kappa) < 1 - 1e-12:
        ends += _ends(first, second, weights[:n], clusters, t)
    return ErrorOverlap(found.both, found.expected, kappa, min(ends), max(ends))


def _ends(
    first: Sequence[float], second: Sequence[float], weights: Sequence[float], clusters: Sequence[Hashable], t: float
) -> tuple[float, float]:
    """κ ± ``t`` standard errors on the scale of artanh, for errors that neither always agree nor always differ."""
    found = _Moments.of(first, second, weights)
    error = clustered_standard_error(found.influence(first, second, weights), clusters)
    middle, reach = math.atanh(found.kappa), t * error / (1 - found.kappa**2)
    return math.tanh(middle - reach), math.tanh(middle + reach)


class _Moments(NamedTuple):
    """What κ is made of: the weighted means of two models' errors, of their squares and of their product."""

    mean: tuple[float, float]
    squares: tuple[float, float]
    both: float

    @classmethod
    def of(cls, first: Sequence[float], second: Sequence[float], weights: Sequence[float]) -> _Moments:
        def average(ones: Sequence[float], others: Sequence[float]) -> float:
            products = (weight * one * other for weight, one, other in zip(weights, ones, others, strict=True))
            return math.fsum(products) / total

        total, ones = math.fsum(weights), [1.0] * len(weights)
        mean = average(first, ones), average(second, ones)
        return cls(mean, (average(first, first), average(second, second)), average(first, second))

    @property
    def expected(self) -> float:
        """The share of samples on which both fail if they fail independently."""
        return self.mean[0] * self.mean[1]

    @property
    def apart(self) -> float:
        """The mean of (e₁ − e₂)²."""
        return sum(self.squares) - 2 * self.both

    @property
    def by_chance(self) -> float:
        """What ``apart`` is expected to be for independent errors."""
        return sum(self.squares) - 2 * self.expected

    @property
    def kappa(self) -> float:
        return 1 - self.apart / self.by_chance

    def influence(self, first: Sequence[float], second: Sequence[float], weights: Sequence[float]) -> list[float]:
        """Each sample's influence on κ, times its weight over the mean weight."""
        scale, values = len(weights) / math.fsum(weights), []
        for one, other, weight in zip(first, second, weights, strict=True):
            of_squares = one * one + other * other - sum(self.squares)
            of_chance = of_squares - 2 * ((one - self.mean[0]) * self.mean[1] + (other - self.mean[1]) * self.mean[0])
            of_apart = (one - other) ** 2 - self.apart
            values.append(scale * weight * (self.apart / self.by_chance**2 * of_chance - of_apart / self.by_chance))
        return values
