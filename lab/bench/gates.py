"""How often gates are wrong, and what they cost: ``python -m bench.gates`` prints docs/statistics.md's tables.

A gate against a bar where answers do not vary is computed exactly, all else by simulation with a seed.
"""

from __future__ import annotations

import platform
import random
import sys
from datetime import UTC, datetime
from fractions import Fraction

import numpy as np
from rich.console import Console
from rich.table import Table

from steelyard.stats.bar_gate import BarGate, gate_at_levels, make_bar_gate
from steelyard.stats.exact import operating_characteristics
from steelyard.stats.gate import paired_gate
from steelyard.stats.intervals import clopper_pearson
from steelyard.stats.paired_bets import EARLY, PairedBets
from steelyard.stats.series import series_share

ALPHA, BAR = 0.05, Fraction(85, 100)


def main() -> None:
    """Print every table; a number after the command scales the repetitions (1 by default)."""
    scale = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    console = Console(width=150)
    console.print(
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}; α = {ALPHA}"
    )
    console.print(steady())
    console.print(varying(round(4000 * scale)))
    console.print(unsteady(round(4000 * scale)))
    console.print(in_series())
    console.print(sessions(round(1000 * scale)))
    console.print(paired(round(1000 * scale)))


def table_of(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="right")
    return table


def rate_of(count: int, number: int) -> str:
    low, high = clopper_pearson(count, number)
    return f"{100 * count / number:.1f} % ({100 * low:.1f}–{100 * high:.1f})"


def steady() -> Table:
    """Exact: a finite population, in-process greedy decoding."""
    table = table_of(
        f"Answers do not vary, bar {float(BAR):.0%}: exact",
        "items", "false red", "false green", *(f"asked, {points:+d} points" for points in (-10, -5, 5, 10)),
    )  # fmt: skip
    for population in (100, 300, 1000):
        gate = make_bar_gate(population, BAR, ALPHA, steady=True)
        red = operating_characteristics(population, gate.red_below, gate.table).p_inconsistent
        green = operating_characteristics(population, gate.red_below - 1, gate.table).p_consistent
        asked = [
            operating_characteristics(population, round(population * (float(BAR) + points / 100)), gate.table)
            for points in (-10, -5, 5, 10)
        ]
        table.add_row(
            f"{population:,}", f"{red:.3f}", f"{green:.3f}", *(f"{each.median_share:.0%} (median)" for each in asked)
        )
    return table


def in_series() -> Table:
    """Exact: how far above its bar a model must be in the n-th gate of a strict series."""
    places = (1, 2, 5, 10, 20)
    table = table_of(
        f"--strict-series, answers vary, bar {float(BAR):.0%}: points above the bar for green in 9 of 10 runs; exact",
        "items", "alone", *(f"gate {number}" for number in places),
    )  # fmt: skip
    for population in (100, 300, 1000, 3000):
        needed = []
        for share in (1.0, *map(series_share, places)):
            rate = safe_rate(gate_at_levels(population, BAR, ALPHA * share, ALPHA * share, steady=False))
            needed.append("none" if rate is None else f"{100 * (rate - float(BAR)):.1f}")
        table.add_row(f"{population:,}", *needed)
    return table


def safe_rate(gate: BarGate, power: float = 0.9) -> float | None:
    """The rate at which a complete pass is green with probability ``power``: how far above its bar a model must be.

    None where no rate is green so often. Raises ValueError for a power outside (0, 1).
    """
    from scipy.special import betaincinv

    if not 0 < power < 1:
        raise ValueError(f"a power is between 0 and 1, not {power}")
    if gate.green_from > gate.population:
        return None
    return float(betaincinv(gate.green_from, gate.population - gate.green_from + 1, power))


