"""Confidence intervals of the mean of paired differences: of right and wrong answers, of scores, over clusters."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from typing import Final

from steelyard.stats.clustered import clustered_standard_error
from steelyard.stats.mcnemar import score_statistic
from steelyard.stats.sign_flip import cluster_sums, sign_flip_interval

__all__ = ["design_effect", "paired_interval", "tango_interval"]

FEW: Final = 30  # differences that are not 0: fewer are not near enough to a normal distribution


def tango_interval(gains: float, losses: float, n: float, z: float) -> tuple[float, float]:
    """The difference (gains − losses) / n with the score interval for paired proportions, as shares.

    All differences whose score statistic is within ±``z`` (Tango 1998; :func:`score_statistic`), found by bisection.
    Counts may be fractions: those of as many independent samples as clustered ones are worth. Raises ValueError for
    counts that do not fit.
    """
    if min(gains, losses) < 0 or gains + losses > n * (1 + 1e-9) or n <= 0:
        raise ValueError("gains and losses are counts of n samples")
    estimate = (gains - losses) / n

    def inside(difference: float) -> bool:
        return abs(score_statistic(gains, losses, n, difference)) <= z

    return _edge(estimate, -1.0, inside), _edge(estimate, 1.0, inside)


def _edge(kept: float, end: float, inside: Callable[[float], bool]) -> float:
    """The last difference from ``kept`` towards ``end`` that is inside."""
    if inside(end):
        return end
    for _ in range(50):
        middle = (kept + end) / 2
        kept, end = (middle, end) if inside(middle) else (kept, middle)
    return kept


def paired_interval(
    differences: Sequence[float], clusters: Sequence[Hashable] | None = None, alpha: float = 0.05
) -> tuple[float, float]:
    """Interval at level 1 − α of the mean of paired ``differences`` in [−1, 1], one a sample, as shares.

    Independent samples: where every difference is −1, 0 or 1 it is Tango's score interval. Other scores have Student's
    t; where fewer than 30 of them differ, which is too few for t, it also holds Tango's interval of the sums of gains
    and of losses: differences of −1, 0 and 1 with these sums vary at least as much.

    Over ``clusters``, two or more, it holds the inverted sign-flip test of whole clusters
    (:func:`steelyard.stats.sign_flip.sign_flip_interval`), and also a parametric one: for −1, 0 and 1 Tango's, for as
    many independent samples as have the cluster-robust variance and with the t quantile at one degree of freedom less
    than there are clusters; for others the cluster-robust t. Each of the two alone is too short somewhere: the first
    where few clusters differ, the second where few clusters are large. ``python -m bench.compare`` prints how often
    these intervals hold the truth.

    Raises ValueError without differences and for a single cluster.
    """
    n = len(differences)
    if not n:
        raise ValueError("an interval needs at least one difference")
    if clusters is None:
        return _independent(differences, alpha)
    groups = len(set(clusters))
    if groups < 2:
        raise ValueError("an interval over clusters needs at least two of them")
    low, high = _parametric(differences, clusters, groups, alpha)
    sums, sizes = cluster_sums(differences, clusters), cluster_sums([1.0] * n, clusters)
    least, most = sign_flip_interval(sums, sizes, alpha)
    return min(low, least), max(high, most)


def _independent(differences: Sequence[float], alpha: float) -> tuple[float, float]:
    from scipy.special import ndtri, stdtrit

    n = len(differences)
    z = float(ndtri(1 - alpha / 2))
    gains, losses, largest = _parts(differences)
    if not largest or _is_ternary(differences):
        return tango_interval(gains, losses, n, z)
    mean = math.fsum(differences) / n
    reach = float(stdtrit(n - 1, 1 - alpha / 2)) * math.sqrt(_variance(differences, None)) if n > 1 else 2.0
    low, high = mean - reach, mean + reach
    if n - differences.count(0.0) < FEW:
        least, most = tango_interval(gains, losses, n, z)
        low, high = min(low, least), max(high, most)
    return max(-1.0, low), min(1.0, high)


def _parametric(
    differences: Sequence[float], clusters: Sequence[Hashable], groups: int, alpha: float
) -> tuple[float, float]:
    from scipy.special import stdtrit

    n, quantile = len(differences), float(stdtrit(groups - 1, 1 - alpha / 2))
    gains, losses, largest = _parts(differences)
    if not largest:
        return tango_interval(0.0, 0.0, groups, quantile)
    if _is_ternary(differences):
        worth = n / design_effect(differences, clusters)
        return tango_interval(gains * worth / n, losses * worth / n, worth, quantile)
    mean, reach = math.fsum(differences) / n, quantile * math.sqrt(_variance(differences, clusters))
    return max(-1.0, mean - reach), min(1.0, mean + reach)


def _parts(differences: Sequence[float]) -> tuple[float, float, float]:
    """The sums of what is gained and of what is lost, and the largest difference in size."""
    gains = math.fsum(each for each in differences if each > 0)
    losses = -math.fsum(each for each in differences if each < 0)
    return gains, losses, max(map(abs, differences))


def _is_ternary(differences: Sequence[float]) -> bool:
    return differences.count(1.0) + differences.count(-1.0) + differences.count(0.0) == len(differences)


def _variance(differences: Sequence[float], clusters: Sequence[Hashable] | None) -> float:
    """The squared standard error of the mean, 0 for a single difference."""
    n = len(differences)
    if n < 2:
        return 0.0
    if clusters is None:
        mean = math.fsum(differences) / n
        return math.fsum((each - mean) ** 2 for each in differences) / (n - 1) / n
    groups = len(set(clusters))
    return clustered_standard_error(differences, clusters) ** 2 * groups / (groups - 1)


def design_effect(differences: Sequence[float], clusters: Sequence[Hashable]) -> float:
    """How many clustered samples are worth one independent one, at least 1: the ratio of the two variances.

    (Kish 1965, "Survey Sampling", §8.2.) 1 where nothing varies. Raises ValueError for fewer than two clusters.
    """
    if len(set(clusters)) < 2:
        raise ValueError("a design effect needs at least two clusters")
    n = len(differences)
    mean = math.fsum(differences) / n
    plain = math.fsum((each - mean) ** 2 for each in differences) / n / n
    return max(1.0, _variance(differences, clusters) / plain) if plain > 0 else 1.0
