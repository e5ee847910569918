"""The standard error of a mean when samples come in groups that share a passage, a template or a subject."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Sequence

from steelyard.stats.intervals import score_interval

__all__ = ["clustered_interval", "clustered_standard_error"]


def clustered_standard_error(values: Sequence[float], clusters: Sequence[Hashable]) -> float:
    """Cluster-robust standard error of the mean of ``values``; ``clusters`` names the group of each.

    The central-limit variance plus what deviations within a cluster add to each other (Miller 2024, "Adding Error Bars
    to Evals", eq. 4; Liang & Zeger 1986). With one sample a cluster it is the usual standard error. Raises ValueError
    for fewer than two values.
    """
    n = len(values)
    if n < 2:
        raise ValueError("a standard error needs at least two values")
    mean = math.fsum(values) / n
    deviations: dict[Hashable, list[float]] = defaultdict(list)
    for value, cluster in zip(values, clusters, strict=True):
        deviations[cluster].append(value - mean)
    squares = math.fsum(deviation**2 for group in deviations.values() for deviation in group)
    cross_products = math.fsum(math.fsum(group) ** 2 for group in deviations.values()) - squares
    return math.sqrt(max(0.0, squares / (n - 1) / n + cross_products / n**2))


def clustered_interval(
    values: Sequence[float], clusters: Sequence[Hashable], most: int, alpha: float = 0.05
) -> tuple[float, float]:
    """Interval at level 1 − α of a proportion whose 0/1 ``values`` come in ``clusters``, two or more of them.

    Wilson's score interval with the number of independent answers that would have the cluster-robust standard error,
    never more than ``most``, and with Student's t at one degree of freedom less than there are clusters for the normal
    quantile. The variance has the factor G/(G − 1) for G clusters, without which it is too small where these are few
    (Cameron & Miller 2015, "A Practitioner's Guide to Cluster-Robust Inference", §VI). Where all values are equal,
    nothing shows how clusters differ, and the answers count as independent.
    """
    from scipy.special import stdtrit

    count = len(set(clusters))
    if count < 2:
        raise ValueError("an interval over clusters needs at least two of them")
    share = math.fsum(values) / len(values)
    variance = clustered_standard_error(values, clusters) ** 2 * count / (count - 1)
    independent = min(most, share * (1 - share) / variance) if variance and 0 < share < 1 else most
    return score_interval(share, independent, float(stdtrit(count - 1, 1 - alpha / 2)))
