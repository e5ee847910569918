"""The mean of one run's values, and a band around it, where values that lie together are alike: slow for a stretch.

How often stretches come in the long run one run cannot say: at a share of 5 % in stretches of 50, seven of ten runs of
300 calls see none or one. So no error rate about the long run goes with a band. It is a convention, computed from the
run alone, that keeps a figure near its limit undecided: two standard errors, for which batch means of 1, 2, 4, …
neighbours are taken (Law 2015, "Simulation Modeling and Analysis", §9.5.3), and the largest of the errors that they
give. Additions and correctly rounded operations alone: the same on every machine.

``python -m bench.budgets`` prints how often it decides what.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

__all__ = ["WIDTH", "band_of_share", "standard_error"]

WIDTH: Final = 2.0  # standard errors on either side
BATCHES: Final = 6  # at least, for an error to be taken from them


def standard_error(values: Sequence[float]) -> float:
    """The standard error of the mean of values in their order: the largest that batches of any length give; 0 of one.

    Raises ValueError for no values.
    """
    if not values:
        raise ValueError("there is no mean of no values")
    sums, length, largest = list(values), 1, 0.0
    while len(sums) >= BATCHES or (length == 1 and len(sums) > 1):
        largest = max(largest, _error(sums) / length)
        sums = [one + other for one, other in zip(sums[::2], sums[1::2], strict=False)]
        length *= 2
    return largest


def band_of_share(late: Sequence[int], limit: float) -> float:
    """How far from a ``limit`` in (0, 1) the share of ones in ``late`` (0 or 1, in order) must be to be told from it.

    :data:`WIDTH` standard errors that a share *at the limit* has, if ones come in such stretches as here, and at least
    those of ones that come one by one. Raises ValueError for no values and a limit outside (0, 1).
    """
    if not 0 < limit < 1:
        raise ValueError(f"a limit on a share is between 0 and 1, not {limit}")
    error, share = standard_error(late), sum(late) / len(late)
    one_by_one = math.sqrt(limit * (1 - limit) / len(late))
    if not 0 < share < 1:
        return WIDTH * one_by_one
    return WIDTH * max(one_by_one, error * math.sqrt(limit * (1 - limit) / (share * (1 - share))))


def _error(sums: Sequence[float]) -> float:
    """The standard error of the mean of some values."""
    count = len(sums)
    mean = math.fsum(sums) / count
    return math.sqrt(math.fsum((each - mean) ** 2 for each in sums) / (count - 1) / count)