def colours(
    gate: BarGate, rate: float, number: int, random_: np.random.Generator, spread: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """For ``number`` passes at a rate: 1 green, −1 red, 0 undecided; and after how many answers.

    ``spread`` is the standard deviation of what each whole pass adds to the rate.
    """
    population = gate.population
    rates = rate + spread * random_.standard_normal((number, 1)) if spread else rate
    right = np.cumsum(random_.random((number, population)) < rates, axis=1)
    red = right <= np.array(gate.table.inconsistent)
    green = right >= np.array(gate.table.consistent)
    decided = red | green
    first = np.where(decided.any(axis=1), decided.argmax(axis=1), population - 1)
    rows = np.arange(number)
    return green[rows, first].astype(int) - red[rows, first].astype(int), first + 1


def varying(number: int) -> Table:
    """A rate over passes: every pass is another sample of it."""
    table = table_of(
        f"Answers vary, bar {float(BAR):.0%}: {number:,} simulated runs each, 95 % interval; plain: red below the bar",
        "items", "rate", "red", "undecided", "green", "asked (mean)", "plain threshold red",
    )  # fmt: skip
    random_ = np.random.default_rng(20261126)
    for population in (100, 300, 1000):
        gate = make_bar_gate(population, BAR, ALPHA)
        for points in (-10, -5, 0, 5, 10):
            rate = float(BAR) + points / 100
            found, asked = colours(gate, rate, number, random_)
            plain = int((random_.binomial(population, rate, number) < population * float(BAR)).sum())
            counts = [int((found == colour).sum()) for colour in (-1, 0, 1)]
            table.add_row(
                f"{population:,}", f"{rate:.0%}", *(rate_of(count, number) for count in counts),
                f"{asked.mean():.0f}", rate_of(plain, number),
            )  # fmt: skip
    return table


def unsteady(number: int) -> Table:
    """Outside the formula: whole passes differ, by load or by replica, and one pass cannot show it."""
    table = table_of(
        f"Whole passes differ, rate at the bar of {float(BAR):.0%}: {number:,} simulated runs each, 95 % interval",
        "items", "standard deviation of a pass", "red", "undecided", "green",
    )  # fmt: skip
    random_ = np.random.default_rng(20261127)
    for population in (100, 300, 1000):
        gate = make_bar_gate(population, BAR, ALPHA)
        for points in (0, 1, 2, 4):
            found, _ = colours(gate, float(BAR), number, random_, points / 100)
            counts = [int((found == colour).sum()) for colour in (-1, 0, 1)]
            table.add_row(f"{population:,}", f"{points} points", *(rate_of(count, number) for count in counts))
    return table


def sessions(number: int, gates: int = 100, population: int = 300) -> Table:
    """Sessions of a pytest plugin: all models meet their bars, and a plain threshold is red in 5 % of runs of each."""
    table = table_of(
        f"{number:,} sessions of {gates} gates on {population} items, each red at {ALPHA}/{gates}",
        "rate", "sessions with a red test", "undecided gates", "sessions with one red by a plain threshold",
    )  # fmt: skip
    gate = make_bar_gate(population, BAR, ALPHA, family=gates)
    random_ = np.random.default_rng(15)
    for rate in (_plain_rate(population), safe_rate(gate, 0.9) or 1.0):
        found = np.concatenate([colours(gate, rate, gates, random_)[0][None] for _ in range(number)])
        plain = random_.binomial(population, rate, (number, gates)) < population * float(BAR)
        undecided = int((found == 0).sum())
        table.add_row(
            f"{rate:.1%}", rate_of(int((found < 0).any(axis=1).sum()), number), rate_of(undecided, number * gates),
            rate_of(int(plain.any(axis=1).sum()), number),
        )  # fmt: skip
    return table


def _plain_rate(population: int) -> float:
    """The rate at which a plain threshold at the bar is red in 5 % of passes."""
    from scipy.stats import binom

    rates = np.linspace(float(BAR), 1, 2001)
    least = int(np.ceil(population * float(BAR)))
    return float(rates[np.argmax(binom.cdf(least - 1, population, rates) <= 0.05)])


def paired(number: int, items: int = 400, margin: float = 0.02) -> Table:
    """The sequential gate with a baseline, and a bar at the baseline's score less the margin."""
    table = table_of(
        f"A baseline of {items} items, margin {100 * margin:g} points: {number:,} simulated runs each",
        "baseline's rates", "model", "red", "undecided", "green", "asked (mean)", "red by a fixed bar",
    )  # fmt: skip
    random_ = random.Random(15)
    cases: list[tuple[str, list[float], float]] = [
        ("all .5", [0.5] * items, 0.0),
        ("all .8", [0.8] * items, 0.0),
        ("all .97", [0.97] * items, 0.0),
        ("0 to 1", [place / items for place in range(items)], 0.0),
        ("0 or 1", [float(place % 5 > 0) for place in range(items)], 0.0),
        ("all .8", [0.8] * items, -0.05),
        ("all .8", [0.8] * items, -0.10),
        ("0 or 1", [float(place % 5 > 0) for place in range(items)], -0.05),
    ]
    for name, rates, change in cases:
        found, asked, by_bar = {"red": 0, "": 0, "green": 0}, 0, 0
        for _ in range(number):
            random_.shuffle(rates)
            baseline = [int(random_.random() < rate) for rate in rates]
            model = [int(random_.random() < rate and random_.random() < 1 + change / 0.8) for rate in rates]
            colour, read = _paired_colour(model, baseline, margin)
            found[colour] += 1
            asked += read
            by_bar += sum(model) < sum(baseline) - margin * items
        table.add_row(
            name, "the same" if not change else f"{100 * change:.0f} points",
            *(rate_of(found[colour], number) for colour in ("red", "", "green")), f"{asked / number:.0f}",
            rate_of(by_bar, number),
        )  # fmt: skip
    return table


def _paired_colour(model: list[int], baseline: list[int], margin: float) -> tuple[str, int]:
    bets = PairedBets(margin, ALPHA, ALPHA)
    for asked, (one, other) in enumerate(zip(model, baseline, strict=True), 1):
        if colour := bets.observe(one, other):  # type: ignore[arg-type]
            return colour, asked
    found, rest = paired_gate(model, baseline, margin), (1 - EARLY) * ALPHA
    colour_ = "green" if found.p_within <= rest else "red" if found.p_worse <= rest else ""
    return colour_, len(model)


if __name__ == "__main__":
    main()
