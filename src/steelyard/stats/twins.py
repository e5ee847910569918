"""Are public samples answered better than fresh ones? Paired by place in two committed orders, read one after another.

*Null*: public and fresh samples are draws of one generator, and the model treats them alike. Then the two samples of a
pair could be exchanged: of the pairs of which one is right and the other wrong, either order is as likely, whatever
came before. So with b such pairs where the public sample is right and c where the fresh one is, (2q)^b·(2(1 − q))^c is
a martingale for each q in (½, 1), and E is the mean over q = .6, .7, .8, .9. E ≥ 1/α at any time has probability ≤ α
(Ville 1939): the test may stop whenever it likes. Pairs that agree say nothing.

*Within a margin*: against "the gap is m or more", E is the mean over λ of Π(1 + λ(m − d)), d = public − fresh, which
has expectation 1 or less under that null (Waudby-Smith & Ramdas 2024, "Estimating means of bounded random variables by
betting"). Here pairs are taken to be draws of such questions.

A missing or open answer speaks for the model: among the public samples it is wrong, among the fresh ones right; in the
second test the other way round. E is kept by additions and products alone, so it is the same on every machine.
"""

from __future__ import annotations

import math
from typing import Final, Literal

from steelyard.stats.paired_bets import difference_interval

__all__ = ["Pairs", "detectable_gap"]

_CHANCES: Final = (0.6, 0.7, 0.8, 0.9)  # q: of the pairs that differ, those where the public sample is right
_BETS: Final = (0.05, 0.15, 0.4, 0.8)  # shares of the largest λ that leaves every factor positive

Score = Literal[0, 1] | None


class Pairs:
    """Follows pairs of a public and a fresh sample; ``margin`` is the gap that is no longer a small one, above 0.

    Raises ValueError for a margin outside (0, 1).
    """

    def __init__(self, margin: float) -> None:
        if not 0 < margin < 1:
            raise ValueError(f"a margin is between 0 and 1, not {margin}")
        self.margin = margin
        self.n = 0
        self.highest = 1.0
        """The largest E so far: its inverse is a p-value at every time."""
        self.highest_within = 1.0
        self._gap = [1.0] * len(_CHANCES)
        self._within = [1.0] * len(_BETS)
        self._bets = [share / (1 - margin) for share in _BETS]
        self._counts = [0, 0, 0, 0]  # public, fresh right alone, as they count for the first test; then for the second

    def observe(self, public: Score, fresh: Score) -> None:
        """Take the next pair."""
        self.n += 1
        least, most = (public or 0) - (1 if fresh is None else fresh), (1 if public is None else public) - (fresh or 0)
        self._counts[0] += least > 0
        self._counts[1] += least < 0
        self._counts[2] += most > 0
        self._counts[3] += most < 0
        if least:
            self._gap = [e * 2 * (q if least > 0 else 1 - q) for e, q in zip(self._gap, _CHANCES, strict=True)]
        self._within = [e * (1 + bet * (self.margin - most)) for e, bet in zip(self._within, self._bets, strict=True)]
        self.highest = max(self.highest, sum(self._gap) / len(self._gap))
        self.highest_within = max(self.highest_within, sum(self._within) / len(self._within))

    @property
    def p(self) -> float:
        """The p-value of "public and fresh samples are treated alike", valid at every time."""
        return min(1.0, 1 / self.highest)

    @property
    def gap(self) -> float | None:
        """Public less fresh rate, with missing answers in the model's favour; None before the first pair."""
        return (self._counts[0] - self._counts[1]) / self.n if self.n else None

    def interval(self, alpha: float = 0.05) -> tuple[float, float]:
        """Interval of the gap, valid at every look, with missing answers both ways."""
        low, high = difference_interval(
            self.n, (self._counts[1], self._counts[3]), (self._counts[0], self._counts[2]), alpha
        )
        return low, high


def detectable_gap(pairs: int, rate: float, level: float, power: float = 0.9) -> float | None:
    """The least gap that ``pairs`` pairs show with this power, for a model with ``rate`` of the public samples right.

    In steps of a hundredth, by E after the last pair (so it is a little better in truth), with the two answers of a
    pair taken to be independent. None where not even a gap of ``rate`` is seen.
    """
    from scipy.stats import binom

    for hundredths in range(1, math.floor(rate * 100) + 1):
        fresh = rate - hundredths / 100
        public_alone, fresh_alone = rate * (1 - fresh), fresh * (1 - rate)
        differ = public_alone + fresh_alone
        seen = 0.0
        middle, spread = pairs * differ, math.sqrt(pairs * differ * (1 - differ))
        for steps in range(-3, 4):  # seven-point sum over the number of pairs that differ
            count = max(0, round(middle + steps * spread))
            mass = math.exp(-(steps**2) / 2) / 2.5059
            seen += mass * float(binom.sf(_least_right(count, level) - 1, count, public_alone / differ))
        if seen >= power:
            return hundredths / 100
    return None


def _least_right(differ: int, level: float) -> int:
    """Of so many pairs that differ, how many public ones must be right alone for E to reach 1/level; more if none."""
    low, high = 0, differ + 1
    while low < high:
        middle = (low + high) // 2
        logs = [middle * math.log(2 * q) + (differ - middle) * math.log(2 * (1 - q)) for q in _CHANCES]
        top = max(logs)
        e = top + math.log(sum(math.exp(each - top) for each in logs) / len(logs))
        low, high = (low, middle) if e >= -math.log(level) else (middle + 1, high)
    return low
