"""``python -m bench.world.coverage``: how often the intervals over few trainings hold the truth, by simulation.

Scores are 0 and 1: a score's logit is a level, plus its training's effect, plus its unit's, plus one of the cell. The
truth is the mean over all trainings and units of that kind. Beside Satterthwaite's and Welch's t stands the pigeonhole
bootstrap (Owen 2007), which these pages had until 2026-11-26: it draws trainings and units anew, independently.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from bench.engine.markdown import table, write_section
from bench.table import rate_of
from steelyard_world.evaluation.result import difference_interval, mean_interval
from steelyard_world.stats.crossed import Interval

__all__ = ["SITUATIONS", "Rates", "Situation", "bootstrap_interval", "document", "main", "rates"]

TRAININGS, UNITS = (3, 5), (64, 200)
TABLES, BOOTSTRAPPED, RESAMPLES = 4000, 1000, 300
_UNITS_SPREAD, _CELLS_SPREAD = 1.5, 0.5  # of the logit
_TRUTH_DRAWS = 2_000_000

Doubles = NDArray[np.float64]
Generator = np.random.Generator


class Situation(NamedTuple):
    """How trainings of one kind differ: their effects on the logit, drawn anew for each."""

    name: str
    level: float
    effects: Callable[[Generator, int], Doubles]


class Rates(NamedTuple):
    """Counts over simulated tables: means whose interval holds the truth, differences of equal kinds without 0."""

    tables: int
    held: int
    differ: int


SITUATIONS = (
    Situation("trainings differ by a spread of .1", 0.8, lambda rng, count: rng.normal(0, 0.1, count)),
    Situation("… .4", 0.8, lambda rng, count: rng.normal(0, 0.4, count)),
    Situation("… 1", 0.8, lambda rng, count: rng.normal(0, 1.0, count)),
    Situation("skewed: exponential, a few are far worse", 0.8, lambda rng, count: 0.8 - rng.exponential(0.8, count)),
    Situation("scores near 1", 4.0, lambda rng, count: rng.normal(0, 0.5, count)),
    Situation("scores nearer to 1", 5.0, lambda rng, count: rng.normal(0, 0.5, count)),
    Situation("one training in five collapses", 2.0, lambda rng, count: _collapsing(rng, count)),
)


@click.command()
@click.option("--tables", type=click.IntRange(10), default=TABLES, show_default=True, help="Simulated a situation.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Also put the table into this document.")
def main(tables: int, markdown: Path | None) -> None:
    """Print how often intervals over 3 and 5 trainings hold the truth, and how often equal kinds seem to differ."""
    found = document(tables)
    print(found)
    if markdown is not None:
        write_section(markdown, "bench.world.coverage", found)


def document(tables: int) -> str:
    """The table as Markdown; a share has its 95 % interval of Clopper and Pearson."""
    rows = [
        (
            situation.name,
            f"{truth:.2f}",
            f"{trainings} × {units}",
            rate_of(ours.held, ours.tables),
            rate_of(drawn.held, drawn.tables),
            rate_of(ours.differ, ours.tables),
            rate_of(drawn.differ, drawn.tables),
        )
        for situation, truth, trainings, units, ours, drawn in _all(tables)
    ]
    headings = (
        "situation",
        "true mean",
        "trainings × units",
        "t: the interval holds it (.95)",
        "bootstrap",
        "t: equal kinds differ (.05)",
        "bootstrap",
    )
    few = max(1, tables * BOOTSTRAPPED // TABLES)
    title = f"{tables:,} simulated tables a row, for the bootstrap {few:,} (of {RESAMPLES} resamples each); seeds fixed"
    return table(title, headings, rows, 1)


def rates(situation: Situation, truth: float, trainings: int, units: int, tables: int, *, bootstrap: bool) -> Rates:
    """Simulate pairs of equal kinds on shared units, and count."""
    rng = np.random.default_rng([trainings, units])
    held = differ = 0
    for _ in range(tables):
        spread = rng.normal(0, _UNITS_SPREAD, units)
        first, second = (_scores(rng, situation, trainings, spread) for _ in range(2))
        if bootstrap:
            mean, gap = (bootstrap_interval(each, rng) for each in ([first], [first, second]))
        else:
            mean, gap = mean_interval(first), difference_interval(first, second)
        held += mean.low <= truth <= mean.high
        differ += not gap.low <= 0 <= gap.high
    return Rates(tables, held, differ)


def true_mean(situation: Situation) -> float:
    """The mean over two million trainings, each on a unit of its own."""
    rng = np.random.default_rng(99)
    noise = rng.normal(0, np.hypot(_UNITS_SPREAD, _CELLS_SPREAD), _TRUTH_DRAWS)
    return float(_chance(situation.level + situation.effects(rng, _TRUTH_DRAWS) + noise).mean())


def bootstrap_interval(tables: list[Doubles], rng: Generator, resamples: int = RESAMPLES) -> Interval:
    """The pigeonhole bootstrap of a mean, or of the first table's less the second's: rows and columns drawn apart."""
    units = tables[0].shape[1]
    drawn = rng.multinomial(units, np.full(units, 1 / units), size=resamples)
    means = [
        ((rng.multinomial(len(each), np.full(len(each), 1 / len(each)), size=resamples) @ each) * drawn).sum(axis=1)
        / each.size
        for each in tables
    ]
    values = means[0] if len(means) == 1 else means[0] - means[1]
    low, high = np.quantile(values, (0.025, 0.975))
    return Interval(float(values.mean()), float(low), float(high))


def _all(tables: int) -> Iterator[tuple[Situation, float, int, int, Rates, Rates]]:
    cases = [(situation, trainings, units) for situation in SITUATIONS for trainings in TRAININGS for units in UNITS]
    known = {situation.name: true_mean(situation) for situation in SITUATIONS}
    few = max(1, tables * BOOTSTRAPPED // TABLES)
    for situation, trainings, units in track(cases, "simulating", console=Console(stderr=True)):
        truth = known[situation.name]
        ours = rates(situation, truth, trainings, units, tables, bootstrap=False)
        drawn = rates(situation, truth, trainings, units, few, bootstrap=True)
        yield situation, truth, trainings, units, ours, drawn


def _scores(rng: Generator, situation: Situation, trainings: int, units: Doubles) -> Doubles:
    cells = rng.normal(0, _CELLS_SPREAD, (trainings, len(units)))
    logits = situation.level + situation.effects(rng, trainings)[:, None] + units + cells
    return np.asarray(rng.random(logits.shape) < _chance(logits), dtype=np.float64)


def _chance(logits: Doubles) -> Doubles:
    return np.asarray(1 / (1 + np.exp(-logits)))


def _collapsing(rng: Generator, count: int) -> Doubles:
    return np.where(rng.random(count) < 0.2, -6.0, 0.0) + rng.normal(0, 0.2, count)


if __name__ == "__main__":
    main()
