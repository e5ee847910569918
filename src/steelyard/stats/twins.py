"""Are public samples answered better than fresh ones? Paired by place in two committed orders, read one after another.

*Null*: public and fresh samples are draws of one generator, and the model treats them alike. Then the two samples of a
pair could be exchanged: of the pairs of which one is right and the other wrong, either order is as likely, whatever
came before. So with b such pairs where the public sample is right and c where the fresh one is, (2q)^b·(2(1 − q))^c is
a martingale for each q in (½, 1), and E₁ is the mean over q = .6, .7, .8, .9. Pairs that agree say nothing.

*Open answers* are exchangeable too. One that came and cannot be read speaks for the model in E₁, so a model that knows
the public answers and runs into its limit of tokens on every other question would never be seen there. E₂ is therefore
the same bet on the pairs of which one answer is open: b where the fresh one is, c where the public one is. Missing
answers are not in it: an endpoint that has public answers in a cache may fail on fresh ones alone.

E = .9·E₁ + .1·E₂ is a martingale again, and E ≥ 1/α at any time has probability ≤ α (Ville 1939): the test may stop
whenever it likes.

*Within a margin*: against "the gap is m or more", E is the mean over λ of Π(1 + λ(m − d)), d = public − fresh, which
has expectation 1 or less under that null (Waudby-Smith & Ramdas 2024, "Estimating means of bounded random variables by
betting"). Here pairs are taken to be draws of such questions.

In E₁ a missing or open answer speaks for the model: among the public samples it is wrong, among the fresh ones right;
in the second test the other way round. E is kept by additions and products alone, so it is the same on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Literal

from steelyard.stats.paired_bets import difference_interval

__all__ = ["Pairs", "detectable_gap"]

_CHANCES: Final = (0.6, 0.7, 0.8, 0.9)  # q: of the pairs that differ, those where the public sample is right
_OF_OPEN: Final = 0.1  # the part of E that is bet on open answers
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
        self.is_by_open = False
        """Whether open answers, and not right ones, made most of the largest E."""
        self.unread_alone = [0, 0]
        """Pairs of which only the public sample, and only the fresh one, has no answer that could be read."""
        self._gap = [1.0] * len(_CHANCES)
        self._open = [1.0] * len(_CHANCES)
        self._within = [1.0] * len(_BETS)
        self._bets = [share / (1 - margin) for share in _BETS]
        self._counts = [0, 0, 0, 0]  # public, fresh right alone, as they count for the first test; then for the second

    def observe(self, public: Score, fresh: Score, opened: tuple[bool, bool] = (False, False)) -> None:
        """Take the next pair. A score of None is missing, or open where ``opened`` says so of that sample."""
        self.n += 1
        if (public is None) != (fresh is None):
            self.unread_alone[fresh is None] += 1
        least, most = (public or 0) - (1 if fresh is None else fresh), (1 if public is None else public) - (fresh or 0)
        self._counts[0] += least > 0
        self._counts[1] += least < 0
        self._counts[2] += most > 0
        self._counts[3] += most < 0
        if least:
            self._gap = _after(self._gap, least > 0)
        if opened[0] != opened[1]:
            self._open = _after(self._open, opened[1])
        self._within = [e * (1 + bet * (self.margin - most)) for e, bet in zip(self._within, self._bets, strict=True)]
        by_right, by_open = (
            (1 - _OF_OPEN) * sum(self._gap) / len(self._gap),
            _OF_OPEN * sum(self._open) / len(self._open),
        )
        if by_right + by_open > self.highest:
            self.highest, self.is_by_open = by_right + by_open, by_open > by_right
        self.highest_within = max(self.highest_within, sum(self._within) / len(self._within))

    @property
    def p(self) -> float:
        """The p-value of "public and fresh samples are treated alike", valid at every time."""
        return min(1.0, 1 / self.highest)

    @property
    def is_read_less(self) -> bool:
        """Whether fresh samples are left without a readable answer more often than public ones, at a level of .01.

        An exact sign test of all pairs so far: whoever stops by it may not use it to accuse.
        """
        public, fresh = self.unread_alone
        tail = sum(math.comb(public + fresh, each) for each in range(fresh, public + fresh + 1))
        return bool(100 * tail <= 2 ** (public + fresh))

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


def _after(bets: Sequence[float], won: bool) -> list[float]:
    """The bets on each q after one more pair that differs."""
    return [e * 2 * (q if won else 1 - q) for e, q in zip(bets, _CHANCES, strict=True)]


def detectable_gap(
    pairs: int, rate: float, level: float, power: float = 0.9, unread: tuple[float, float] = (0.0, 0.0)
) -> float | None:
    """The least gap that ``pairs`` pairs show with this power, for a model with ``rate`` of the public samples right.

    ``unread``: the shares of public and of fresh samples without an answer that can be read; ``rate`` is among those
    that were read. In steps of a hundredth, by right answers after the last pair (so it is a little better in truth),
    with the two answers of a pair taken to be independent. None where not even a gap of ``rate`` is seen.
    """
    from scipy.stats import binom

    public, level = rate * (1 - unread[0]), level * (1 - _OF_OPEN)
    for hundredths in range(1, math.floor(rate * 100) + 1):
        fresh = unread[1] + (1 - unread[1]) * (rate - hundredths / 100)
        public_alone, fresh_alone = public * (1 - fresh), fresh * (1 - public)
        differ = public_alone + fresh_alone
        if not differ:
            continue
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
