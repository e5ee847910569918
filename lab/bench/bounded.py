"""Bets on the mean of scores in [0, 1] and on weighted means: ``python -m bench.bounded [--runs N] [--sizes N …]``.

Size: 20 populations that lie exactly at the edge of each null, and five weighted averages, in so many random orders.
Cost: the share of the samples that is asked until a claim is found too high, beside the table for scores of 0 and 1.
The runs are followed in floats, many at once; tests/bench checks that they end where the integers of an audit do.
"""

from __future__ import annotations

import argparse
import math
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from steelyard.scorers.ifeval.scorer import IfEval
from steelyard.stats.bounded_bets import GRID, Population
from steelyard.stats.exact import operating_characteristics
from steelyard.stats.intervals import clopper_pearson
from steelyard.stats.sequential import CONSISTENT_DISTANCES, INCONSISTENT_DISTANCES, stop_table, threshold

__all__ = ["CATEGORIES", "MACROS", "SHAPES", "Drawn", "Macro", "Shape", "main", "stops", "stops_in"]

SEED: Final = 20261127
ALPHA: Final = 0.05
SIZES: Final = (100, 1_000, 5_000)
CATEGORIES: Final = (1351, 1299, 1132, 1101, 969, 924, 844, 818, 789, 717, 545, 499, 410, 634)  # as of MMLU-Pro
_AT_ONCE: Final = 1_000  # runs that are followed together

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
IFEVAL: Final = (
    305,
    179,
    57,
)  # of 541 prompts with 834 instructions, split as is likely: the published split is not here

Draw = Callable[[np.random.Generator, int], Floats]


@dataclass(frozen=True)
class Shape:
    """A kind of scores, drawn once for a population of so many samples."""

    name: str
    draw: Draw


@dataclass(frozen=True)
class Macro:
    """An average over subtasks of scores of 0 and 1: of these sizes, each with its share of right answers.

    Every subtask weighs the same altogether, or by ``weights``.
    """

    name: str
    sizes: tuple[int, ...]
    rates: tuple[float, ...]
    weights: tuple[int, ...] = ()


@dataclass(frozen=True)
class Drawn:
    """A population whose mean is tested: the score of each sample, in steps of the grid, and its weight."""

    scores: Integers
    weights: tuple[int, ...]

    @property
    def population(self) -> Population:
        """What the test knows of it."""
        return Population.of(self.weights)

    @property
    def total(self) -> int:
        """Σ w·x, exact."""
        return sum(weight * int(score) for weight, score in zip(self.weights, self.scores, strict=True))

    def lacking(self) -> Drawn:
        """The other side: what each score lacks to a full one."""
        return Drawn(GRID - self.scores, self.weights)


def _two(low: float, high: float, share: float) -> Draw:
    """``share`` of the samples have the high score, the others the low one."""
    return lambda random, n: np.where(np.arange(n) < round(share * n), high, low)


def _mixed(random: np.random.Generator, n: int) -> Floats:
    kind = random.random(n)
    return np.where(kind < 0.85, 1.0, np.where(kind < 0.95, 0.0, 0.5 + 0.5 * random.random(n)))


