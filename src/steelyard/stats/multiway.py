"""The variance of a sum whose terms depend on each other along several orders: time, and the file's own order.

An endpoint that is worse for a while answers neighbours in time alike; items of one document share what is hard about
them. The variance clustered by the blocks of one order allows for the one and not for the other. Clustered by several
orders at once it is the sum of the one-way variances, less what they have in common (Cameron, Gelbach and Miller 2011,
"Robust Inference with Multiway Clustering"): of blocks that cross at random, these are the single terms.

How long a stretch lasts is not known, so it is taken by several numbers of blocks, and the largest counts.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import Final

__all__ = ["BLOCKS", "blocks_of", "multiway_error", "quantile"]

BLOCKS: Final = (10, 20, 40)


def blocks_of(places: Sequence[int], count: int) -> list[int]:
    """The block of each term, of ``count`` blocks of as nearly equal sizes as can be, by its place in an order."""
    ranked = sorted(range(len(places)), key=places.__getitem__)
    found = [0] * len(places)
    for rank, term in enumerate(ranked):
        found[term] = rank * count // len(places)
    return found


def multiway_error(
    terms: Sequence[float],
    orders: Sequence[Sequence[int]],
    level: float,
    clusters: Sequence[Hashable] | None = None,
    least: float = 0.0,
) -> float:
    """q·√V: how far the sum of ``terms``, whose mean is 0, may lie from 0, but with probability ``level`` on one side.

    ``orders`` give the place of each term, one sequence for each order, and ``clusters`` named groups beside them. V is
    the multiway clustered variance, never below that of any one order or of independent terms, plus ``least``; q is
    Student's t with one degree of freedom less than there are blocks (or clusters, if these are fewer). Of all numbers
    of blocks that leave ten terms in each, at least the first, the largest product counts. Raises ValueError for fewer
    terms than twice the fewest blocks.
    """
    if len(terms) < 2 * BLOCKS[0]:
        raise ValueError(f"blocks need at least {2 * BLOCKS[0]} terms")
    single = math.fsum(term**2 for term in terms)
    named = [] if clusters is None else [_squares(terms, clusters)]
    groups = len(terms) if clusters is None else len(set(clusters))
    found = []
    for count in {min(blocks, max(BLOCKS[0], len(terms) // 10)) for blocks in BLOCKS}:
        sums = [*named, *(_squares(terms, blocks_of(places, count)) for places in orders)]
        variance = max(single, math.fsum(sums) - (len(sums) - 1) * single, *sums)
        found.append(quantile(level, min(count, groups) - 1) * math.sqrt(variance + least))
    return max(found)


def quantile(level: float, freedom: int) -> float:
    """Student's t that is exceeded with probability ``level``; infinite without a degree of freedom."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 1 - level)) if freedom > 0 else math.inf


def _squares(terms: Sequence[float], clusters: Sequence[Hashable]) -> float:
    """The sum of the squared sums of each cluster."""
    sums: dict[Hashable, float] = defaultdict(float)
    for term, cluster in zip(terms, clusters, strict=True):
        sums[cluster] += term
    return math.fsum(each**2 for each in sums.values())
