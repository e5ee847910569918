"""Can somebody tell which of two texts is whose? Guesses, pair by pair, in a committed order.

*Null*: whatever came before, a guess is right with a chance of at most a tolerance t, a little above one half. Then the
bets of :class:`~steelyard.stats.mean_bets.MeanBets` win nothing in the long run, and E ≥ 1/α at any time has
probability ≤ α (Ville 1939). Where the two sides of a pair could be exchanged, a guess that follows from earlier pairs
alone is right with a chance of one half, whatever it follows from.

At a *fixed number* of pairs, p is the chance that so many guesses or more are right out of that many, if each is right
with chance t (binomial; a sum of guesses whose chances are at most t, whatever came before, is not larger in
distribution). For chances of one half it is the sign-flip test of the sum of ±1. It holds only where the number of
pairs does not follow from what was read.

*Within a margin*: against "a guess is right with a chance of m or more", from the pairs after :data:`LEARNING` on, by
which the guesser has learned from so many. It goes on learning, so that an early E may be of a time when it knew
little: the E after the last pair decides.

A pair that is missing counts as a wrong guess in the tests that accuse, and as a right one in the last; one that was
skipped says nothing in those, and counts as a right one in the last, or a text that comes again and again would hide
what it stands in for. E is kept by
additions and products alone, and the binomial sum by whole numbers, so both are the same on every machine.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Final

from steelyard.stats.mean_bets import BETS, MeanBets, mean_interval

__all__ = ["LEARNING", "MARGIN", "TOLERANCE", "Guesses"]

TOLERANCE: Final = Fraction(21, 40)
"""52.5 % of guesses: what two servers of the same weights may differ by (docs/design/text-identity.md)."""

MARGIN: Final = Fraction(23, 40)
"""57.5 %: so many right guesses are no longer few."""

LEARNING: Final = 200
"""Pairs that are for learning alone, where few right guesses are to be shown."""

_MOST_NEEDED: Final = 20_000  # pairs: more of them nobody asks


class Guesses:
    """Follows guesses, each of another pair."""

    def __init__(self) -> None:
        self._far = MeanBets(float(TOLERANCE), float(MARGIN))
        self._near = MeanBets(float(TOLERANCE), float(MARGIN))
        self.guesses: list[bool] = []
        """Those that were made, right or not, in their order."""
        self.missing = 0
        self.skipped = 0
        self.decided: int | None = None
        """After how many pairs the bets first reached the level of :meth:`observe`."""

    def observe(self, right: bool | None, level: float) -> None:
        """Take the next pair: whether the guess is right, None where it is missing."""
        if right is None:
            self.missing += 1
        else:
            self.guesses.append(right)
        self._far.observe(float(right or 0), float(right or 0))
        self._confirm(most=1.0 if right is None else float(right))
        if self.decided is None and self._far.highest * level >= 1:
            self.decided = self._far.n

    def skip(self) -> None:
        """Take the next pair, in which nothing was guessed, since a part of it came before."""
        self.skipped += 1
        self._confirm(most=1.0)

    def _confirm(self, most: float) -> None:
        if self._far.n > LEARNING:
            self._near.observe(most, most)

    @property
    def p(self) -> float:
        """The p-value of "right with a chance of at most the tolerance", valid at every time."""
        return self._far.p

    def is_within(self, level: float) -> bool:
        """Whether guesses are shown to be right less often than the margin, by all pairs of a number fixed before."""
        return self._near.within * level >= 1

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
        pairs = taken + self.skipped
        least, most = right / taken, (right + self.missing + self.skipped) / pairs
        tolerance, margin = float(TOLERANCE), float(MARGIN)
        far = max(least * math.log1p(bet * (1 - tolerance) / tolerance) + (1 - least) * math.log1p(-bet)
                  for bet in BETS)  # fmt: skip
        near = max(most * math.log1p(-bet) + (1 - most) * math.log1p(bet * margin / (1 - margin)) for bet in BETS)
        target, of = math.log(len(BETS) / level), pairs / taken
        found = [of * target / far if far > 0 else math.inf, of * LEARNING + target / near if near > 0 else math.inf]
        return math.ceil(min(found)) if min(found) <= _MOST_NEEDED else None
