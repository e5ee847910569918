"""Testing the number of right answers with known difficulties of the samples: fewer answers, the same error rates.

N samples are drawn in a committed random order, without replacement, as in :mod:`steelyard.stats.sequential`, and each
has a difficulty that was known before the first draw: the odds of a wrong answer to it, from models of a panel. The
null is "at least a boundary K of the N are hits" (right answers; wrong ones on the side that confirms). When R samples
are left and h were hits, it leaves at most U = R − (K − h) misses. Whatever numbers b_i ≥ 0 and l ≥ 0 are chosen before
a draw, the factor

    (b_i + l·[i is a miss]) · R / (Σ b_i over what is left + l·U)

has an expectation of at most 1 over that draw under the null, for every set of hits: it is the mean of
b_i + l·[miss] over what is left, over a number that is at least that mean. So the product E is a supermartingale
(Waudby-Smith & Ramdas 2024, "Estimating means of bounded random variables by betting", §5, with a side bet on each
sample), and E ≥ 1/α at any time has probability at most α (Ville 1939), whatever the difficulties are: wrong ones make
bad bets, and no error. Only the order must not depend on them, nor they on the order.

*The bets.* An alternative leaves T > U misses. Sample i misses with probability q_i = t·w_i/(1 + t·w_i), w_i being its
difficulty, where t is such that the q_i of what is left sum to T: without that, difficulties would also bet on how many
misses there are. The mean of log(b_i + l·[miss]) is largest, under Σ b_i + l·U = R, where for each sample
(1 − q_i)/b_i + q_i/(b_i + l) = 1, which is a quadratic equation in b_i, and Σ q_i/(b_i + l) = U, which one bisection
over l solves. It is solved anew every max(5, N/200) answers; between, what is left and U are counted exactly. Samples
are put into at most 8 bins by difficulty, of equal size.

E is the mean of these bets and of the likelihood ratios of :mod:`steelyard.stats.sequential`, three of each: it is
never less than half of the latter's, so that no difficulties delay a decision by more than a factor of two in E.

*In integers.* Everything is a whole number. A bet has units of 2⁻⁹⁶ and is rounded down at each step, which can only
lower it; so it is the same on every machine and in every version of Python.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from steelyard.stats.bounded_bets import ONE
from steelyard.stats.sequential import CONSISTENT_DISTANCES, GUARD, INCONSISTENT_DISTANCES, Decision, alternatives

__all__ = ["EVEN", "HARDEST", "Bins", "DifficultyTracker", "HitBet", "bins_of"]

EVEN: Final = 1000
"""The difficulty of a sample that half of the models get right: the odds of a wrong answer, in thousandths."""
HARDEST: Final = EVEN * EVEN
"""The largest difficulty; the smallest is 1."""

_BINS: Final = 8
_UNIT: Final = 1 << 32  # of a probability, and of what a bet pays
_LEAST_CHANCE: Final = _UNIT // 100  # of a hit or a miss: no bet loses all by one answer that a panel did not expect
_SHIFT: Final = 1 << 40
_STEPS: Final = 16  # of a bisection between logarithms that are at most 80 doublings apart: a thousandth of one


@dataclass(frozen=True)
class Bins:
    """Samples by difficulty: of each the number of its bin, and of each bin the odds of a wrong answer."""

    of: bytes
    odds: tuple[int, ...]


def bins_of(difficulties: Sequence[int]) -> Bins:
    """Put samples into at most 8 bins of about equal size; one whose difficulty is 0 (not known) into the middle.

    Equal difficulties share a bin. The odds of a bin are those of the mean chance of a wrong answer in it. Raises
    ValueError for a difficulty outside 0 … 1,000,000.
    """
    if any(not 0 <= each <= HARDEST for each in difficulties):
        raise ValueError(f"a difficulty is within 0 … {HARDEST}, 0 where it is not known")
    known = sorted(each for each in difficulties if each)
    middle = known[len(known) // 2] if known else EVEN
    edges = sorted({known[len(known) * number // _BINS] for number in range(1, _BINS)}) if known else []
    of = bytes(bisect_right(edges, each or middle) for each in difficulties)
    chances, counts = [0] * (len(edges) + 1), [0] * (len(edges) + 1)
    for place, each in zip(of, difficulties, strict=True):
        wrong = each or middle
        chances[place] += _UNIT * wrong // (wrong + EVEN)
        counts[place] += 1
    odds = (
        max(1, min(HARDEST, EVEN * chance // max(1, count * _UNIT - chance)))
        for chance, count in zip(chances, counts, strict=True)
    )
    return Bins(of, tuple(odds))


def _chances(odds: Sequence[int], counts: Sequence[int], misses: int) -> list[int]:
    """The chance of a miss in each bin (in units of 2⁻³²): these odds times one factor, so that they sum to misses."""

    def at(factor: int) -> list[int]:
        return [_UNIT * (factor * each) // (factor * each + EVEN * _SHIFT) for each in odds]

    low, high, wanted = 1, _SHIFT * _SHIFT, misses * _UNIT
    for _ in range(_STEPS):
        middle = math.isqrt(low * high)
        if sum(map(int.__mul__, counts, at(middle))) > wanted:
            high = middle
        else:
            low = middle
    return [min(_UNIT - _LEAST_CHANCE, max(_LEAST_CHANCE, each)) for each in at(low)]


def _best(chances: Sequence[int], counts: Sequence[int], left: int) -> tuple[list[int], int]:
    """What each bin pays for a hit, and what a miss pays beside it (units of 2⁻³²), if the null leaves so many misses.

    A miss pays nothing where the chances promise no more misses than that.
    """

    def paid(extra: int) -> list[int]:
        rest = _UNIT - extra
        return [(rest + math.isqrt(rest * rest + 4 * extra * (_UNIT - chance))) // 2 for chance in chances]

    expected = sum(map(int.__mul__, counts, chances))
    if expected <= left * _UNIT:
        return [_UNIT] * len(counts), 0
    low, high = _UNIT >> 16, expected // left + 1  # Σ q/(b + l) < Σ q/l
    for _ in range(_STEPS):
        extra = math.isqrt(low * high)
        reached = sum(
            count * chance * _UNIT // (base + extra)
            for count, chance, base in zip(counts, chances, paid(extra), strict=True)
        )
        if reached > left * _UNIT:
            low = extra
        else:
            high = extra
    return paid(low), low


class HitBet:
    """Bets against "at least ``boundary`` of the samples are hits": with difficulties, and the likelihood ratios.

    ``odds`` are those of a miss in each bin, in thousandths, and ``counts`` its samples. Raises ValueError for a
    boundary outside 1 … all samples.
    """

    __slots__ = (
        "_bets", "_counts", "_every", "_highest", "_highest_plain", "_hits", "_misses", "_odds", "_paid", "_plain",
        "_sums", "_totals", "boundary", "impossible", "population",
    )  # fmt: skip

    def __init__(
        self, odds: Sequence[int], counts: Sequence[int], boundary: int, distances: Sequence[Fraction]
    ) -> None:
        self.population = sum(counts)
        if not 1 <= boundary <= self.population:
            raise ValueError(f"a boundary is within 1 … {self.population}, not {boundary}: no answer would be needed")
        self.boundary = boundary
        self.impossible = False
        """Whether no further answers could reach the boundary."""
        self._odds, self._counts = tuple(odds), list(counts)
        self._every = max(5, self.population // 200)
        self._totals = alternatives(self.population, boundary, distances)
        self._plain = [ONE] * len(self._totals)
        self._bets = [ONE] * len(self._totals)
        self._highest, self._highest_plain = 2 * ONE * len(self._totals), ONE * len(self._totals)
        self._hits = self._misses = 0
        self._paid: list[tuple[list[int], int]] = []  # by alternative: for a hit in each bin, and more for a miss
        self._sums: list[int] = []  # of what is left, of what a hit pays

    @property
    def e(self) -> Fraction:
        """The mean of the bets, exact."""
        return Fraction(self._sum, 2 * ONE * len(self._totals))

    @property
    def p(self) -> float:
        """1/sup E, at most 1: a p-value at every time; 0 once the null is impossible."""
        return 0.0 if self.impossible else 2 * ONE * len(self._totals) / self._highest

    @property
    def plain_p(self) -> float:
        """The same of the likelihood ratios alone."""
        return 0.0 if self.impossible else ONE * len(self._totals) / self._highest_plain

    @property
    def _sum(self) -> int:
        return sum(self._plain) + sum(self._bets)

    def wins(self, alpha: float) -> bool:
        """Whether E ≥ 1/α now, or the null has become impossible."""
        level = (1 + GUARD) / Fraction(alpha)
        return self.impossible or self._sum * level.denominator >= level.numerator * 2 * ONE * len(self._totals)

    def step(self, hit: bool, place: int) -> None:
        """Take the next answer of the order, of a sample in the bin ``place``."""
        left = self.population - self._hits - self._misses
        most = self.population - self.boundary - self._misses  # misses that the null leaves
        if 0 < most < left and not self.impossible:
            self._bet(hit, place, left, most)
            self._highest = max(self._highest, self._sum)
            self._highest_plain = max(self._highest_plain, sum(self._plain))
        self._hits += hit
        self._misses += not hit
        self._counts[place] -= 1
        self._sums = [total - paid[place] for total, (paid, _) in zip(self._sums, self._paid, strict=True)]
        self.impossible = self._misses > self.population - self.boundary

    def _bet(self, hit: bool, place: int, left: int, most: int) -> None:
        needed = self.boundary - self._hits
        if (self.population - left) % self._every == 0 or not self._paid:
            self._solve(left, most)
        for number, total in enumerate(self._totals):
            odds = (max(0, total - self._hits), needed) if hit else (left - total + self._hits, most)
            self._plain[number] = self._plain[number] * odds[0] // odds[1]
            paid, extra = self._paid[number]
            gain = paid[place] if hit else paid[place] + extra
            self._bets[number] = self._bets[number] * gain * left // (self._sums[number] + extra * most)

    def _solve(self, left: int, most: int) -> None:
        self._paid = []
        for total in self._totals:
            misses = min(left - total + self._hits, max(left * 49 // 50, most))
            chances = _chances(self._odds, self._counts, misses)
            self._paid.append(_best(chances, self._counts, most))
        self._sums = [sum(map(int.__mul__, self._counts, paid)) for paid, _ in self._paid]


class DifficultyTracker:
    """Follows one claim along the committed order and says when to stop.

    *Inconsistent* means fewer right answers than ``accuse``, *consistent* at least ``confirm``, each at its own level;
    ``confirm`` above the population is never reached. ``bins`` has a place for each trial of the order, in that order.
    Feed it the contiguous prefix of the order only. A missing answer counts as right against "inconsistent" and as
    wrong for "consistent". Raises ValueError unless 1 ≤ ``accuse`` ≤ ``confirm`` and ``accuse`` ≤ the population, and
    for levels outside (0, 1).
    """

    __slots__ = ("_above", "_alphas", "_below", "_places", "decided_at", "decision", "n")

    def __init__(
        self, bins: Bins, accuse: int, confirm: int, alpha_inconsistent: float, alpha_consistent: float
    ) -> None:
        if confirm < accuse:
            raise ValueError(f"confirm must be at least {accuse}, not {confirm}")
        for alpha in (alpha_inconsistent, alpha_consistent):
            if not 0 < alpha < 1:
                raise ValueError(f"a level must be within (0, 1), not {alpha}")
        self.n = 0
        self.decision: Decision | None = None
        self.decided_at: int | None = None
        self._alphas, self._places = (alpha_inconsistent, alpha_consistent), bins.of
        counts = [bins.of.count(place) for place in range(len(bins.odds))]
        self._below = HitBet(bins.odds, counts, accuse, INCONSISTENT_DISTANCES)
        # "Fewer than confirm are right" is "at least … are wrong"; a right answer is then a miss.
        lacking = len(bins.of) - confirm + 1
        of_right = [HARDEST // each for each in bins.odds]
        self._above = HitBet(of_right, counts, lacking, CONSISTENT_DISTANCES) if lacking > 0 else None

    @property
    def p(self) -> float:
        """Anytime-valid p-value of "at least ``accuse`` are right": 1/sup E, at most 1; 0 where it is impossible."""
        return self._below.p

    @property
    def plain_p(self) -> float:
        """That p-value without difficulties."""
        return self._below.plain_p

    @property
    def log_e(self) -> float:
        """The log of sup E of the bet that accuses; inf where its null has become impossible."""
        return -math.log(self.p) if self.p > 0 else math.inf

    def observe(self, score: int | None) -> Decision | None:
        """Take the next score of the order (1 right, 0 wrong, None missing); returns the decision so far.

        Scores after a decision are ignored. Raises ValueError for any other score, and for more than the population.
        """
        if self.decision is not None:
            return self.decision
        if score not in (0, 1, None):
            raise ValueError(f"a score is 0, 1 or None, not {score!r}")
        if self.n == len(self._places):
            raise ValueError(f"all {len(self._places)} scores were observed already")
        place = self._places[self.n]
        self.n += 1
        self._below.step(score != 0, place)
        if self._above is not None:
            self._above.step(score != 1, place)
        if self._below.wins(self._alphas[0]):
            self.decision = "inconsistent"
        elif self._above is not None and self._above.wins(self._alphas[1]):
            self.decision = "consistent"
        if self.decision is not None:
            self.decided_at = self.n
        return self.decision