SHAPES: Final = (
    Shape("0 and 1, half of each", _two(0, 1, 0.5)),
    Shape("0 and 1, .88 right", _two(0, 1, 0.88)),
    Shape("0 and 1, .99 right", _two(0, 1, 0.99)),
    Shape("0 and 1, .02 right", _two(0, 1, 0.02)),
    Shape(".49 and .51, half of each", _two(0.49, 0.51, 0.5)),
    Shape(".9 and 1, half of each", _two(0.9, 1, 0.5)),
    Shape(".99 and 0, one in 100 is 0", _two(0, 0.99, 0.99)),
    Shape("0 and .1, one in 5 is .1", _two(0, 0.1, 0.2)),
    Shape("0 and .8, half of each", _two(0, 0.8, 0.5)),
    Shape(".6 and 1, one in 10 is 1", _two(0.6, 1, 0.1)),
    Shape(".8 and one of 0", lambda random, n: np.where(np.arange(n) < 1, 0.0, 0.8)),
    Shape(".2 and one of 1", lambda random, n: np.where(np.arange(n) < 1, 1.0, 0.2)),
    Shape("0, .5, 1, a third each", lambda random, n: (np.arange(n) % 3) / 2),
    Shape("uniform", lambda random, n: random.random(n)),
    Shape("beta(5, 1)", lambda random, n: random.beta(5, 1, n)),
    Shape("beta(1, 5)", lambda random, n: random.beta(1, 5, n)),
    Shape("beta(.3, .3), heavy at 0 and 1", lambda random, n: random.beta(0.3, 0.3, n)),
    Shape("beta(50, 20), alike", lambda random, n: random.beta(50, 20, n)),
    Shape("1 (85 %), 0 (10 %), .5 to 1", _mixed),
    Shape("20th powers of uniform", lambda random, n: random.random(n) ** 20),
)
MACROS: Final = (
    Macro("14 categories as of MMLU-Pro, .60 to .92", CATEGORIES,
          tuple(0.6 + 0.32 * ((5 * each) % 14) / 13 for each in range(14))),
    Macro("the same, large ones easy: micro 3 points up", CATEGORIES,
          (0.92, 0.92, 0.91, 0.9, 0.88, 0.86, 0.84, 0.82, 0.8, 0.76, 0.7, 0.66, 0.62, 0.64)),
    Macro("the same, large ones hard: micro 3 points down", CATEGORIES,
          (0.66, 0.66, 0.67, 0.68, 0.7, 0.72, 0.74, 0.76, 0.78, 0.82, 0.88, 0.92, 0.96, 0.94)),
    Macro("two of 1,172 and 2,376, as of ARC", (1172, 2376), (0.7, 0.9)),
    Macro("20 of 5 and one of 900", (*(5,) * 20, 900), (*(0.6,) * 20, 0.9)),
    Macro("400, 300, 200 by weights 1, 2, 5", (400, 300, 200), (0.5, 0.9, 0.95), (1, 2, 5)),
)  # fmt: skip


def draw_shape(shape: Shape, size: int) -> Drawn:
    """A population of this kind, the same each time."""
    random = np.random.default_rng([SEED, size])
    return Drawn(np.rint(shape.draw(random, size) * GRID).astype(np.int64), (1,) * size)


def draw_macro(macro: Macro) -> Drawn:
    """Its population, with exact weights."""
    of = macro.weights or (1,) * len(macro.sizes)
    each = [Fraction(weight, size) for weight, size in zip(of, macro.sizes, strict=True)]
    whole = math.lcm(*(weight.denominator for weight in each))
    rights = [round(rate * size) for rate, size in zip(macro.rates, macro.sizes, strict=True)]
    scores = [GRID * (place < right) for size, right in zip(macro.sizes, rights, strict=True) for place in range(size)]
    weights = tuple(int(weight * whole) for weight, size in zip(each, macro.sizes, strict=True) for _ in range(size))
    return Drawn(np.array(scores, dtype=np.int64), weights)


