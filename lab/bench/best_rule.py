"""How far the bets on three distances are from the best rule of their size: ``python -m bench.best_rule``.

The best rule for one truth is found by dynamic programming over (asked, right), backwards: among all rules that accuse
a model at the threshold no more often than the bets do, it is the one whose mean number of answers is least at that
truth, where a rule that never stops asks all. It knows the truth that it is made for, and no rule of ours does.
"""

from __future__ import annotations

import argparse
import math
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import track
from rich.table import Table

from steelyard.stats.exact import operating_characteristics
from steelyard.stats.sequential import StopTable, stop_table, threshold

__all__ = ["Rule", "best_rule", "bets_alone", "main"]

ALPHA: Final = 0.05
CLAIM: Final = Fraction(88, 100)
_ROUNDS: Final = 40  # of the search for the price of a false accusation

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rule:
    """The chance of accusing at the threshold, and the mean share asked at the truth."""

    size: float
    share: float


def bets_alone(population: int, accuse: int, truth: int) -> Rule:
    """The side of our test that accuses, alone: as the best rule it asks all where it does not accuse."""
    table = stop_table(population, accuse, ALPHA, ALPHA, population + 1)
    only = StopTable(inconsistent=table.inconsistent, consistent=(population + 1,) * population)
    at_edge = operating_characteristics(population, accuse, only)
    return Rule(at_edge.p_inconsistent, operating_characteristics(population, truth, only).mean_share)


def best_rule(population: int, accuse: int, truth: int, size: float) -> Rule:
    """The best rule for ``truth`` among those that accuse at ``accuse`` right answers with probability ``size``.

    Between two prices of a false accusation, whose rules have sizes around ``size``, chance chooses.
    """
    low, high = 1e-3, 1e9  # a low price accuses often
    for _ in range(_ROUNDS):
        price = math.sqrt(low * high)
        if _at_price(population, accuse, truth, price).size > size:
            low = price
        else:
            high = price
    often, seldom = (_at_price(population, accuse, truth, price) for price in (low, high))
    part = 0.0 if often.size <= seldom.size else (size - seldom.size) / (often.size - seldom.size)
    part = min(1.0, max(0.0, part))
    return Rule(size, part * often.share + (1 - part) * seldom.share)


def _at_price(population: int, accuse: int, truth: int, price: float) -> Rule:
    """Least mean answers at the truth + price · chance of accusing at the threshold; backwards, then forwards.

    ``later`` is what is still to be paid in a state, by the number of right answers, given the truth.
    """
    right = np.arange(population + 1)
    stops: list[NDArray[np.bool_]] = []
    later = np.zeros(population + 1)
    for asked in range(population - 1, -1, -1):
        now = right[: asked + 1]
        chance = np.clip((truth - now) / (population - asked), 0.0, 1.0)
        going_on = 1 + chance * later[1 : asked + 2] + (1 - chance) * later[: asked + 1]
        accusing = price * _ratio(population, accuse, truth, asked)
        stops.append(accusing <= going_on)
        later = np.minimum(accusing, going_on)
    return _walked(population, accuse, truth, stops[::-1])


def _ratio(population: int, accuse: int, truth: int, asked: int) -> Floats:
    """P(answers so far | threshold) / P(… | truth), by right answers; infinite where the truth cannot give them."""
    logs = [
        _log_falling(total, np.arange(asked + 1)) + _log_falling(population - total, asked - np.arange(asked + 1))
        for total in (accuse, truth)
    ]
    with np.errstate(invalid="ignore", over="ignore"):
        return np.where(np.isneginf(logs[1]), np.inf, np.exp(logs[0] - logs[1]))


def _log_falling(total: int, counts: NDArray[np.int64]) -> Floats:
    from scipy.special import gammaln

    possible = counts <= total
    left = np.where(possible, total - counts, 0)
    return np.where(possible, gammaln(total + 1) - gammaln(left + 1), -np.inf)


def _walked(population: int, accuse: int, truth: int, stops: Sequence[NDArray[np.bool_]]) -> Rule:
    found = []
    for total in (accuse, truth):
        alive, accused, mean = np.ones(1), 0.0, 0.0
        for asked, stop in enumerate(stops):
            accused += float(alive[stop].sum())
            alive = np.where(stop, 0.0, alive)
            mean += float(alive.sum())
            chance = np.clip((total - np.arange(asked + 1)) / (population - asked), 0.0, 1.0)
            moved = np.zeros(asked + 2)
            moved[:-1] = alive * (1 - chance)
            moved[1:] += alive * chance
            alive = moved
        found.append((accused, mean / population))
    return Rule(found[0][0], found[1][1])


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one line for each size and truth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[164, 500])
    parser.add_argument("--truths", type=int, nargs="+", default=[76, 78, 80, 82, 84])
    given = parser.parse_args(arguments)
    console = Console(width=100)
    console.print(f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}; claim 88 %, tolerance 2 points, α = {ALPHA}")
    table = Table(title="Mean share asked until the claim is accused, exact", box=SIMPLE_HEAD)
    for heading in ("N", "truth", "size", "bets", "best rule", "bets / best"):
        table.add_column(heading, justify="right")
    cases = [(size, truth) for size in given.sizes for truth in given.truths]
    for size, points in track(cases, console=Console(stderr=True)):
        accuse = threshold(size, CLAIM, Fraction(1, 200), Fraction(2, 100))
        truth = round(size * points / 100)
        bets = bets_alone(size, accuse, truth)
        best = best_rule(size, accuse, truth, bets.size)
        shares = f"{bets.share:.3f}", f"{best.share:.3f}", f"{bets.share / best.share:.2f}"
        table.add_row(f"{size:,}", f"{points} %", f"{bets.size:.4f}", *shares)
    console.print(table)


if __name__ == "__main__":
    main()
