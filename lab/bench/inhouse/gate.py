"""Gates: how often a run that is as good is red, one that is worse is green, and how often repetitions disagree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from bench.gates import safe_rate
from bench.inhouse.table import SEED, Printed, share
from steelyard.stats.bar_gate import BarGate, make_bar_gate
from steelyard.stats.gate import paired_gate, self_test

__all__ = ["Colours", "Sessions", "measure_paired", "measure_sessions", "tables"]

Doubles = NDArray[np.float64]
ALPHA, MARGIN = 0.05, 0.02


@dataclass(frozen=True)
class Colours:
    """Of ``runs`` repetitions: red and green ones, and pairs of runs against one baseline that disagree on red."""

    runs: int
    red: int
    green: int
    flips: int


def measure_paired(n: int, change: float, runs: int, *, sameness: float = 1.0, shift: float = 0.0) -> Colours:
    """Two runs whose mean score is ``change`` above that of one baseline, over samples that are drawn anew.

    ``sameness``: rates of samples are beta(.7·s, .3·s); near 0 nearly all are 0 or 1. ``shift``: standard deviation of
    what each whole pass adds.
    """
    random = np.random.default_rng([SEED, n, round(1000 * (1 + change)), round(1000 * sameness), 1])
    red = green = flips = 0
    for _ in range(runs):
        rates = random.beta(0.7 * sameness, 0.3 * sameness, n)
        baseline, first, second = (
            random.binomial(1, np.clip(_worse(rates, each) + shift * random.standard_normal(), 0, 1))
            for each in (0.0, change, change)
        )
        found = paired_gate(first.tolist(), baseline.tolist(), MARGIN, ALPHA)
        again = paired_gate(second.tolist(), baseline.tolist(), MARGIN, ALPHA)
        red, green = red + (found.colour == "red"), green + (found.colour == "green")
        flips += (found.colour == "red") != (again.colour == "red")
    return Colours(runs, red, green, flips)


def _worse(rates: Doubles, change: float) -> Doubles:
    """Each rate scaled down, so that the mean is ``change`` lower whatever their spread (the mean is .7)."""
    return rates * (1 + change / 0.7)


def _paired(runs: int) -> Printed:
    rows = []
    for name, sameness, shift in (
        ("0/1, samples vary much", 4.0, 0.0),
        ("0/1, samples vary little", 0.3, 0.0),
        ("0/1, passes ± 2 points", 0.3, 0.02),
    ):
        for n in (100, 300, 1_000):
            same = measure_paired(n, 0.0, runs, sameness=sameness, shift=shift)
            edge = measure_paired(n, -MARGIN, runs, sameness=sameness, shift=shift)
            bad = measure_paired(n, -0.08, runs, sameness=sameness, shift=shift)
            cells = (share(same.red, runs), share(same.flips, runs), share(same.green, runs))
            of_edge = (share(edge.red, runs), share(edge.green, runs))
            rows.append((f"{name}, n = {n:,}", *cells, *of_edge, share(bad.red, runs)))
    title = f"Paired gate, margin 2 points, α = {ALPHA}: {runs:,} repetitions each."
    columns = ("scores", "A/A red", "A/A flips", "A/A green", *(f"2 points worse: {each}" for each in ("red", "green")))
    columns = (*columns, "8 points worse: red")
    return Printed(title, columns, rows)


def _self_tests(runs: int) -> Printed:
    random = np.random.default_rng(SEED)
    rows = []
    for n in (100, 300):
        rates = random.beta(0.7, 0.3, n)
        passes = (random.random((3, n)) < rates).astype(float).tolist()
        found = self_test(passes, MARGIN, ALPHA, repetitions=runs)
        cells = (
            f"{found.table.get((one, two), 0) / runs:.3f}"
            for one in ("red", "undecided", "green")
            for two in ("red", "undecided", "green")
        )
        rows.append((f"n = {n}", share(found.false_reds, runs), share(found.flips, runs), *cells))
    columns = ["three passes", "red", "flips", *(f"{one}, {two}" for one in "rug" for two in "rug")]
    return Printed(
        f"Self-test of one sampled model each: {runs:,} resampled pairs; r, u, g are colours.", columns, rows
    )


@dataclass(frozen=True)
class Sessions:
    """Of ``runs`` sessions, how many had a red gate; of all gates, the shares that were undecided or plainly below."""

    runs: int
    with_red: int
    undecided: float
    plain_red: float
    """Share of gates below the bar itself, as a plain threshold would say."""
    calls: float
    """Mean share of the samples that were asked."""


def measure_sessions(gate: BarGate, bar: Fraction, rate: float, gates: int, runs: int) -> Sessions:
    """Sessions of ``gates`` models that answer each sample rightly at this ``rate``: the most that answers can vary."""
    random = np.random.default_rng([SEED, gate.population, gates, round(10_000 * rate)])
    n = gate.population
    low, high = np.array(gate.table.inconsistent), np.array(gate.table.consistent)
    with_red, undecided, plain, calls = 0, 0, 0, 0
    for _ in range(runs):
        right = (random.random((gates, n)) < rate).cumsum(axis=1)
        is_red, is_green = right <= low, right >= high
        ended = np.where((is_red | is_green).any(axis=1), (is_red | is_green).argmax(axis=1), n - 1)
        red = is_red[np.arange(gates), ended]
        with_red += bool(red.any())
        undecided += int((~red & ~is_green[np.arange(gates), ended]).sum())
        plain += int((right[:, -1] < n * bar).sum())
        calls += int((ended + 1).sum())
    total = runs * gates
    return Sessions(runs, with_red, undecided / total, plain / total, calls / (total * n))


def _sessions(runs: int) -> Printed:
    from scipy.special import betaincinv

    rows = []
    for n, bar in ((100, Fraction(8, 10)), (200, Fraction(85, 100)), (500, Fraction(9, 10))):
        gate = make_bar_gate(n, bar, ALPHA, family=100)
        needed, safe = -(-n * bar.numerator // bar.denominator), safe_rate(gate)
        plain = float(betaincinv(needed, n - needed + 1, 0.95))  # red in 5 % of passes by a plain threshold
        for name, rate in (("red in 5 % by a plain threshold", plain), ("safe rate", safe)):
            if rate is None:
                continue
            found = measure_sessions(gate, bar, rate, 100, runs)
            what = f"n = {n}, bar {float(bar):g}; {name}: {100 * (rate - float(bar)):.1f} points above"
            cells = (
                f"{found.plain_red:.3f}",
                share(found.with_red, runs),
                f"{found.undecided:.3f}",
                f"{found.calls:.2f}",
            )
            rows.append((what, *cells))
    title = f"Sessions of 100 gates, α = {ALPHA}: {runs:,} sessions each."
    columns = ("models", "gates below the bar", "sessions with a red gate", "gates undecided", "share asked")
    return Printed(title, columns, rows)


def tables(runs: int) -> Iterator[Printed]:
    """Sessions, self-tests and paired gates."""
    yield _sessions(runs)
    yield _self_tests(runs)
    yield _paired(runs)
