"""Testing the mean of scores in [0, 1] answer by answer: a finite population, without replacement, by betting.

N samples have scores x in [0, 1], on a grid of integers, and weights w, whole numbers: all alike for a plain mean, or
such that a weighted mean (a macro average over subtasks, say) is Σ w·x / Σ w. They are drawn in a committed random
order over all samples, whatever their weights. The null is "the total Σ w·x is at least a boundary". Of what is left
when the t-th sample is drawn it leaves at least the rate

    c = (boundary − total so far) / (weight that is left),

so that w·(c − x) has an expectation of at most 0 over the draw, and 1 + λ·w·(c − x) one of at most 1 for every λ ≥ 0
that was fixed before it (Waudby-Smith & Ramdas 2024, "Estimating means of bounded random variables by betting", §5).
The product E of such factors is a supermartingale: E ≥ 1/α at any time has probability at most α (Ville 1939). E is the
mean of several such products, one for each distance at which the total may lie below the boundary. Bets are on
w·(x − c) and not on w·x: what a heavy sample weighs says nothing of how well it was answered.

*The bets.* On scores of 0 and 1 of equal weight λ = (c − q)/(c(1 − c)), where q is the rate that an alternative leaves,
makes E the likelihood ratio of :mod:`steelyard.stats.sequential`. Other scores vary less than 0 and 1 of the same mean,
by a factor ρ, which the scores read so far show (and one score of 0 and one of 1, so that ρ is 1 before the first and
stays 1 on scores of 0 and 1): λ is divided by ρ, as long as no score can take more than three quarters of what a bet
has won.

*In integers.* Everything is a whole number. A bet has units of 2⁻⁹⁶ and is rounded down at each step, which can only
lower it: it stays a supermartingale, and is the same on every machine and in every version of Python.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Self

from steelyard.stats.sequential import CONSISTENT_DISTANCES, GUARD, INCONSISTENT_DISTANCES, Decision

__all__ = ["GRID", "MeanTracker", "Population", "TotalBet", "grid_bounds"]

GRID: Final = 1_000_000
"""The steps between a score of 0 and one of 1."""

ONE: Final = 1 << 96  # a bet before the first score
_WHOLE: Final = 1 << 64  # a share of the largest bet that leaves no factor below 0
_CAREFUL: Final = 3 * _WHOLE // 4


def grid_bounds(score: float, grid: int = GRID) -> tuple[int, int]:
    """The steps of the grid below and above a score in [0, 1], equal where it lies on one.

    A float is read as the shortest decimal that stands for it, so that .1 is a tenth. Raises ValueError for a score
    that is outside [0, 1].
    """
    if not 0 <= score <= 1:
        raise ValueError(f"a score is within [0, 1], not {score!r}")
    steps = Fraction(repr(float(score))) * grid
    return steps.numerator // steps.denominator, -(-steps.numerator // steps.denominator)


@dataclass(frozen=True, slots=True)
class Population:
    """Whose mean is tested: how many samples it has, and their weights (whole numbers, at least 1).

    ``weight`` is the sum of the weights, ``squares`` that of their squares, ``heaviest`` the largest. Scores are whole
    numbers from 0 to ``grid``, so that totals are whole numbers from 0 to ``most`` = ``weight`` · ``grid``.
    """

    count: int
    weight: int
    squares: int
    heaviest: int
    grid: int = GRID

    @classmethod
    def even(cls, count: int, grid: int = GRID) -> Self:
        """So many samples of equal weight; raises ValueError for none."""
        return cls.of({1: count}, grid)

    @classmethod
    def of(cls, weights: Mapping[int, int] | Iterable[int], grid: int = GRID) -> Self:
        """The samples of these weights, each given, or how many there are of each; raises ValueError for none."""
        counts = Counter(weights)
        if not counts or grid < 1 or any(weight < 1 or count < 1 for weight, count in counts.items()):
            raise ValueError("a population has samples, weights of 1 or more, and a grid of 1 or more")
        return cls(
            count=counts.total(),
            weight=sum(weight * count for weight, count in counts.items()),
            squares=sum(weight * weight * count for weight, count in counts.items()),
            heaviest=max(counts),
            grid=grid,
        )

    @property
    def most(self) -> int:
        """The total where every score is full."""
        return self.weight * self.grid

    def threshold(self, rate: Fraction) -> int:
        """The least total whose mean is at least ``rate``."""
        return -(-rate.numerator * self.most // rate.denominator)


class TotalBet:
    """Bets against "the total is at least ``boundary``", step by step, each score in O(1).

    ``distances`` are those of the alternatives below the boundary, as shares of the largest total. Raises ValueError
    for a boundary outside 1 … the largest total: no score would be needed.
    """

    __slots__ = ("_bets", "_distances", "_drawn", "_highest", "_population", "_squares", "_sum", "_total", "_weight",
                 "_weight_squares", "boundary", "impossible")  # fmt: skip

    def __init__(self, population: Population, boundary: int, distances: Sequence[Fraction]) -> None:
        if not 1 <= boundary <= population.most:
            raise ValueError(f"a boundary is within 1 … {population.most}, not {boundary}: no score would be needed")
        self.boundary = boundary
        self.impossible = False
        """Whether no further scores could reach the boundary."""
        self._population = population
        apart = (min(boundary, max(1, round(distance * population.most))) for distance in distances)
        self._distances = tuple(sorted(set(apart), reverse=True))
        self._bets = [ONE] * len(self._distances)
        self._highest = ONE * len(self._distances)
        self._total = 0
        self._weight, self._weight_squares = population.weight, population.squares  # of what is left
        # Of the scores read, and one of 0 and one of 1: how many, their sum, and the sum of their squares.
        self._drawn, self._sum, self._squares = 2, population.grid, population.grid**2

    @property
    def e(self) -> Fraction:
        """The mean of the bets, exact."""
        return Fraction(sum(self._bets), ONE * len(self._bets))

    @property
    def p(self) -> float:
        """1/sup E, at most 1: a p-value at every time; 0 once the null is impossible."""
        return 0.0 if self.impossible else (ONE * len(self._bets)) / self._highest

    def wins(self, alpha: float) -> bool:
        """Whether E ≥ 1/α now, or the null has become impossible."""
        level = (1 + GUARD) / Fraction(alpha)
        return self.impossible or sum(self._bets) * level.denominator >= level.numerator * ONE * len(self._bets)

    def step(self, score: int, weight: int = 1) -> None:
        """Take the next score of the order, of a sample of this weight; no more than the population has."""
        left = self.boundary - self._total
        if left > 0 and not self.impossible:
            self._bet(score, weight, left)
        self._total += weight * score
        self._weight -= weight
        self._weight_squares -= weight * weight
        self._drawn += 1
        self._sum += score
        self._squares += score * score
        self.impossible = self.impossible or self.boundary - self._total > self._weight * self._population.grid

    def _bet(self, score: int, weight: int, left: int) -> None:
        """Multiply each bet by 1 + share · w·(c − x)/(w_max·(1 − c)), where c = left/(what is left, all of it full)."""
        grid, heaviest = self._population.grid, self._population.heaviest
        room = self._weight * grid - left
        if not room:  # only full scores reach the boundary: another one makes it impossible, and a full one is expected
            return
        gain = weight * (left - score * self._weight)
        scale = heaviest * room * _WHOLE
        whole = self._sum * (self._drawn * grid - self._sum)
        varied = self._drawn * self._squares - self._sum * self._sum
        per_share = left * self._weight_squares
        for place, distance in enumerate(self._distances):
            wanted = distance * self._weight * heaviest * _WHOLE
            share = min(_WHOLE, wanted // per_share)
            if share < _CAREFUL:
                share = min(_CAREFUL, wanted * whole // (per_share * varied))
            self._bets[place] = self._bets[place] * (scale + share * gain) // scale
        self._highest = max(self._highest, sum(self._bets))


class MeanTracker:
    """Follows one claim about a mean along the committed order and says when to stop.

    *Inconsistent* means a total below ``accuse``, *consistent* one of at least ``confirm``, each at its own level.
    ``confirm`` above the largest total is never reached. ``bets`` False: nothing is decided that a further score could
    change. Feed it the contiguous prefix of the order only. A score is known within bounds: a missing one is 0 or full,
    so that it counts as full against "inconsistent" and as 0 for "consistent".

    Raises ValueError unless 1 ≤ ``accuse`` ≤ ``confirm`` and ``accuse`` ≤ the largest total, and for levels outside
    (0, 1).
    """

    __slots__ = ("_above", "_alphas", "_below", "_bets", "decided_at", "decision", "n", "population")

    def __init__(
        self,
        population: Population,
        accuse: int,
        confirm: int,
        alpha_inconsistent: float,
        alpha_consistent: float,
        *,
        bets: bool = True,
    ) -> None:
        if confirm < accuse:
            raise ValueError(f"confirm must be at least {accuse}, not {confirm}")
        for alpha in (alpha_inconsistent, alpha_consistent):
            if not 0 < alpha < 1:
                raise ValueError(f"a level must be within (0, 1), not {alpha}")
        self.population = population
        self.n = 0
        self.decision: Decision | None = None
        self.decided_at: int | None = None
        self._alphas, self._bets = (alpha_inconsistent, alpha_consistent), bets
        self._below = TotalBet(population, accuse, INCONSISTENT_DISTANCES)
        # "The total is below confirm" is "what is missing to full scores is at least …".
        lacking = population.most - confirm + 1
        self._above = TotalBet(population, lacking, CONSISTENT_DISTANCES) if lacking > 0 else None

    @property
    def p(self) -> float:
        """Anytime-valid p-value of "the total is at least ``accuse``": 1/sup E, at most 1; 0 where it is impossible."""
        return self._below.p

    @property
    def log_e(self) -> float:
        """The log of sup E of the bet that accuses; inf where its null has become impossible."""
        return -math.log(self.p) if self.p > 0 else math.inf

    def observe(self, least: int, most: int, weight: int = 1) -> Decision | None:
        """Take the next score of the order, between two steps of the grid; returns the decision so far.

        Scores after a decision are ignored. Raises ValueError for bounds that are none, and for more scores than the
        population has.
        """
        if self.decision is not None:
            return self.decision
        if not 0 <= least <= most <= self.population.grid:
            raise ValueError(f"0 ≤ least ≤ most ≤ {self.population.grid} must hold, not {least} and {most}")
        if self.n == self.population.count:
            raise ValueError(f"all {self.population.count} scores were observed already")
        self.n += 1
        self._below.step(most, weight)
        if self._above is not None:
            self._above.step(self.population.grid - least, weight)
        if self._has_won(self._below, self._alphas[0]):
            self.decision = "inconsistent"
        elif self._above is not None and self._has_won(self._above, self._alphas[1]):
            self.decision = "consistent"
        if self.decision is not None:
            self.decided_at = self.n
        return self.decision

    def _has_won(self, bet: TotalBet, alpha: float) -> bool:
        return bet.wins(alpha) if self._bets else bet.impossible
