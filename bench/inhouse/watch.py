"""Daily looks at a probe: false alarms in years without a change, and days until a drop is seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.inhouse.table import SEED, Printed, share
from steelyard.stats.watching import MICRO, Baseline, Watch, look, make_baseline

__all__ = ["MODELS", "Model", "Seen", "measure", "tables"]

Doubles = NDArray[np.float64]
ALPHA = 0.05
DAYS = 365


@dataclass(frozen=True)
class Model:
    """A model by its items' rates, and by what a whole pass adds to them (in points of the rate, drawn anew each)."""

    name: str
    sameness: float
    """Rates of items are beta(rate·s, (1 − rate)·s) for this s: near 0 nearly all are 0 or 1."""
    shift: Callable[[np.random.Generator, int], NDArray[Any]]


MODELS = (
    Model("sampled, items vary much", 4, lambda random, n: np.zeros(n)),
    Model("sampled, items vary little", 0.5, lambda random, n: np.zeros(n)),
    Model("nearly greedy", 0.02, lambda random, n: np.zeros(n)),
    Model("unsteady: passes ± 2 points", 0.5, lambda random, n: 0.02 * random.standard_normal(n)),
    Model("unsteady: passes ± 6 points", 0.5, lambda random, n: 0.06 * random.standard_normal(n)),
    Model("unsteady: one pass in five 10 points down", 0.5, lambda random, n: 0.02 - 0.1 * (random.random(n) < 0.2)),
    Model("unsteady: exponential dips of 4 points", 0.5, lambda random, n: 0.04 * (1 - random.exponential(size=n))),
)
RARE = Model("one pass in twenty 20 points down", 0.5, lambda random, n: 0.01 - 0.2 * (random.random(n) < 0.05))


def _passes(model: Model, rates: Doubles, count: int, random: np.random.Generator, drop: Doubles) -> NDArray[np.bool_]:
    chances = np.clip(rates + model.shift(random, count)[:, None] - drop[:, None], 0, 1)
    return np.asarray(random.random((count, len(rates))) < chances, dtype=np.bool_)


@dataclass(frozen=True)
class Seen:
    """Of ``runs`` histories, how many raised an alarm before the change, and the days from it to each other's alarm."""

    runs: int
    early: int
    delays: tuple[float, ...]
    """Infinite where no alarm came within the days that were simulated."""


def measure(
    model: Model, items: int, passes: int, runs: int, *, drop: float = 0.0, first: int = DAYS + 1, days: int = DAYS
) -> Seen:
    """Watch ``runs`` models of rate .7 for ``days``; from day ``first`` on the rate is ``drop`` lower."""
    random = np.random.default_rng([SEED, items, passes, round(1000 * drop), first, round(1000 * model.sameness)])
    early, delays = 0, []
    for _ in range(runs):
        # The middle of the items' rates is kept away from the ends, so that a shift of a pass is a shift of its mean.
        rates = 0.1 + 0.8 * random.beta(0.75 * model.sameness, 0.25 * model.sameness, items)
        if model.sameness < 0.1:
            rates = random.beta(0.7 * model.sameness, 0.3 * model.sameness, items)
        scores = _passes(model, rates, passes, random, np.zeros(passes))
        baseline = make_baseline(scores.astype(float).tolist(), ALPHA)
        fallen = np.where(np.arange(1, days + 1) >= first, drop, 0.0)
        right = _passes(model, rates, days, random, fallen).sum(axis=1)
        alarm = _first_alarm(baseline, [-(-int(count) * MICRO // items) for count in right])
        early += alarm is not None and alarm < first
        if alarm is None or alarm >= first:
            delays.append(float("inf") if alarm is None else alarm - first + 1.0)
    return Seen(runs, early, tuple(delays))


def _first_alarm(baseline: Baseline, means: list[int]) -> int | None:
    watch = Watch()
    for mean in means:
        watch = look(baseline, watch, mean)
        if watch.alarm:
            return watch.alarm
    return None


def _false_alarms(runs: int) -> Printed:
    rows = []
    for model in (*MODELS, RARE):
        cells = [share(measure(model, items, passes, runs).early, runs) for items in (50, 200) for passes in (10, 30)]
        rows.append((model.name, *cells))
    columns = ["model", *(f"{items} items, {passes} passes" for items in (50, 200) for passes in (10, 30))]
    return Printed(f"False alarms in a year of daily looks, α = {ALPHA}: {runs:,} years each.", columns, rows)


def _delays(runs: int) -> Printed:
    rows = []
    for first, days in ((1, DAYS), (200, 200 + DAYS)):
        for model in MODELS[1:5:3], MODELS[2:3]:
            for each in model:
                for items, passes in ((50, 10), (50, 30), (200, 10), (200, 30)):
                    cells = []
                    for drop in (0.05, 0.08, 0.15):
                        seen = measure(each, items, passes, runs, drop=drop, first=first, days=days)
                        within = sum(delay <= DAYS for delay in seen.delays) / max(1, len(seen.delays))
                        median = float(np.median(seen.delays))
                        cells.append(f"{'more' if np.isinf(median) else f'{median:.0f}'} ({within:.2f})")
                    rows.append((f"day {first}, {each.name}, {items} items, {passes} passes", *cells))
    title = f"Median days from a drop to the alarm (share seen within a year), rate .7, {runs:,} histories each."
    return Printed(title, ("drop from", "5 points", "8 points", "15 points"), rows)


def tables(runs: int) -> Iterator[Printed]:
    """False alarms, and delays (on a tenth of the runs)."""
    yield _false_alarms(runs)
    yield _delays(max(1, runs // 10))
