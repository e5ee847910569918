"""Gates by a judge and labels: how often a suite just below its bar is green, one at its bar red, and power."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from bench.inhouse.judge import JUDGES, Judge
from bench.inhouse.table import SEED, Printed, share
from steelyard.stats.judged import Stratum, judged_rate
from steelyard.stats.judged_gate import colour_of_bounds, least_positive, most_positive

__all__ = ["SIZE_JUDGES", "Errors", "Suite", "errors", "greens_by_looking", "greens_when_good", "tables"]

ALPHA = 0.05
SIZE_JUDGES = (*JUDGES[::2], JUDGES[5], Judge(1.0, 0.5), Judge(0.5, 1.0))
RATES = (0.2, 0.5, 0.8, 0.9, 0.95)
LABELS = (20, 100)
SIZES = (400, 2_000)
Counts = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Suite:
    """So many items, of which people accept ``positive``; ``labels`` of them are drawn."""

    items: int
    positive: int
    labels: int


@dataclass(frozen=True)
class Errors:
    """Of ``runs`` draws, how many came out green and red, and how many the ends of Jeffreys's interval call so."""

    runs: int
    green: int
    red: int
    jeffreys_green: int
    jeffreys_red: int


def errors(judge: Judge, suite: Suite, needed: int, runs: int) -> Errors:
    """Draw the judge's verdicts on a suite, and the labels, so many times; the gate needs ``needed`` accepted items."""
    found = np.zeros(4, dtype=int)
    colours = _Colours(needed)
    for counts in _draws(judge, suite, runs):
        found += colours.of(counts)
    return Errors(runs, *found.tolist())


class _Colours:
    """The colours of counts, each computed once."""

    def __init__(self, needed: int) -> None:
        self._needed = needed
        self.of = lru_cache(maxsize=None)(self._of)

    def _of(self, counts: Counts) -> np.ndarray:
        strata = [Stratum(1, *counts[0]), Stratum(0, *counts[1])]
        mine = colour_of_bounds(least_positive(strata, ALPHA), most_positive(strata, ALPHA), self._needed)
        jeffreys = judged_rate(strata, 2 * ALPHA)
        items = sum(each.items for each in strata)
        other = colour_of_bounds(round(jeffreys.low * items), round(jeffreys.high * items), self._needed)
        return np.array([mine == "green", mine == "red", other == "green", other == "red"], dtype=int)


def _draws(judge: Judge, suite: Suite, runs: int) -> Iterator[Counts]:
    """(items, labelled, positive labels) of the accepted and of the rejected, for each draw."""
    random = np.random.default_rng(
        [SEED, suite.items, suite.positive, suite.labels, *(round(1000 * each) for each in _both(judge))]
    )
    for _ in range(runs):
        table = _table(judge, suite, random)
        drawn = random.multivariate_hypergeometric(table, suite.labels)
        yield _counts(table, drawn)


def _both(judge: Judge) -> tuple[float, float]:
    return judge.sensitivity, judge.specificity


def _table(judge: Judge, suite: Suite, random: np.random.Generator) -> list[int]:
    """Items by verdict and gold: accepted right, accepted wrong, rejected right, rejected wrong."""
    right = int(random.binomial(suite.positive, judge.sensitivity))
    wrong = int(random.binomial(suite.items - suite.positive, 1 - judge.specificity))
    return [right, wrong, suite.positive - right, suite.items - suite.positive - wrong]


def _counts(table: Sequence[int], drawn: Sequence[int] | np.ndarray) -> Counts:
    one, two, three, four = (int(each) for each in drawn)
    return (table[0] + table[1], one + two, one), (table[2] + table[3], three + four, three)


def greens_by_looking(judge: Judge, items: int, bar: float, looks: Sequence[int], runs: int) -> int:
    """How often a suite just below its bar is green at one of several looks, with more labels at each."""
    needed = math.ceil(items * bar)
    suite = Suite(items, needed - 1, looks[-1])
    random = np.random.default_rng([SEED, 3, items, *looks])
    colours, green = _Colours(needed), 0
    for _ in range(runs):
        table = _table(judge, suite, random)
        left, drawn, before, found = np.array(table), np.zeros(4, dtype=int), 0, False
        for look in looks:
            more = random.multivariate_hypergeometric(left, look - before)
            left, drawn, before = left - more, drawn + more, look
            found = found or bool(colours.of(_counts(table, drawn))[0])
        green += found
    return green


def greens_when_good(judge: Judge, suite: Suite, bar: float, runs: int) -> tuple[int, int]:
    """How often a suite above its bar is green: with the judge, and by the same labels alone."""
    needed = math.ceil(suite.items * bar)
    alone = lru_cache(maxsize=None)(lambda found: least_positive([Stratum(1, suite.items, suite.labels, found)], ALPHA))
    green = labels_alone = 0
    colours = _Colours(needed)
    for counts in _draws(judge, suite, runs):
        green += int(colours.of(counts)[0])
        labels_alone += alone(counts[0][2] + counts[1][2]) >= needed
    return green, labels_alone


def _sizes(runs: int) -> Printed:
    rows = []
    for items in SIZES:
        for labels in LABELS:
            worst = np.zeros(4, dtype=int)
            for rate in RATES:
                needed = math.ceil(items * rate)
                for judge in SIZE_JUDGES:
                    below = errors(judge, Suite(items, needed - 1, labels), needed, runs)
                    at = errors(judge, Suite(items, needed, labels), needed, runs)
                    worst = np.maximum(worst, [below.green, at.red, below.jeffreys_green, at.jeffreys_red])
            rows.append((f"{items:,} items, {labels} labels", *(share(int(each), runs) for each in worst)))
    judges = ", ".join(str(each) for each in SIZE_JUDGES)
    title = (
        f"One item below the bar and green, at the bar and red, at 5 %: the worst of judges {judges} and of bars "
        f"{', '.join(f'{rate:g}' for rate in RATES)}. {runs:,} suites each; beside it by Jeffreys's interval of 90 %."
    )
    return Printed(title, ("suite", "green", "red", "Jeffreys green", "Jeffreys red"), rows)


def _powers(runs: int) -> Printed:
    rows = []
    for judge in (Judge(0.8, 0.8), Judge(0.9, 0.9), Judge(0.95, 0.95), Judge(0.95, 0.7)):
        for labels in (100, 200, 400):
            found = [
                greens_when_good(judge, Suite(1_000, round(1_000 * rate), labels), 0.85, runs)
                for rate in (0.88, 0.9, 0.92, 0.95)
            ]
            rows.append((f"{judge}, {labels} labels", *(f"{one / runs:.2f} ({two / runs:.2f})" for one, two in found)))
    title = f"Green against a bar of .85, suites of 1,000 items, {runs:,} each; in brackets by the same labels alone."
    return Printed(title, ("sensitivity / specificity", *(f"people give {x}" for x in (0.88, 0.9, 0.92, 0.95))), rows)


def _looks(runs: int) -> Printed:
    rows = [
        (str(looks), share(greens_by_looking(Judge(0.9, 0.9), 1_000, 0.85, looks, runs), runs))
        for looks in ((200,), (100, 200), (50, 100, 150, 200), (20, 40, 60, 80, 100, 120, 140, 160, 180, 200))
    ]
    title = f"One item below a bar of .85 and green at a look, where labelling goes on until it is. {runs:,} suites."
    return Printed(title, ("labels at each look", "green"), rows)


def tables(runs: int) -> Iterator[Printed]:
    """The errors at their worst, the power, and what looking again costs."""
    yield _sizes(runs)
    yield _powers(runs)
    yield _looks(runs)
