"""What gates on time and cost decide: ``python -m bench.budgets`` prints docs/statistics.md's tables, with seeds.

The gates are about the calls of one run, which they count: there they are never wrong. Here runs are drawn from an
endpoint whose long run is known, to see how often a colour says the same of it as the long run, and how often two runs
of one endpoint have opposite colours.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from bench.gates import rate_of, table_of
from steelyard.stats.stretches import WIDTH, band_of_share, standard_error

Q, LENGTHS = 0.05, (1, 5, 20, 50)


def main() -> None:
    """Print both tables; a number after the command scales the repetitions (1 by default)."""
    scale = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    console = Console(width=150)
    console.print(f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}")
    console.print(times(round(1000 * scale)))
    console.print(costs(round(1000 * scale)))


def times(number: int) -> Table:
    """Late answers in stretches: a chain that is late or not, and at every answer may change."""
    table = table_of(
        f"--max-latency-p95: {number:,} runs each; 5 % may be late; 95 % interval of the simulation",
        "answers", "late in the long run", "late in a row (mean)", "green", "red", "undecided", "no late answer",
        "two runs, opposite", "opposite by a plain count",
    )  # fmt: skip
    random_ = np.random.default_rng(20261127)
    for count in (300, 1000):
        for share in (0.01, Q, 0.1):
            for length in LENGTHS:
                runs = in_stretches(number, count, share, length, random_)
                colours = [_colour_of_times(run) for run in runs]
                late = runs.mean(axis=1)
                none, over = int((late == 0).sum()), (late > Q).mean()
                table.add_row(
                    f"{count:,}", f"{share:.0%}", f"{length}", *_counts(colours), rate_of(none, number),
                    f"{100 * _opposite(colours):.1f} %", f"{200 * over * (1 - over):.1f} %",
                )  # fmt: skip
    return table


def costs(number: int) -> Table:
    """The mean cost of answers that vary one by one, in parts of the limit."""
    table = table_of(
        f"--max-cost-per-answer: {number:,} runs each; 95 % interval of the simulation",
        "answers", "mean in the long run", "costs", "green", "red", "undecided", "two runs, opposite",
        "opposite by the plain mean",
    )  # fmt: skip
    random_ = np.random.default_rng(20261128)
    for count in (300, 1000):
        for mean in (0.8, 1.0, 1.25):
            for name, runs in _costs(number, count, mean, random_):
                colours = [_colour_of_costs(run) for run in runs]
                over = (runs.mean(axis=1) > 1).mean()
                table.add_row(
                    f"{count:,}", f"{mean:.0%} of the limit", name, *_counts(colours),
                    f"{100 * _opposite(colours):.1f} %", f"{200 * over * (1 - over):.1f} %",
                )  # fmt: skip
    return table


def in_stretches(number: int, count: int, share: float, length: int, random_: np.random.Generator) -> NDArray[np.bool_]:
    """``number`` runs of ``count`` answers, late or not: a ``share`` of them, in stretches of so many on average."""
    if length == 1:
        return random_.random((number, count)) < share
    leave = 1 / length
    enter = share * leave / (1 - share)
    late = np.empty((number, count), dtype=np.bool_)
    state = random_.random(number) < share
    for place in range(count):
        late[:, place] = state
        drawn = random_.random(number)
        state = np.where(state, drawn >= leave, drawn < enter)
    return late


def _costs(
    number: int, count: int, mean: float, random_: np.random.Generator
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    for spread in (0.25, 0.75):
        drawn = mean * random_.lognormal(-(spread**2) / 2, spread, (number, count))
        yield f"log-normal, {spread}", drawn
    dear = random_.random((number, count)) < 0.01
    yield "1 % cost 60 times the mean", mean * np.where(dear, 60.0, 0.4 / 0.99)


def _colour_of_times(late: NDArray[np.bool_]) -> str:
    share, band = float(late.mean()), band_of_share([int(each) for each in late], Q)
    return "green" if share <= Q - band else "red" if share > Q + band else ""


def _colour_of_costs(costs: NDArray[np.float64]) -> str:
    mean, width = float(costs.mean()), WIDTH * standard_error([float(each) for each in costs])
    return "green" if mean + width <= 1 else "red" if mean - width > 1 else ""


def _counts(colours: list[str]) -> Iterator[str]:
    for colour in ("green", "red", ""):
        yield rate_of(colours.count(colour), len(colours))


def _opposite(colours: list[str]) -> float:
    """The chance that of two such runs one is green and the other red."""
    return 2 * colours.count("green") * colours.count("red") / len(colours) ** 2


if __name__ == "__main__":
    main()
