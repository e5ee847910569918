"""Is a mean of costs at most a limit? Bets for and against, read in a committed order, stopped early.

Costs are at least 0, and few are large: no test of a mean holds for every distribution without a bound on them. Here
it is :data:`BOUND` times the limit. With x = cost/(BOUND·limit), c = 1/BOUND and λ a share of the largest bet that
leaves every factor positive (Waudby-Smith & Ramdas 2024, "Estimating means of bounded random variables by betting"):

* *within*, against "the mean is c or more": E is the mean over λ of Π(1 + λ(c − x)). One cost above the bound ends it:
  the mean is then never shown to be within the limit.
* *above*, against "the mean is at most c": the same with x − c. A cost above the bound counts as the bound, which can
  only lower E. So this side holds for every distribution.

E is computed by additions and products alone, so it is the same on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["BOUND", "MeanBets"]

BOUND: Final = 10.0
BETS: Final = (0.1, 0.3, 0.6, 0.9)  # shares of the largest λ


class MeanBets:
    """Follows costs along the committed order; ``level_above`` and ``level_within`` are the levels of either side.

    Raises ValueError for a limit that is not above 0.
    """

    def __init__(self, limit: float, level_above: float, level_within: float) -> None:
        if not 0 < limit < math.inf:
            raise ValueError(f"a limit on a cost is above 0, not {limit}")
        self.limit = limit
        self.above_at, self.within_at = 1 / level_above, 1 / level_within
        self.beyond = 0
        self._above, self._within = [1.0] * len(BETS), [1.0] * len(BETS)
        self._least: list[float] = []
        self._most: list[float] = []

    def observe(self, cost: float, *, known: bool = True) -> Literal["above", "within"] | None:
        """Take the next cost; the side that has won by now, if any.

        Where it is not ``known``, at least ``cost`` was spent: it is no proof for either side.
        """
        c, most = 1 / BOUND, BOUND * self.limit
        self.beyond += cost > most
        low = min(cost / most, 1.0)
        high = low if known else 1.0
        self._least.append(low)
        self._most.append(high)
        self._above = [e * (1 + bet / c * (low - c)) for e, bet in zip(self._above, BETS, strict=True)]
        self._within = [e * (1 + bet / (1 - c) * (c - high)) for e, bet in zip(self._within, BETS, strict=True)]
        if not self.beyond and sum(self._within) / len(BETS) >= self.within_at:
            return "within"
        return "above" if sum(self._above) / len(BETS) >= self.above_at else None

    @property
    def mean(self) -> float | None:
        """The mean of the costs, as far as they are known; None before the first one."""
        return BOUND * self.limit * sum(self._least) / len(self._least) if self._least else None

    def interval(self, alpha: float = 0.05) -> tuple[float, float | None]:
        """Interval of the mean at level 1 − α, valid at every stop; without an upper end where a cost was beyond it."""
        low = _excluded_below(np.asarray(self._least), alpha / 2)
        high = 1 - _excluded_below(1 - np.asarray(self._most), alpha / 2)
        scale = BOUND * self.limit
        return scale * low, None if self.beyond or high >= 1 else scale * high


def _excluded_below(x: NDArray[np.float64], level: float) -> float:
    """The largest m in [0, 1] of which "the mean is at most m" is rejected; 0 where none is."""

    def rejected(m: float) -> bool:
        logs = np.array([np.log1p(bet / m * (x - m)).sum() for bet in BETS])
        top = float(logs.max())
        return top + math.log(float(np.exp(logs - top).mean())) >= -math.log(level)

    return _boundary(rejected)


def _boundary(rejected: Callable[[float], bool]) -> float:
    low, high = 1e-9, 1.0
    if not rejected(low):
        return 0.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if rejected(middle) else (low, middle)
    return low
