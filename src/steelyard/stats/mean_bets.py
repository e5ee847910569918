"""Is the mean of scores in [0, 1] above a bound? Bets score by score, in a committed order.

*Null*: given the scores before it, the next one has a mean of at most b. Then Π(1 + λ(x − b)) has expectation 1 or less
at every time, for each λ in (0, 1/b), and so has E, the mean over :data:`BETS` (Waudby-Smith & Ramdas 2024, "Estimating
means of bounded random variables by betting"). E ≥ 1/α at any time has probability ≤ α (Ville 1939): the test may stop
whenever it likes. Scores of a finite set in random order are such draws; that they are not put back only helps the null
(Hoeffding 1963, theorem 4).

Against "the mean is at least b", give 1 − x and 1 − b. E is kept by additions and products alone, so it is the same on
every machine.
"""

from __future__ import annotations

import math
from typing import Final

__all__ = ["BETS", "MeanBets"]

BETS: Final = (0.1, 0.3, 0.6, 0.9)
"""Shares of the largest λ that leaves every factor positive."""

_MOST: Final = 1e250  # beyond which no product matters, so that none overflows


class MeanBets:
    """Follows scores against "their mean is at most ``bound``". Raises ValueError for a bound outside (0, 1)."""

    def __init__(self, bound: float) -> None:
        if not 0 < bound < 1:
            raise ValueError(f"a bound is between 0 and 1, not {bound}")
        self.bound, self.n = bound, 0
        self.highest = 1.0
        """The largest E so far: its inverse is a p-value at every time."""
        self._bets = [1.0] * len(BETS)

    def observe(self, score: float) -> None:
        """Take the next score; raises ValueError for one outside [0, 1]."""
        if not 0 <= score <= 1:
            raise ValueError(f"a score is within [0, 1], not {score}")
        self.n += 1
        beyond = (score - self.bound) / self.bound
        self._bets = [min(_MOST, e * (1 + bet * beyond)) for e, bet in zip(self._bets, BETS, strict=True)]
        self.highest = max(self.highest, math.fsum(self._bets) / len(BETS))

    @property
    def p(self) -> float:
        """The p-value of the null, valid at every time."""
        return min(1.0, 1 / self.highest)
