"""The variance of a sum whose terms depend on each other along several orders: time, and the file's own order.

An endpoint that is worse for a while answers neighbours in time alike; items of one document share what is hard about
them. The variance clustered by the blocks of one order allows for the one and not for the other. Clustered by several
orders at once it is the sum of the one-way variances, less what they have in common (Cameron, Gelbach and Miller 2011,
"Robust Inference with Multiway Clustering"): of blocks that cross at random, these are the single terms.

How long a stretch lasts is not known, so the sum is clustered by several numbers of blocks, and the largest counts.

A variance of ten blocks is rough: of independent terms it is half too large or too small. So of what each order adds to
the variance of single terms, one standard error is taken off (√(2/df) of that variance), and what is left counts. The
degrees of freedom of the sum are Satterthwaite's (1946, "An Approximate Distribution of Estimates of Variance
Components"): those of the single terms where nothing is added, those of the blocks where they make nearly all of it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "BLOCKS",
    "Spread",
    "blocks_of",
    "file_places",
    "multiway_error",
    "multiway_spreads",
    "quantile",
    "reach_of",
]

BLOCKS: Final = (10, 20, 40)
_NUMBER: Final = re.compile("([0-9]{1,18})")
_NAME: Final = 200  # characters of a sample's name that are read


class Spread(NamedTuple):
    """A variance of the sum, and its degrees of freedom."""

    variance: float
    freedom: float


def multiway_spreads(
    terms: Sequence[float],
    orders: Sequence[Sequence[int]],
    clusters: Sequence[Hashable] | None = None,
    blocks: Sequence[int] = BLOCKS,
    shares: Sequence[float] = (),
) -> list[Spread]:
    """The multiway clustered variance of the sum of ``terms``, whose mean is 0, for each number of ``blocks``.

    ``orders`` give the place of each term, one sequence for each order, and ``clusters`` named groups beside them.
    ``shares``: of each order, and of the clusters last, how much of its blocks the terms are (default: all). What a
    block's terms have in common weighs more the more of them there are, so what it adds is divided by its share. A
    variance is never below that of independent terms. Blocks have ten terms or more; where terms are fewer than twice
    the fewest blocks, they count as independent. Raises ValueError for fewer than two terms.
    """
    import numpy as np

    values = np.asarray(terms, dtype=float)
    count = len(values)
    if count < 2:
        raise ValueError("a variance needs at least two terms")
    single = float(values @ values)
    if count < 2 * blocks[0]:
        return [Spread(single, count - 1)]
    groups = None if clusters is None else np.unique(np.asarray(clusters), return_inverse=True)[1]
    ranks = [np.argsort(np.argsort(np.asarray(places))) for places in orders]
    found = []
    for number in sorted({min(each, max(blocks[0], count // 10)) for each in blocks}):
        labels = [rank * number // count for rank in ranks] + ([] if groups is None else [groups])
        ways = [
            (_squares(values, each), int(each.max()), share)
            for each, share in zip(labels, shares or [1.0] * len(labels), strict=True)
        ]
        found.append(_combined(single, count, ways))
    return found


def _combined(single: float, count: int, ways: Sequence[tuple[float, int, float]]) -> Spread:
    """The variance of ``count`` single terms, and what each way of clustering adds: its variance, freedom and share."""
    if any(freedom < 1 for _, freedom, _ in ways):
        return Spread(max(single, *(variance for variance, _, _ in ways)), 0)
    added = [
        (max(0.0, variance - single * (1 + math.sqrt(2 / freedom))) / share, freedom)
        for variance, freedom, share in ways
    ]
    variance = single + math.fsum(each for each, _ in added)
    roughness = single**2 / (count - 1) + math.fsum(each**2 / freedom for each, freedom in added)
    return Spread(variance, variance**2 / roughness if roughness else count - 1)


def reach_of(spreads: Sequence[Spread], level: float, least: float = 0.0) -> float:
    """The largest q·√(V + ``least``): the sum lies further from 0, on one side, with probability ``level`` at most.

    q is Student's t; infinite where a spread has no degree of freedom.
    """
    return max(quantile(level, each.freedom) * math.sqrt(each.variance + least) for each in spreads)


def quantile(level: float, freedom: float) -> float:
    """Student's t that is exceeded with probability ``level``; infinite without a degree of freedom."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 1 - level)) if freedom > 0 else math.inf


def blocks_of(places: Sequence[int], count: int) -> list[int]:
    """The block of each term, of ``count`` blocks of as nearly equal sizes as can be, by its place in an order."""
    return [rank * count // len(places) for rank in _ranks(places)]


def file_places(names: Sequence[str]) -> list[int]:
    """The place of each sample in its file, by its name: numbers count there as numbers, ``t/9`` before ``t/10``.

    As they stand where no name has a number.
    """
    parts = [_NUMBER.split(name[:_NAME]) for name in names]
    if all(len(each) == 1 for each in parts):
        return [*range(len(names))]
    return _ranks([tuple(int(part) if at % 2 else part for at, part in enumerate(each)) for each in parts])


def _ranks(keys: Sequence[Any]) -> list[int]:
    found = [0] * len(keys)
    for rank, place in enumerate(sorted(range(len(keys)), key=keys.__getitem__)):
        found[place] = rank
    return found


def multiway_error(
    terms: Sequence[float],
    orders: Sequence[Sequence[int]],
    level: float,
    clusters: Sequence[Hashable] | None = None,
    least: float = 0.0,
) -> float:
    """:func:`reach_of` the :func:`multiway_spreads` of these terms."""
    return reach_of(multiway_spreads(terms, orders, clusters), level, least)


def _squares(values: NDArray[np.float64], labels: NDArray[np.intp]) -> float:
    """The sum of the squared sums of each cluster."""
    import numpy as np

    sums = np.bincount(labels, weights=values)
    return float(sums @ sums)
