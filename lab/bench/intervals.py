"""How often the intervals of ``steelyard run`` miss: ``python -m bench.intervals [--runs N]``.

Groups: questions of one subtask hang together, and the interval is about questions like these. Stops: somebody looks
after every answer and stops as soon as the interval shows what is not so; it is about all questions of the task.
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial

import numpy as np
from rich.console import Console
from rich.table import Table

from bench.table import rate_of
from steelyard.stats.clustered import clustered_interval
from steelyard.stats.intervals import confidence_sequence, wilson

__all__ = ["GROUPED", "STOPPED", "Grouped", "Missed", "Stopped", "measure_grouped", "measure_stopped"]

SEED, ALPHA = 20261126, 0.05


@dataclass(frozen=True)
class Grouped:
    """``groups`` subtasks with ``sizes`` questions each (one number, or the least and the most).

    ``alike`` is the correlation of two answers of one subtask, ``rate`` the mean share of right answers.
    """

    groups: int
    sizes: tuple[int, int]
    alike: float
    rate: float = 0.8


@dataclass(frozen=True)
class Stopped:
    """``population`` questions, of which the share ``rate`` is answered right, asked in random order."""

    population: int
    rate: float


@dataclass(frozen=True)
class Missed:
    """Of ``runs`` intervals, how many did not hold the truth: the plain one of Wilson's, and ours."""

    what: Grouped | Stopped
    runs: int
    plain: int
    ours: int


GROUPED = tuple(
    Grouped(groups, sizes, alike)
    for groups, sizes in ((3, (40, 40)), (5, (40, 40)), (14, (20, 100)), (57, (100, 100)), (300, (2, 2)))
    for alike in (0.0, 0.05, 0.2)
)
STOPPED = tuple(Stopped(population, rate) for population in (164, 1_319) for rate in (0.5, 0.8, 0.95))


def measure_grouped(what: Grouped, runs: int, seed: int = SEED) -> Missed:
    """Draw each subtask's rate from a beta distribution, and answers from it."""
    random = np.random.default_rng([seed, what.groups, round(1000 * what.alike)])
    plain = ours = 0
    for _ in range(runs):
        sizes = random.integers(what.sizes[0], what.sizes[1] + 1, what.groups)
        if what.alike:
            spread = 1 / what.alike - 1
            rates = random.beta(what.rate * spread, (1 - what.rate) * spread, what.groups)
        else:
            rates = np.full(what.groups, what.rate)
        clusters = np.repeat(np.arange(what.groups), sizes)
        values = (random.random(len(clusters)) < rates[clusters]).astype(float).tolist()
        plain += _misses(what.rate, wilson(round(sum(values)), len(values), ALPHA))
        ours += _misses(what.rate, clustered_interval(values, clusters.tolist(), len(values), ALPHA))
    return Missed(what, runs, plain, ours)


def measure_stopped(what: Stopped, runs: int, seed: int = SEED) -> Missed:
    """Ask in random order, and stop as soon as the interval that is shown misses the truth."""
    random = np.random.default_rng([seed, what.population, round(1000 * what.rate)])
    right = round(what.rate * what.population)
    answers = np.arange(what.population) < right
    truth = right / what.population
    of_wilson = cache(wilson)
    of_sequence = cache(partial(confidence_sequence, population=what.population))
    plain = ours = 0
    for _ in range(runs):
        totals = np.cumsum(random.permutation(answers))[:-1].tolist()
        plain += any(_misses(truth, of_wilson(total, n)) for n, total in enumerate(totals, 1))
        ours += any(_misses(truth, of_sequence(n, total, total)) for n, total in enumerate(totals, 1))
    return Missed(what, runs, plain, ours)


def _misses(truth: float, interval: tuple[float, float]) -> bool:
    return not interval[0] <= truth <= interval[1]


def _print(title: str, names: tuple[str, str], rows: Sequence[tuple[str, ...]]) -> None:
    table = Table(title=title, title_justify="left")
    for name in ("what", *names):
        table.add_column(name, justify="left" if name == "what" else "right")
    for row in rows:
        table.add_row(*row)
    Console(width=100).print(table)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.intervals", description=__doc__)
    parser.add_argument("--runs", type=int, default=2_000)
    runs = parser.parse_args(arguments).runs
    where = f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}, seed {SEED}"
    names = ("Wilson's alone misses", "the interval of `run` misses")
    rows = []
    for what in GROUPED:
        found = measure_grouped(what, runs)
        sizes = "–".join(dict.fromkeys(map(str, what.sizes)))
        said = f"{what.groups} subtasks of {sizes}, correlation {what.alike:g}"
        rows.append((said, rate_of(found.plain, runs), rate_of(found.ours, runs)))
    _print(f"Groups: {where}, {runs:,} runs each, 80 % right", names, rows)
    rows = []
    for each in STOPPED:
        found = measure_stopped(each, runs)
        said = f"{each.population:,} questions, {100 * each.rate:g} % right"
        rows.append((said, rate_of(found.plain, runs), rate_of(found.ours, runs)))
    _print(f"Stopped when it looks good: {where}, {runs:,} runs each", names, rows)


if __name__ == "__main__":
    main()
