"""Can somebody tell which of two texts is whose? Guesses, pair by pair, in several orders that one secret gives.

*Null*: whatever came before in an order, a guess is right with a chance of at most a tolerance t, a little above one
half. Then the bets of :class:`~steelyard_forensics.stats.mean_bets.MeanBets` win nothing in the long run: E after the
last pair has an expectation of 1 or less in each order, and so has its mean over orders, however these hang together.
That it is 1/α or more has probability ≤ α (Markov). The mean alone is such a value where the number of pairs is fixed
before: at every look it is none, since another order may have shown what this one guesses. Where the two sides of a
pair could be exchanged, a guess that follows from earlier pairs alone is right with a chance of one half, whatever it
follows from.

At a *fixed number* of pairs, and in one order, p is the chance that so many guesses or more are right out of that many,
if each is right with chance t (binomial; a sum of guesses whose chances are at most t, whatever came before, is not
larger in distribution). For chances of one half it is the sign-flip test of the sum of ±1.

*Within a margin*: against "a guess is right with a chance of m or more", from the pairs after :data:`LEARNING` on, by
which the guesser has learned from so many, and by the E after the last pair: an early one may be of a time when the
guesser knew little.

A pair that is missing counts as a wrong guess in the tests that accuse, and as a right one in the last; one whose text
came before says nothing in those, and counts as a right one in the last, or what comes again and again would hide what
it stands in for. E is kept by additions and products alone, and the binomial sum by whole numbers, so both are the same
on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from steelyard_forensics.stats.mean_bets import BETS, MeanBets, mean_interval

__all__ = ["LEARNING", "MARGIN", "TOLERANCE", "Guesses", "SeveralOrders"]

TOLERANCE: Final = Fraction(21, 40)
"""52.5 % of guesses: what two servers of the same weights may differ by (docs/design/text-identity.md)."""

MARGIN: Final = Fraction(23, 40)
"""57.5 %: so many right guesses are no longer few."""

LEARNING: Final = 200
"""Pairs that are for learning alone, where few right guesses are to be shown."""

_MOST_NEEDED: Final = 20_000  # pairs: more of them nobody asks


class Guesses:
    """Follows guesses in one order, each of another pair."""

    def __init__(self) -> None:
        self._far = MeanBets(float(TOLERANCE), float(MARGIN))
        self._near = MeanBets(float(TOLERANCE), float(MARGIN))
        self.guesses: list[bool] = []
        """Those that were made, right or not, in their order."""
        self.missing = 0
        self.repeated = 0
        self.path: list[float] = []
        """E against "right with a chance of at most the tolerance" after each pair."""

    def observe(self, right: bool | None) -> None:
        """Take the next pair: whether the guess is right, None where it is missing."""
        if right is None:
            self.missing += 1
        else:
            self.guesses.append(right)
        self._far.observe(float(right or 0), float(right or 0))
        self._confirm(most=1.0 if right is None else float(right))
        self.path.append(self._far.above)

    def skip(self, *, repeated: bool) -> None:
        """Take the next pair, in which nothing was guessed; ``repeated``: a part of it came before."""
        if repeated:
            self.repeated += 1
            self._confirm(most=1.0)
        self.path.append(self._far.above)

    def _confirm(self, most: float) -> None:
        if self._far.n > LEARNING:
            self._near.observe(most, most)

    @property
    def within(self) -> float:
        """E against "right with a chance of the margin or more" after the last pair."""
        return self._near.within

    @property
    def fixed_n_p(self) -> float:
        """The p-value of the same where the number of pairs was fixed before."""
        n, right = len(self.guesses) + self.missing, sum(self.guesses)
        up, of = TOLERANCE.numerator, TOLERANCE.denominator
        ways = sum(math.comb(n, k) * up**k * (of - up) ** (n - k) for k in range(right, n + 1))
        return float(Fraction(ways, of**n))

    def interval(self) -> tuple[float, float]:
        """The hundredths between which the chance of a right guess lies, at 95 %, at every look."""
        return mean_interval([float(each) for each in self.guesses])

    def needed(self, level: float) -> int | None:
        """About how many pairs in all decide one way or the other, if as many guesses are right as until now.

        None where more than twenty thousand would, or nothing was guessed yet.
        """
        if not self.guesses:
            return None
        right, taken = sum(self.guesses), len(self.guesses) + self.missing
        pairs = taken + self.repeated
        least, most = right / taken, (right + self.missing + self.repeated) / pairs
        tolerance, margin = float(TOLERANCE), float(MARGIN)
        far = max(least * math.log1p(bet * (1 - tolerance) / tolerance) + (1 - least) * math.log1p(-bet)
                  for bet in BETS)  # fmt: skip
        near = max(most * math.log1p(-bet) + (1 - most) * math.log1p(bet * margin / (1 - margin)) for bet in BETS)
        target, of = math.log(len(BETS) / level), pairs / taken
        found = [of * target / far if far > 0 else math.inf, of * LEARNING + target / near if near > 0 else math.inf]
        return math.ceil(min(found)) if min(found) <= _MOST_NEEDED else None


class SeveralOrders:
    """The same pairs, guessed in several orders, all of them read."""

    def __init__(self, orders: Sequence[Guesses]) -> None:
        self.orders = orders
        self._path = [sum(each) / len(orders) for each in zip(*(order.path for order in orders), strict=True)]

    @property
    def p(self) -> float:
        """The p-value of "right with a chance of at most the tolerance"."""
        return min(1.0, 1 / self._path[-1]) if self._path else 1.0

    def decided(self, level: float) -> int | None:
        """From how many pairs on the mean of E stayed where it accuses; None where it does not in the end."""
        if self.p > level:
            return None
        return 1 + max((at for at, mean in enumerate(self._path, 1) if mean * level < 1), default=0)

    def is_within(self, level: float) -> bool:
        """Whether guesses are shown to be right less often than the margin."""
        return sum(each.within for each in self.orders) / len(self.orders) * level >= 1

    @property
    def share(self) -> float | None:
        """The share of right guesses in all orders; None where nothing was guessed."""
        made = sum(len(each.guesses) for each in self.orders)
        return sum(sum(each.guesses) for each in self.orders) / made if made else None
