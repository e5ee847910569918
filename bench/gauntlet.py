"""``python -m bench.gauntlet``: the gauntlet's tables into docs/detectors.md, and its rates into what reports show."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from bench.engine.markdown import write_section
from bench.inhouse.table import where
from steelyard.cli.gauntlet import made, run
from steelyard.gauntlet import pages
from steelyard.gauntlet.rates import LEVELS, FalseAlarms, Rates
from steelyard.reports.measured_rates import MeasuredRates, RuleRate, measured_rates

__all__ = ["main", "measured"]

_REPORTS = Path("src/steelyard/reports/measured_rates.json")


def measured(rates: Rates, date: str) -> MeasuredRates:
    """What reports show of a run."""
    of_rules = {each.detector: each for each in rates.false_alarms if not each.kind}
    return MeasuredRates(
        date=date,
        world=rates.world,
        vendors=rates.honest,
        at=LEVELS[0],
        report=_rate(rates.report[0]),
        rules={rule: _rate(of_rules[rule.partition("@")[0]]) for rule in rates.rules},
        elsewhere=measured_rates().elsewhere,
    )


def _rate(alarms: FalseAlarms) -> RuleRate:
    at = alarms.at[0]
    share, low, high = (round(value, 5) for value in (at.share, at.low, at.high))
    return RuleRate(share=share, low=low, high=high, tests=alarms.tests)


@click.command()
@click.option("--vendors", type=int, help="Vendors of each kind.  [default: 10,000 honest ones and 4,000 others]")
@click.option("--markdown", type=click.Path(path_type=Path), help="Put the tables into this document.")
@click.option("--html", "html_file", type=click.Path(path_type=Path), help="Write the page.")
@click.option("--reports", is_flag=True, help="Write what reports show of it.")
def main(vendors: int | None, markdown: Path | None, html_file: Path | None, reports: bool) -> None:
    """Run the simulated world and write what was asked for."""
    rates = run("simulated", vendors=vendors)
    text = pages.markdown(rates, f"`python -m bench.gauntlet`, {where().rpartition(', seed')[0]}, seed {rates.seed}")
    print(text)
    if markdown is not None:
        write_section(markdown, "gauntlet", text)
    if html_file is not None:
        html_file.write_text(pages.html(rates, made()))
    if reports:
        encoded = msgspec.json.encode(measured(rates, f"{datetime.now(UTC):%Y-%m-%d}"))
        _REPORTS.write_bytes(msgspec.json.format(encoded, indent=2) + b"\n")


if __name__ == "__main__":
    main()
