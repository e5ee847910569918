"""A gate against a bar: is this model right on at least a share of a suite? Asked in a committed order, stopped early.

Two meanings of "at least .85 of N samples", and the level of each:

* *steady* (answers do not vary, as in-process greedy decoding): a finite population. The stop table of
  :mod:`steelyard.stats.sequential` decides whether M ≥ T = ⌈N·bar⌉, red at α/m and green at α. Repeating it gives the
  same answer, and after all N there is no doubt.
* *varying* (everything else): the rate θ is what repeated passes would give on average, or what questions like these
  would. One pass over N is then itself by chance. Red means θ < bar: fewer than r right, where P(Bin(N, bar) < r) ≤ .8
  of the level. Green means θ ≥ bar: at least g right, where P(Bin(N, bar) ≥ g) ≤ .8 of α. Answers to different samples
  with different chances vary less than the binomial says (Hoeffding 1956), so both hold for any mix of samples. The
  stop table between r and g, for early stops, has the other .2. In between a complete pass is *undecided*.

A family of m gates (the tests of one session) has red at α/m each, so that a session in which all models meet their
bars has a red one with probability ≤ α. Green needs no correction: a session is green if all are.

``python -m bench.inhouse gate`` prints how often sessions of 100 gates are red, and how far above its bar a model must
be.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from steelyard.stats.gate import Colour
from steelyard.stats.sequential import StopTable, stop_table

__all__ = ["EARLY", "BarGate", "gate_at_levels", "make_bar_gate"]

EARLY = 0.2
"""Share of the level for stopping early, where answers vary."""


@dataclass(frozen=True, slots=True)
class BarGate:
    """A gate that a plan can seal, in integers."""

    population: int
    red_below: int
    """A complete pass with fewer right answers is red; 0 where none is few enough."""
    green_from: int
    """A complete pass with so many right answers is green; population + 1 where none are enough."""
    table: StopTable

    def colour(self, n: int, right: int, missing: int = 0) -> Colour | None:
        """The colour after ``n`` samples of the order, or None to go on asking.

        ``right`` of them are right and ``missing`` are missing or open, which count as right for red and as wrong for
        green. After the last sample it is *undecided* at least.
        """
        decision = self.table.decision(n, right, right + missing) if n else None
        if decision is not None:
            return "red" if decision == "inconsistent" else "green"
        return "undecided" if n >= len(self.table.inconsistent) else None


def make_bar_gate(
    population: int, bar: Fraction, alpha: float = 0.05, *, family: int = 1, steady: bool = False
) -> BarGate:
    """The gate of one model on ``population`` samples against a ``bar`` in (0, 1], one of ``family`` in its session.

    Raises ValueError for a bar or level outside its range, no sample, and a family below 1.
    """
    if population < 1 or family < 1 or not 0 < bar <= 1 or not 0 < alpha < 1:
        raise ValueError("a gate needs samples, a bar within (0, 1], a level within (0, 1) and a family of 1 or more")
    return gate_at_levels(population, bar, alpha / family, alpha, steady=steady)


def gate_at_levels(population: int, bar: Fraction, red: float, green: float, *, steady: bool) -> BarGate:
    """The gate whose red and whose green have a level of their own; arguments are as :func:`make_bar_gate` checks."""
    if steady:
        needed = math.ceil(population * bar)
        return BarGate(population, needed, needed, stop_table(population, needed, red, green))
    red_below = _most_below(population, float(bar), (1 - EARLY) * red)
    green_from = population + 1 - _most_below(population, 1 - float(bar), (1 - EARLY) * green)
    table = stop_table(population, max(1, red_below), EARLY * red, EARLY * green, max(1, green_from))
    if red_below < 1:
        table = StopTable(inconsistent=(-1,) * population, consistent=table.consistent)
    return BarGate(population, red_below, green_from, table)


def _most_below(n: int, rate: float, level: float) -> int:
    """The largest r for which fewer than r of n have probability ≤ ``level`` at this rate."""
    from scipy.special import bdtr

    if rate <= 0:
        return 0
    low, high = 0, n + 1  # P(fewer than low) ≤ level, P(fewer than high) > level
    while high - low > 1:
        middle = (low + high) // 2
        if float(bdtr(middle - 1, n, min(1.0, rate))) <= level:
            low = middle
        else:
            high = middle
    return low
