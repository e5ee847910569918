"""Is the mean of scores in [0, 1] above a tolerance? Bets on it, score by score, in a committed order.

*Null*: given those before it, each score has an expectation of at most a tolerance t. Then Π(1 + λ(x − t)) has
expectation 1 or less at every time, for each λ in (0, 1/t), and so has E, the mean over λ = s/t for the s in
:data:`BETS` (Waudby-Smith & Ramdas 2024, "Estimating means of bounded random variables by betting"). E ≥ 1/α at any
time has probability ≤ α (Ville 1939): the test may stop whenever it likes.

*Within a margin*: against "the mean is m or more", E is the mean over λ = s/(1 − m) of Π(1 + λ(m − x)).

A score may be known within bounds only: the first test reads the lower one, the second the upper one. E is kept by
additions and products alone, so it is the same on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

__all__ = ["BETS", "MeanBets", "mean_interval"]

BETS: Final = (0.05, 0.15, 0.4, 0.8)  # shares of the largest λ that leaves every factor positive
_HAIR: Final = 1e-9
_LEAST: Final = 1e-300
_MOST: Final = 1e250  # beyond which no product matters, so that none overflows


class MeanBets:
    """Follows scores. A mean up to ``tolerance`` accuses nobody, and one of ``margin`` is no longer a small one.

    Raises ValueError unless 0 < tolerance < margin < 1.
    """

    def __init__(self, tolerance: float, margin: float) -> None:
        if not 0 < tolerance < margin < 1:
            raise ValueError(f"0 < tolerance < margin < 1 must hold, not {tolerance} and {margin}")
        self.tolerance, self.margin, self.n = tolerance, margin, 0
        self.highest = 1.0
        """The largest E so far: its inverse is a p-value at every time."""
        self.highest_within = 1.0
        self._above = [1.0] * len(BETS)
        self._within = [1.0] * len(BETS)

    def observe(self, least: float, most: float) -> None:
        """Take the next score, which lies between ``least`` and ``most``; raises ValueError for bounds that do not."""
        if not 0 <= least <= most <= 1:
            raise ValueError(f"0 ≤ least ≤ most ≤ 1 must hold, not {least} and {most}")
        self.n += 1
        above, within = (least - self.tolerance) / self.tolerance, (self.margin - most) / (1 - self.margin)
        self._above = [min(_MOST, e * (1 + bet * above)) for e, bet in zip(self._above, BETS, strict=True)]
        self._within = [min(_MOST, e * (1 + bet * within)) for e, bet in zip(self._within, BETS, strict=True)]
        self.highest = max(self.highest, self.above)
        self.highest_within = max(self.highest_within, self.within)

    @property
    def above(self) -> float:
        """E against "the mean is at most the tolerance" as it stands after the last score."""
        return sum(self._above) / len(BETS)

    @property
    def within(self) -> float:
        """E against "the mean is the margin or more" as it stands after the last score.

        For a number of scores that was fixed beforehand, and a mean that may still grow.
        """
        return sum(self._within) / len(BETS)

    def needed(self, e: float) -> int | None:
        """About how many scores in all bring the first E to ``e``, if they go on as they did; None: they never do."""
        return self._needed(e, self._above)

    def needed_within(self, e: float) -> int | None:
        """The same for the second E."""
        return self._needed(e, self._within)

    def _needed(self, e: float, products: Sequence[float]) -> int | None:
        fastest = math.log(max(*products, _LEAST)) / self.n if self.n else 0.0
        return max(self.n, math.ceil(math.log(len(BETS) * e) / fastest)) if fastest > 0 else None

    @property
    def p(self) -> float:
        """The p-value of "the mean is at most the tolerance", valid at every time."""
        return min(1.0, 1 / self.highest)


def mean_interval(scores: Sequence[float], alpha: float = 0.05) -> tuple[float, float]:
    """The hundredths between which the mean of scores in [0, 1] lies: what neither bet has excluded at α/2.

    It holds at every look, and excludes a bound wherever a test at α/2 does. (0, 1) before the first score.
    """
    low, high = 0.0, 1.0
    for step in range(1, 100):
        bets = MeanBets(step / 100 - _HAIR, step / 100)
        for score in scores:
            bets.observe(score, score)
        if bets.highest * alpha / 2 >= 1:
            low = step / 100
        if bets.highest_within * alpha / 2 >= 1:
            high = min(high, step / 100)
    return low, high
