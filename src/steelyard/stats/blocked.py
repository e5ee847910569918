"""A mean difference against bad stretches of time, and against documents that no field names.

An endpoint that is worse for a while answers neighbours in time alike, and questions about one document share what is
hard about it. So differences are summed by blocks of each run's time and of the file's order, and by named groups.
Where the sums of an order vary more than those of independent differences do but once in twenty (χ²), what is beyond
that is added to the variance, for each such order: the multiway variance of :mod:`steelyard.stats.multiway`, whose
noise would cost a quarter of the power if all of it counted. The padded t (:mod:`steelyard.stats.padded`) tests the
mean, with one degree of freedom less than the fewest of these blocks: with long blocks and with short ones; the larger
p counts.

A stretch may last 200 calls, or half of a run: a long block of time has 250, and there are three at least. In a file
questions of a kind may stand together, and truly differ: of it there are five. ``bench.compare_skewed`` prints sizes.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from operator import eq
from typing import Final

from steelyard.stats.multiway import blocks_of, quantile
from steelyard.stats.padded import SHARE, moments, p_of
from steelyard.stats.sign_flip import cluster_sums

__all__ = ["LEAST", "Blocks", "blocked_interval", "blocked_p", "blocks_by"]

LEAST: Final = 20  # fewer differences have no blocks
TIME, FILE, LONG = 3, 5, 250  # the fewest long blocks of each order, and the differences in one where there are more
SHORT, SMALLEST = 20, 5  # short blocks of either order, and the fewest differences in one
LEVEL: Final = 0.05  # at which blocks vary more than by chance

Blocks = Sequence[Sequence[Sequence[Hashable]]]


def blocks_by(
    times: Sequence[Sequence[int]], file: Sequence[int], clusters: Sequence[Hashable] | None = None
) -> Blocks:
    """By length, long and short, the block of each difference in every order; empty for fewer than 20 differences.

    ``times`` and ``file`` are places in an order, in any unit; either may be empty, and a time that never changes is
    none. ``clusters`` are groups with names: a language says nothing of documents, so the file's blocks stay beside
    them. Orders whose blocks are mostly the same count once.
    """
    found: list[list[Sequence[Hashable]]] = []
    n = max(map(len, (*times, file, clusters or ())), default=0)
    short, long = min(SHORT, n // SMALLEST), min(SHORT, n // LONG)
    for of_time, of_file in [(max(TIME, long), max(FILE, long)), (short, short)] if n >= LEAST else []:
        orders: list[Sequence[Hashable]] = []
        named = [each for each in (clusters, blocks_of(file, of_file)) if each]
        for blocks in (*(blocks_of(places, of_time) for places in times if len(set(places)) > 1), *named):
            if all(sum(map(eq, blocks, other)) < n / 2 for other in orders):
                orders.append(blocks)
        found.append(orders)
    return found


def blocked_p(differences: Sequence[float], blocks: Blocks, null: float = 0.0) -> float:
    """Two-sided p-value of a mean of ``null``; 0 where no block varies more than by chance: then nothing is added."""
    mean, found = _spreads(differences, blocks)
    total = len(differences) * (mean - null)
    return max((p_of(total, spread, freedom) for spread, freedom in found), default=0.0)


def blocked_interval(differences: Sequence[float], blocks: Blocks, alpha: float = 0.05) -> tuple[float, float]:
    """The means, as shares, that :func:`blocked_p` does not reject at level α; the mean alone where it is 0."""
    mean, found = _spreads(differences, blocks)
    reach = 0.0
    for spread, freedom in found:
        q = quantile(alpha / 2, freedom)
        reach = max(reach, q * math.sqrt(spread + SHARE * q**2) / len(differences))
    return max(-1.0, mean - reach), min(1.0, mean + reach)


def _spreads(differences: Sequence[float], blocks: Blocks) -> tuple[float, list[tuple[float, int]]]:
    """The mean, and for each length of blocks that vary the variance times n, with its degrees of freedom."""
    from scipy.special import chdtri

    mean, single = moments(differences)
    centred = [each - mean for each in differences]
    found = []
    for orders in blocks:
        beyond, fewest = 0.0, 0
        for groups in orders:
            sums = cluster_sums(centred, groups)
            freedom = len(sums) - 1
            squares = math.fsum(each**2 for each in sums) * len(sums) / max(1, freedom)
            if freedom and squares > single * float(chdtri(freedom, LEVEL)) / freedom:
                beyond, fewest = beyond + squares - single, min(fewest or freedom, freedom)
        if beyond:
            found.append((single + beyond, fewest))
    return mean, found
