"""The variance of a sum whose terms depend on each other along several orders: time, and the file's own order.

An endpoint that is worse for a while answers neighbours in time alike; items of one document share what is hard about
them. The variance clustered by the blocks of one order allows for the one and not for the other. Clustered by several
orders at once it is the sum of the one-way variances, less what they have in common (Cameron, Gelbach and Miller 2011,
"Robust Inference with Multiway Clustering"): of blocks that cross at random, these are the single terms.

How long a stretch lasts is not known, so the sum is clustered by several numbers of blocks, and the largest counts.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["BLOCKS", "Spread", "multiway_error", "multiway_spreads", "reach_of"]

BLOCKS: Final = (10, 20, 40)


class Spread(NamedTuple):
    """A variance of the sum, and its degrees of freedom: one fewer than there are blocks."""

    variance: float
    freedom: int


def multiway_spreads(
    terms: Sequence[float],
    orders: Sequence[Sequence[int]],
    clusters: Sequence[Hashable] | None = None,
    blocks: Sequence[int] = BLOCKS,
) -> list[Spread]:
    """The multiway clustered variance of the sum of ``terms``, whose mean is 0, for each number of ``blocks``.

    ``orders`` give the place of each term, one sequence for each order, and ``clusters`` named groups beside them. A
    variance is never below that of one order alone, nor below that of independent terms. Blocks have ten terms or more;
    where terms are fewer than twice the fewest blocks, each is a block. Raises ValueError for fewer than two terms.
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
        sums = [_squares(values, each) for each in labels]
        freedom = min(number, number if groups is None else int(groups.max()) + 1) - 1
        found.append(Spread(max(single, sum(sums) - (len(sums) - 1) * single, *sums), freedom))
    return found


def reach_of(spreads: Sequence[Spread], level: float, least: float = 0.0) -> float:
    """The largest q·√(V + ``least``): the sum lies further from 0, on one side, with probability ``level`` at most.

    q is Student's t; infinite where a spread has no degree of freedom.
    """
    from scipy.special import stdtrit

    quantiles = [float(stdtrit(each.freedom, 1 - level)) if each.freedom > 0 else math.inf for each in spreads]
    return max(q * math.sqrt(each.variance + least) for q, each in zip(quantiles, spreads, strict=True))


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
