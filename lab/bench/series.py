"""What a series of audits of one question costs, and how often it errs: ``python -m bench.series``.

The first tables are exact: dynamic programming over (answers, right answers), with a look after every answer. The last
one is simulated through the code that audits use, for sampled rows.
"""

from __future__ import annotations

import argparse
import math
import platform
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

from rich.console import Console
from rich.table import Table

from bench.honest import SEED, measure_all
from bench.vendors import TEMPERATURE, Vendor
from steelyard.stats.exact import operating_characteristics
from steelyard.stats.intervals import clopper_pearson
from steelyard.stats.sequential import stop_table, threshold
from steelyard.stats.series import series_share

CLAIMED, TOLERANCE, ALPHA = Fraction(88, 100), Fraction(2, 100), 0.05
TRUTHS = (Fraction(80, 100), Fraction(84, 100), Fraction(88, 100))
SIZES = (164, 1_319)
NUMBERS = (1, 2, 10, 365)
AUDITS = 365
SAMPLED = tuple(
    Vendor("sampled", size, accuracy=0.75, sampled=0.05, decoding=TEMPERATURE, inflated=inflated)
    for size in (198, 1_319)
    for inflated in (0.0, 0.05, 0.1)
)

Errors = tuple[float, float]


def errors(size: int, level: float) -> Errors:
    """The exact chances of a false *inconsistent* and of a false *consistent* at their edges, at this level of both."""
    boundary = threshold(size, CLAIMED, Fraction(0), TOLERANCE)
    tables = stop_table(size, boundary, level, level)
    honest = operating_characteristics(size, boundary, tables).p_inconsistent
    inflated = operating_characteristics(size, boundary - 1, tables).p_consistent
    return honest, inflated


def shares(size: int, level: float) -> list[float]:
    """The median share of the samples that is asked, for each of the true rates."""
    boundary = threshold(size, CLAIMED, Fraction(0), TOLERANCE)
    tables = stop_table(size, boundary, level, level)
    return [operating_characteristics(size, round(truth * size), tables).median_share for truth in TRUTHS]


def _level(number: int) -> float:
    return ALPHA * series_share(number)


def _of_all(size: int, pool: ProcessPoolExecutor) -> Errors:
    """Both chances, summed over so many audits of one question: a bound, however these depend on one another.

    It holds for an auditor who knows all orders beforehand, too.
    """
    found = list(pool.map(errors, [size] * AUDITS, [_level(number) for number in range(1, AUDITS + 1)]))
    return math.fsum(each[0] for each in found), math.fsum(each[1] for each in found)


def show_exact(console: Console) -> None:
    """Levels, errors and costs of the n-th audit; and the errors of a whole year of daily ones."""
    table = Table(title=f"Claim {float(CLAIMED):.0%}, tolerance 2 points, α = {ALPHA} over the series: exact")
    for name in ("N", "audit", "level", "false inconsistent", "false consistent",
                 *(f"median share, truth {float(truth):.0%}" for truth in TRUTHS)):  # fmt: skip
        table.add_column(name, justify="right")
    with ProcessPoolExecutor() as pool:
        for size in SIZES:
            for name, level in (("alone, at α", ALPHA), *((f"no. {number}", _level(number)) for number in NUMBERS)):
                cells = [f"{each:.5f}" for each in errors(size, level)] + [
                    f"{each:.3f}" for each in shares(size, level)
                ]
                table.add_row(f"{size:,}", name, f"{level:.2g}", *cells)
            both = [f"{each:.4f}" for each in _of_all(size, pool)]
            table.add_row(f"{size:,}", f"1 to {AUDITS}, summed", "", *both, "", "", "")
    console.print(table)


def show_sampled(console: Console, vendors: int) -> None:
    """How often sampled rows are found inconsistent, and consistent, at the n-th audit."""
    kinds = [replace(kind, audit=number) for kind in SAMPLED for number in NUMBERS]
    table = Table(title=f"Sampled rows (w = .05), {vendors} audits each, seed {SEED}: simulated")
    for name in ("N", "claim above the model", "audit", "inconsistent", "95 % limits", "consistent", "asked"):
        table.add_column(name, justify="right")
    for row in measure_all(kinds, vendors):
        low, high = clopper_pearson(row.inconsistent, row.audits)
        table.add_row(
            f"{row.vendor.population:,}", f"{row.vendor.inflated:.0%}", f"no. {row.vendor.audit}",
            f"{row.inconsistent / row.audits:.3f}", f"{low:.3f}–{high:.3f}", f"{row.consistent / row.audits:.3f}",
            f"{row.asked / row.audits:.2f}",
        )  # fmt: skip
    console.print(table)


def main() -> None:
    """Print all tables, with date and machine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vendors", type=int, default=400, help="simulated audits of each kind of sampled rows")
    arguments = parser.parse_args()
    console = Console(width=120)
    console.print(f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}")
    show_exact(console)
    show_sampled(console, arguments.vendors)


if __name__ == "__main__":
    main()
