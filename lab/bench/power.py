"""What an audit costs and how often it errs, exactly: ``python -m bench.power`` prints docs/statistics.md's table."""

from __future__ import annotations

from fractions import Fraction

from rich.console import Console
from rich.table import Table

from steelyard.stats.exact import operating_characteristics
from steelyard.stats.sequential import stop_table, threshold

CLAIMED, TOLERANCE, ALPHA = Fraction(88, 100), Fraction(2, 100), 0.05
TRUTHS = (Fraction(80, 100), Fraction(84, 100), Fraction(88, 100))


def main() -> None:
    """Dynamic programming over (answers, right answers) for a claim of 88 % with a tolerance of 2 points."""
    table = Table(title="Claim 88 %, tolerance 2 points, α = .05: exact")
    table.add_column("N", justify="right")
    for name in (
        "false inconsistent",
        "false consistent",
        *(f"median share, truth {t:.0%}" for t in map(float, TRUTHS)),
    ):
        table.add_column(name, justify="right")
    for population in (164, 1_319, 14_042):
        boundary = threshold(population, CLAIMED, Fraction(0), TOLERANCE)
        tables = stop_table(population, boundary, ALPHA, ALPHA)
        honest = operating_characteristics(population, boundary, tables).p_inconsistent
        inflated = operating_characteristics(population, boundary - 1, tables).p_consistent
        shares = [
            operating_characteristics(population, round(truth * population), tables).median_share for truth in TRUTHS
        ]
        table.add_row(f"{population:,}", f"{honest:.4f}", f"{inflated:.4f}", *(f"{share:.3f}" for share in shares))
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
