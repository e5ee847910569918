"""Writes the table of measured false alarms in docs/detectors.md: ``python -m tools.rates_table``.

It is the data file that reports quote, so that page and reports say the same.
"""

from __future__ import annotations

from pathlib import Path

from bench.engine.markdown import write_section
from steelyard.reports.measured_rates import RuleRate, measured_rates

__all__ = ["PAGE", "SECTION", "main", "table"]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "detectors.md"
SECTION = "rates"


def table() -> str:
    """A line for each rule: of what, how many, and the share that was accused at .05, with its 95 % interval."""
    found = measured_rates()
    of = f"vendors of the gauntlet's world ({found.world})"
    lines = [_line(rule, of, rate, found.date) for rule, rate in found.rules.items()]
    lines += [
        _line(rule, each.what.removesuffix(", at 0.05"), each.rate, each.date) for rule, each in found.elsewhere.items()
    ]
    if found.of_reports:
        lines.append(_line("a whole report", of, found.of_reports, found.date))
    return "\n".join(["| rule | accused | of | what | measured |", "|:--|--:|--:|:--|:--|", *lines])


def _line(rule: str, what: str, rate: RuleRate, date: str) -> str:
    shown = rule if rule.startswith("a ") else f"`{rule}`"
    share = f"{_digits(rate.share)} [{_digits(rate.low)}, {_digits(rate.high)}]"
    return f"| {shown} | {share} | {rate.tests:,} | {what} | {date} |"


def _digits(share: float) -> str:
    return f"{share:.3f}".removeprefix("0")


def main() -> None:
    """Write it."""
    write_section(PAGE, SECTION, table())


if __name__ == "__main__":
    main()
