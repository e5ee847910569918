"""Daily looks at a probe: false alarms in years without a change, and days until a drop is seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bench.inhouse.table import SEED, Printed, share
from steelyard.stats.watching import MICRO, Baseline, Watch, look, make_baseline

__all__ = ["BREAKING", "MODELS", "Model", "Seen", "measure", "tables"]

Doubles = NDArray[np.float64]
ALPHA = 0.05
DAYS = 365


Shifts = Callable[[np.random.Generator, int], NDArray[Any]]


def _none(random: np.random.Generator, n: int) -> Doubles:
    return np.zeros(n)


def _normal(sd: float) -> Shifts:
    return lambda random, n: sd * random.standard_normal(n)


def _dips(chance: float, drop: float) -> Shifts:
    return lambda random, n: chance * drop - drop * (random.random(n) < chance)


def _hanging_together(correlation: float, sd: float) -> Shifts:
    """Days that are like the day before: an autoregression of order 1."""

    def shift(random: np.random.Generator, n: int) -> Doubles:
        news = np.sqrt(1 - correlation**2) * random.standard_normal(n)
        days = np.empty(n)
        days[0] = random.standard_normal()
        for day in range(1, n):
            days[day] = correlation * days[day - 1] + news[day]
        return sd * days

    return shift


@dataclass(frozen=True)
class Model:
    """A model by its items' rates, and by what a whole pass adds to them (in points of the rate)."""

    name: str
    sameness: float
    """Rates of items are beta(rate·s, (1 − rate)·s) for this s: near 0 nearly all are 0 or 1."""
    shift: Shifts
    """Of so many passes one after the other: those of the baseline, then those of the days."""
    baseline: Literal["like later ones", "one day", "one pass", "quiet"] = "like later ones"
    """``one day``: all its passes have the first one's shift. ``one pass``: a cache repeats the first. ``quiet``: of
    each ten items two turn, each right every second time; half of them are right in every pass of the baseline."""


MODELS = (
    Model("sampled, items vary much", 4, _none),
    Model("sampled, items vary little", 0.5, _none),
    Model("nearly greedy", 0.02, _none),
    Model("unsteady: passes ± 2 points", 0.5, _normal(0.02)),
    Model("unsteady: passes ± 6 points", 0.5, _normal(0.06)),
    Model("unsteady: one pass in five 10 points down", 0.5, _dips(0.2, 0.1)),
    Model("unsteady: exponential dips of 4 points", 0.5, lambda random, n: 0.04 * (1 - random.exponential(size=n))),
    Model("quiet baseline, later items turn both ways", 0.02, _none, "quiet"),
)
BREAKING = (
    Model("one pass in twenty 20 points down", 0.5, _dips(1 / 20, 0.2)),
    Model("one pass in ten 30 points down", 0.5, _dips(1 / 10, 0.3)),
    Model("one pass in fifteen 60 points down", 0.5, _dips(1 / 15, 0.6)),
    Model("days hang together: .8, ± 3 points", 0.5, _hanging_together(0.8, 0.03)),
    Model("days hang together: .95, ± 3 points", 0.5, _hanging_together(0.95, 0.03)),
    Model("days ± 2 points, baseline in one day", 0.5, _normal(0.02), "one day"),
    Model("sampled; a cache that was not found repeats one pass", 4, _none, "one pass"),
)
"""Whose baseline is not like what comes later, or too short to hold what is rare."""


def _scores(model: Model, items: int, passes: int, drops: Doubles, random: np.random.Generator) -> NDArray[np.bool_]:
    """Rows are passes, those of the baseline first; from the rate of each the ``drops`` are taken."""
    # The middle of the items' rates is kept away from the ends, so that a shift of a pass is a shift of its mean.
    rates = 0.1 + 0.8 * random.beta(0.75 * model.sameness, 0.25 * model.sameness, items)
    if model.sameness < 0.1:
        rates = random.beta(0.7 * model.sameness, 0.3 * model.sameness, items)
    if model.baseline == "quiet":
        rates = np.repeat([1.0, 0.5, 0.0], [items * 6 // 10, items // 5, items - items * 6 // 10 - items // 5])
    shifts = model.shift(random, len(drops))
    if model.baseline == "one day":
        shifts[:passes] = shifts[0]
    chances = np.clip(rates + shifts[:, None] - drops[:, None], 0, 1)
    scores = np.asarray(random.random((len(drops), items)) < chances, dtype=np.bool_)
    if model.baseline == "one pass":
        scores[:passes] = scores[0]
    if model.baseline == "quiet":
        scores[:passes] = np.arange(items) < items * 6 // 10 + items // 10
    return scores


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
        fallen = np.where(np.arange(1 - passes, days + 1) >= first, drop, 0.0)
        scores = _scores(model, items, passes, fallen, random)
        baseline = make_baseline(scores[:passes].astype(float).tolist(), ALPHA)
        right = scores[passes:].sum(axis=1)
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


def _false_alarms(models: Sequence[Model], runs: int, title: str) -> Printed:
    rows = []
    for model in models:
        cells = [share(measure(model, items, passes, runs).early, runs) for items in (50, 200) for passes in (10, 30)]
        rows.append((model.name, *cells))
    columns = ["model", *(f"{items} items, {passes} passes" for items in (50, 200) for passes in (10, 30))]
    return Printed(f"{title}, α = {ALPHA}: {runs:,} years each.", columns, rows)


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
    yield _false_alarms(MODELS, runs, "False alarms in a year of daily looks")
    yield _false_alarms(BREAKING, runs, "The same where the condition does not hold")
    yield _delays(max(1, runs // 10))
