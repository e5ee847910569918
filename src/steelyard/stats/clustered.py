"""The standard error of a mean when samples come in groups that share a passage, a template or a subject."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Sequence

__all__ = ["clustered_standard_error"]


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
