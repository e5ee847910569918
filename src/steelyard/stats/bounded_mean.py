"""The interval of a mean of scores in [0, 1], valid for any distribution of them and at every stop.

Two bets are kept against each candidate mean m, one that the scores are higher and one that they are lower: the capital
∏(1 + λᵢ(xᵢ − m)) is a martingale where the mean is m, and reaches 2/α with a chance of at most α/2 (Waudby-Smith &
Ramdas 2024, "Estimating means of bounded random variables by betting", §4: the hedged capital). λᵢ follows from the
scores before xᵢ and from how many are planned, so that scores which vary little have a short interval; Wilson's would
be that of 0 and 1. The scores must be read in an order that is committed, as draws of such questions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["bounded_mean_interval"]

_GRID = 1_000_000  # ends are multiples of 1/_GRID, rounded outward, so that they are the same on every machine
_MOST = 0.5  # share of the largest bet that leaves every factor positive


def bounded_mean_interval(values: Sequence[float], planned: int, alpha: float = 0.05) -> tuple[float, float]:
    """Interval at level 1 − α of the mean of scores like ``values``, in [0, 1] and in their committed order.

    ``planned`` is how many were to be read: bets are made for that number, and the level holds for any. (0, 1) before
    the first score. Raises ValueError for scores outside [0, 1] and a level outside (0, 1).
    """
    x = np.asarray(values, dtype=np.float64)
    if not (np.isfinite(x).all() and (x >= 0).all() and (x <= 1).all()):
        raise ValueError("scores are within [0, 1]")
    if not 0 < alpha < 1:
        raise ValueError(f"a level is between 0 and 1, not {alpha}")
    if not len(x):
        return 0.0, 1.0
    bets = _bets(x, max(planned, len(x)), alpha)
    return _low_end(x, bets, alpha), 1 - _low_end(1 - x, bets, alpha)


def _bets(x: NDArray[np.float64], planned: int, alpha: float) -> NDArray[np.float64]:
    """λᵢ from the variance of the scores before xᵢ, with one more score of ½."""
    counts = np.arange(1, len(x) + 1)
    means = (0.5 + np.cumsum(x)) / (counts + 1)
    variances = (0.25 + np.cumsum((x - means) ** 2)) / (counts + 1)
    before = np.concatenate([[0.25], variances[:-1]])
    return np.sqrt(2 * math.log(2 / alpha) / (planned * before))


def _low_end(x: NDArray[np.float64], bets: NDArray[np.float64], alpha: float) -> float:
    """The largest mean that the bet on higher scores has excluded, and with it every lower one."""
    excluded, kept = 0, _GRID
    while kept - excluded > 1:
        middle = (excluded + kept) // 2
        mean = middle / _GRID
        capital = float(np.log1p(np.minimum(bets, _MOST / mean) * (x - mean)).sum())
        if capital >= math.log(2 / alpha):
            excluded = middle
        else:
            kept = middle
    return excluded / _GRID