def draw_ifeval(rate: float) -> Drawn:
    """IFEval's average of prompts and instructions: 541 prompts of 1 to 3, each followed with this probability."""
    asked = np.repeat([1, 2, 3], IFEVAL)
    followed = np.random.default_rng([SEED, 541]).binomial(asked, rate)
    scorer = IfEval(average=True)
    scores = [scorer.value_of(int(k), int(n)) for k, n in zip(followed, asked, strict=True)]
    groups = scorer.weights({str(n): size for n, size in enumerate(IFEVAL, 1)})
    weights = tuple(groups[str(n)] // IFEVAL[int(n) - 1] for n in asked)
    return Drawn(np.floor(np.array(scores) * GRID).astype(np.int64), weights)


def stops(
    drawn: Drawn, boundary: int, distances: Sequence[Fraction], runs: int, alpha: float = ALPHA, seed: int = SEED
) -> Integers:
    """After how many scores each of so many orders rejects "the total is at least ``boundary``"; 0 where none does."""
    random = np.random.default_rng(seed)
    found = []
    for first in range(0, runs, _AT_ONCE):
        in_file = np.tile(np.arange(len(drawn.scores), dtype=np.int32), (min(_AT_ONCE, runs - first), 1))
        found.append(stops_in(drawn, boundary, distances, random.permuted(in_file, axis=1), alpha))
    return np.concatenate(found)


def stops_in(
    drawn: Drawn, boundary: int, distances: Sequence[Fraction], orders: NDArray[np.int32], alpha: float = ALPHA
) -> Integers:
    """:class:`steelyard.stats.bounded_bets.TotalBet` in floats; ``orders``: (runs, samples)."""
    by_place = np.ascontiguousarray(orders.T)
    population = drawn.population
    heaviest = population.heaviest
    weights = np.array([weight / heaviest for weight in drawn.weights])
    scores = drawn.scores / GRID
    apart = sorted({min(boundary, max(1, round(each * population.most))) for each in distances}, reverse=True)
    apart_by = np.array([each / (heaviest * GRID) for each in apart])[:, None]
    runs = len(orders)
    left = np.full(runs, boundary / (heaviest * GRID))
    weight, squares = np.full(runs, weights.sum()), np.full(runs, (weights**2).sum())
    total, of_squares = np.ones(runs), np.ones(runs)
    bets, found = np.ones((len(apart), runs)), np.zeros(runs, dtype=np.int64)
    for place, which in enumerate(by_place):
        x, w = scores[which], weights[which]
        room = weight - left
        n = place + 2
        with np.errstate(all="ignore"):  # of runs that have ended
            wanted = apart_by * weight / (left * squares)
            varied = np.maximum(n * of_squares - total**2, 1e-12) / (total * (n - total))
            share = np.minimum(1.0, np.where(wanted < 0.75, np.minimum(0.75, wanted / varied), wanted))
            factor = np.maximum(1 + share * w * (left - x * weight) / room, 0)
            bets = np.where((room > 1e-9) & (left > 1e-9), np.minimum(bets * factor, 1e100), bets)
        left, weight, squares = left - w * x, weight - w, squares - w * w
        total, of_squares = total + x, of_squares + x * x
        won = (bets.mean(axis=0) >= 1 / alpha) | (left - weight > 1e-9)
        found[(found == 0) & won] = place + 1
        if (found > 0).all():
            break
    return found


def _bounds(errors: int, runs: int) -> str:
    low, high = clopper_pearson(errors, runs, 0.001)
    return f"{errors / runs:.4f} [{low:.4f}, {high:.4f}]"


def _errors(drawn: Drawn, runs: int) -> tuple[int, int]:
    """How many orders accuse falsely where the mean is exactly the threshold, and confirm falsely just below one."""
    other = drawn.lacking()
    sides = ((drawn, INCONSISTENT_DISTANCES), (other, CONSISTENT_DISTANCES))
    return tuple(  # type: ignore[return-value]
        int((stops(each, each.total, distances, runs) > 0).sum()) if each.total else 0 for each, distances in sides
    )


def show_size(console: Console, title: str, cases: Sequence[tuple[str, Drawn]], runs: int) -> bool:
    """The error rates at both edges; returns whether none is shown to be above the level."""
    table = Table(title=f"{title}: errors at the edge of each null, {runs:,} orders, α = {ALPHA}, 99.9 % limits")
    for name in ("scores", "N", "false inconsistent", "false consistent"):
        table.add_column(name, justify="left" if name == "scores" else "right")
    held = True
    for name, drawn in track(cases, title, console=Console(stderr=True)):
        errors = _errors(drawn, runs)
        held = held and all(clopper_pearson(each, runs, 0.001)[0] <= ALPHA for each in errors)
        table.add_row(name, f"{len(drawn.scores):,}", *(_bounds(each, runs) for each in errors))
    console.print(table)
    return held


def show_micro(console: Console, runs: int) -> None:
    """A macro average of exactly the threshold, tested as if every sample had the same weight."""
    table = Table(title=f"A macro average at its threshold: false inconsistent, {runs:,} orders, 99.9 % limits")
    for name in ("scores", "micro", "macro", "tested as it is", "tested as a micro average"):
        table.add_column(name, justify="left" if name == "scores" else "right")
    for macro in MACROS[:3]:
        drawn = draw_macro(macro)
        rate = Fraction(drawn.total, drawn.population.most)
        plain = Drawn(drawn.scores, (1,) * len(drawn.scores))
        as_it_is = int((stops(drawn, drawn.total, INCONSISTENT_DISTANCES, runs) > 0).sum())
        as_micro = int((stops(plain, plain.population.threshold(rate), INCONSISTENT_DISTANCES, runs) > 0).sum())
        table.add_row(macro.name, f"{drawn.scores.mean() / GRID:.3f}", f"{float(rate):.3f}", _bounds(as_it_is, runs),
                      _bounds(as_micro, runs))  # fmt: skip
    console.print(table)


def show_cost(console: Console, runs: int) -> None:
    """The share asked until a claim is found too high that is so many points above the mean (tolerance 2 points)."""
    table = Table(title=f"Share asked until *inconsistent*, {runs:,} orders, tolerance 2 points, α = {ALPHA}")
    for name in ("scores", "N", "8 points: median", "mean", "5 points: median", "mean"):
        table.add_column(name, justify="left" if name == "scores" else "right")
    cases = [(macro.name, draw_macro(macro)) for macro in MACROS[:3]]
    names = ("0 and 1, .88 right", "1 (85 %), 0 (10 %), .5 to 1", "beta(5, 1)", "beta(50, 20), alike")
    cases += [(shape.name, draw_shape(shape, 1_000)) for shape in SHAPES if shape.name in names]
    for name, drawn in cases:
        cells = []
        for over in (8, 5):
            population = drawn.population
            boundary = min(population.most, drawn.total + (over - 2) * population.most // 100)
            asked = stops(drawn, boundary, INCONSISTENT_DISTANCES, runs) / len(drawn.scores)
            cells += [f"{np.median(asked):.3f}", f"{asked.mean():.3f}"]
        table.add_row(name, f"{len(drawn.scores):,}", *cells)
    console.print(table)


def of_weighted_scores(drawn: Drawn) -> Drawn:
    """The same total as a mean of w·x without weights, on which a bet that ignores what a sample weighs would be."""
    heaviest = drawn.population.heaviest
    weights = np.array(drawn.weights, dtype=object)
    return Drawn(np.array(drawn.scores * weights // heaviest, dtype=np.int64), (1,) * len(weights))


def show_distances(console: Console, runs: int) -> None:
    """What the bets of an audit cost beside bets at one distance, and bets on w·(x − c) beside those on w·x."""
    drawn = draw_macro(MACROS[0])
    population, plain = drawn.population, of_weighted_scores(drawn)
    table = Table(title=f"{MACROS[0].name}: median share asked, {runs:,} orders, tolerance 2 points, α = {ALPHA}")
    for name in ("bets at a distance of", "8 points: on w·(x − c)", "on w·x", "5 points: on w·(x − c)", "on w·x"):
        table.add_column(name, justify="left" if name.startswith("bets") else "right")
    smaller = Fraction(population.weight, population.count * population.heaviest)
    for distances in (INCONSISTENT_DISTANCES, *((Fraction(points, 100),) for points in (5, 6, 7, 8))):
        cells = []
        for over in (8, 5):
            boundary = min(population.most, drawn.total + (over - 2) * population.most // 100)
            asked = (
                stops(drawn, boundary, distances, runs),
                stops(plain, boundary // population.heaviest, [each * smaller for each in distances], runs),
            )
            cells += [f"{np.median(each) / population.count:.3f}" for each in asked]
        table.add_row(" and ".join(f"{float(each) * 100:g}" for each in distances), *cells)
    console.print(table)


def show_table_cost(console: Console, runs: int) -> None:
    """On scores of 0 and 1: the mean share asked until either end, beside the exact table's."""
    table = Table(title=f"Scores of 0 and 1, claim 88 %, tolerance 2 points: mean share asked, {runs:,} orders")
    for name in ("N", "truth", "the table, exact", "by these bets", "ratio"):
        table.add_column(name, justify="right")
    for size in (164, 1_319):
        least = threshold(size, Fraction(88, 100), Fraction(0), Fraction(2, 100))
        exact = stop_table(size, least, ALPHA, ALPHA)
        for truth in (0.80, 0.84, 0.86, 0.88, 0.92):
            right = round(truth * size)
            drawn = Drawn(np.where(np.arange(size) < right, GRID, 0).astype(np.int64), (1,) * size)
            low = stops(drawn, least * GRID, INCONSISTENT_DISTANCES, runs)
            high = stops(drawn.lacking(), (size - least) * GRID + 1, CONSISTENT_DISTANCES, runs)
            asked = np.where(low == 0, high, np.where(high == 0, low, np.minimum(low, high))).mean() / size
            of_table = operating_characteristics(size, right, exact).mean_share
            table.add_row(f"{size:,}", f"{truth:.2f}", f"{of_table:.3f}", f"{asked:.3f}", f"{asked / of_table:.3f}")
    console.print(table)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print all tables, with date and machine; 1 where an error rate is shown to be above its level."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000, help="random orders of each population, for the size")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="samples of a population")
    parser.add_argument("--orders", type=int, default=500, help="random orders for the tables of cost")
    given = parser.parse_args(arguments)
    console = Console(width=120)
    console.print(f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}")
    show_table_cost(console, given.orders)
    show_cost(console, given.orders)
    show_distances(console, given.orders)
    show_micro(console, given.orders)
    held = [
        show_size(console, f"N = {size:,}", [(shape.name, draw_shape(shape, size)) for shape in SHAPES], given.runs)
        for size in given.sizes
    ]
    weighted = [(macro.name, draw_macro(macro)) for macro in MACROS]
    weighted += [(f"IFEval's average, {rate:g} followed", draw_ifeval(rate)) for rate in (0.85, 0.97)]
    held.append(show_size(console, "Weighted", weighted, given.runs))
    return 0 if all(held) else 1


if __name__ == "__main__":
    raise SystemExit(main())
