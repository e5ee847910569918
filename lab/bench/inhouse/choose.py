"""Choosing the cheapest of ten real models that meets a target: is it the choice of the full grid, at how many calls?

The answers are the 0/1 matrices of ``../shared/data/scores`` (``STEELYARD_TEST_SHARED`` names another folder).
"""

from __future__ import annotations

import csv
import gzip
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.inhouse.table import SEED, Printed, share
from steelyard.stats.elimination import Elimination, begin, choice, evaluate_cascade, needed, observe

__all__ = ["PRICES", "Found", "matrix", "measure", "names", "tables"]

Bits = NDArray[np.uint8]
CANDIDATES, ALPHA = 10, 0.05
EDGE = "the cheaper are the worse, and the target is the second best one's rate"
PRICES = ("says nothing", "the cheaper are the worse", EDGE)


def names() -> list[str]:
    """The benchmarks whose matrices are here; empty where the folder is absent."""
    return sorted(path.name.split("-")[0] for path in _folder().glob("*.responses.csv.gz"))


def _folder() -> Path:
    root = os.environ.get("STEELYARD_TEST_SHARED") or Path(__file__).resolve().parents[3].parent / "shared"
    return Path(root) / "data" / "scores"


@cache
def matrix(name: str) -> Bits:
    """One row a model, one column an item."""
    (path,) = _folder().glob(f"{name}-*.responses.csv.gz")
    with gzip.open(path, "rt") as file:
        rows = csv.reader(file)
        next(rows)
        return np.array([[int(float(cell)) for cell in row[1:]] for row in rows], dtype=np.uint8)


@dataclass(frozen=True)
class Found:
    """Of ``runs`` choices: those of the full grid; and the mean share of its calls that were made."""

    runs: int
    same: int
    calls: float


def measure(bits: Bits, prices: str, runs: int, width: int = 1) -> Found:
    """Draw ten models and a target that is between the second worst and the second best of them, in whole per cent."""
    random = np.random.default_rng([SEED, *bits.shape, PRICES.index(prices), width])
    same, calls = 0, 0
    models, items = bits.shape
    for _ in range(runs):
        drawn = bits[random.choice(models, CANDIDATES, replace=False)]
        totals = drawn.sum(axis=1)
        ranked = np.sort(totals)
        target = Fraction(int(random.integers(ranked[1] * 100 // items, ranked[-2] * 100 // items + 1)), 100)
        target = max(target, Fraction(1, 100)) if prices != EDGE else Fraction(int(ranked[-2]), items)
        if prices != PRICES[0]:
            drawn, totals = drawn[np.argsort(totals, kind="stable")], ranked
        meeting = np.flatnonzero(totals >= math.ceil(items * target))
        state = _started(items, target)
        order = random.permutation(items)
        while asked := needed(state, width):
            for number in asked:
                state = observe(state, number, int(drawn[number, order[state.candidates[number].n]]))
        found = choice(state)
        calls += found.calls
        same += found.candidate == (int(meeting[0]) if len(meeting) else None)
    return Found(runs, same, calls / (runs * CANDIDATES * items))


@cache
def _started(items: int, target: Fraction) -> Elimination:
    return begin(items, target, CANDIDATES, ALPHA)


def _grid(runs: int) -> Printed:
    rows = []
    for name in names():
        bits = matrix(name)
        for prices in PRICES:
            found = measure(bits, prices, runs)
            rows.append(
                (f"{name}, {bits.shape[1]} items; price: {prices}", share(found.same, runs), f"{found.calls:.3f}")
            )
    title = f"The choice among {CANDIDATES} real models is that of the full grid, α = {ALPHA}: {runs:,} repeats each."
    return Printed(title, ("what", "same choice", "share of the grid's calls"), rows)


def _cascades(runs: int) -> Printed:
    """A small and a large model; the signal is a noisy view of whether the small one is right."""
    rows = []
    for strength in (0.0, 1.0, 2.0):
        random = np.random.default_rng([SEED, round(strength)])
        held, tuned, rate = 0, 0.0, 0.0
        for _ in range(runs):
            small, large = random.random(400) < 0.7, random.random(400) < 0.9
            signals = strength * small + random.standard_normal(400)
            found = evaluate_cascade(
                signals.tolist(), small.astype(int).tolist(), large.astype(int).tolist(), (1, 10), 0.85
            )
            # The rate that this threshold has with endless questions.
            kept = [0.5 * math.erfc((found.threshold - shift) / math.sqrt(2)) for shift in (0.0, strength)]
            truth = 0.7 * kept[1] + 0.9 * (0.7 * (1 - kept[1]) + 0.3 * (1 - kept[0]))
            held += found.low <= truth <= found.high
            tuned, rate = tuned + found.tuned_rate - truth, rate + found.rate - truth
        rows.append(
            (
                f"{strength:g} standard deviations",
                share(held, runs),
                f"{100 * tuned / runs:+.2f}",
                f"{100 * rate / runs:+.2f}",
            )
        )
    title = f"Cascades of 400 samples, .7 and .9 right, target .85: {runs:,} each. Bias in points."
    columns = (
        "signal tells right from wrong by",
        "interval holds the rate",
        "bias, half that chose",
        "bias, other half",
    )
    return Printed(title, columns, rows)


def tables(runs: int) -> Iterator[Printed]:
    """Choices on real answers (where they are here), and cascades."""
    if names():
        yield _grid(runs)
    yield _cascades(4 * runs)
