"""The interval of the mean of a finite population's scores in [0, 1], valid at every look, without replacement.

Against each candidate mean m there are two bets, that the scores are lower and that they are higher, with the factors
1 ± λ·w·(c(m) − x) of :mod:`steelyard.stats.bounded_bets`; m is excluded where one of them has reached 2/α. λ does not
depend on m: √(2 ln(2/α)/(v·t·ln(1 + t))), from the variance v of the scores before the t-th (Waudby-Smith & Ramdas
2024, §3.2 and §5: the predictable plug-in), so that each bet falls or climbs with m, and halving finds the ends. What
the scores read make certain counts too: after the last one the interval is a point.

It decides nothing, and is computed in floats; its ends are rounded outward to a grid, as those of
:mod:`steelyard.stats.bounded_mean`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from steelyard.stats.bounded_bets import Population

__all__ = ["finite_mean_interval"]

_ENDS: Final = 1_000_000
_MOST: Final = 0.5  # share of the largest bet that leaves every factor positive
_HAIR: Final = 1e-9  # by which rounding may be off: never an end too narrow for it

Floats = NDArray[np.float64]
Steps = Sequence[int] | NDArray[np.int64]


def finite_mean_interval(
    least: Steps,
    most: Steps,
    population: Population,
    alpha: float = 0.05,
    weights: Sequence[int] | None = None,
) -> tuple[float, float]:
    """Interval of the population's mean that covers at all looks together with probability 1 − α.

    ``least`` and ``most`` are the bounds of each score read, in steps of the population's grid and in the committed
    order: unequal where a score is missing. ``weights`` are those of the samples, None where all are alike. (0, 1)
    before the first score, a point after the last one where none is missing. Raises ValueError for a level outside
    (0, 1).
    """
    if not 0 < alpha < 1:
        raise ValueError(f"a level is between 0 and 1, not {alpha}")
    if not len(least):
        return 0.0, 1.0
    heaviest = population.heaviest
    w = np.ones(len(least)) if weights is None else np.array([weight / heaviest for weight in weights])
    whole = population.weight / heaviest
    low = _low_end(np.asarray(least, dtype=np.float64) / population.grid, w, whole, alpha)
    lacking = 1 - np.asarray(most, dtype=np.float64) / population.grid
    return low, float(max(low, 1 - _low_end(lacking, w, whole, alpha)))


def _low_end(x: Floats, w: Floats, whole: float, alpha: float) -> float:
    """The largest mean on the grid that the bet on higher scores has excluded, or that the scores read already give.

    With it every lower one is excluded. ``whole`` is the weight of the population.
    """
    before = np.concatenate([[0.0], np.cumsum(w * x)])
    left = whole - np.concatenate([[0.0], np.cumsum(w)[:-1]])
    certain = math.floor(max(0.0, float(before[-1]) / whole - _HAIR) * _ENDS)
    bets, needed = _bets(x, w, alpha), math.log(2 / alpha) + _HAIR
    excluded, kept = (
        certain,
        math.ceil(_ENDS * min(1.0, float(before[-1] + max(0.0, left[-1] - w[-1])) / whole + _HAIR)),
    )
    while kept - excluded > 1:
        middle = (excluded + kept) // 2
        rate = np.clip((middle / _ENDS * whole - before[:-1]) / left, 1e-12, 1.0)
        capital = float(np.log1p(np.minimum(bets, _MOST / rate) * w * (x - rate)).sum())
        if capital >= needed:
            excluded = middle
        else:
            kept = middle
    return excluded / _ENDS


def _bets(x: Floats, w: Floats, alpha: float) -> Floats:
    """λ from the variance of the scores before each, with one more score of ½."""
    counts = np.arange(1, len(x) + 1)
    means = (0.5 + np.cumsum(x)) / (counts + 1)
    variances = (0.25 + np.cumsum(w * w * (x - means) ** 2)) / (counts + 1)
    known = np.concatenate([[0.25], variances[:-1]])
    return np.asarray(np.sqrt(2 * math.log(2 / alpha) / (known * counts * np.log(1 + counts))))
