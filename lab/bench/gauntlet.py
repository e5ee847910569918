"""``python -m bench.gauntlet``: any world's tables, into docs/results/gauntlet.md where asked; its rates into reports.

The worlds *simulated*, *twins* and *series* are those of ``steelyard gauntlet``. The *small* and the *embedded* world
are made of what only this folder has (models that are trained here, answers that were recorded here), which the package
does not import: so this is the one command for all of them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from bench.engine.markdown import write_section
from bench.inhouse.table import where
from steelyard.reports.measured_rates import MeasuredRates, RuleRate, measured_rates
from steelyard_forensics.cli.gauntlet import made, run, run_simulated
from steelyard_forensics.gauntlet import pages
from steelyard_forensics.gauntlet.rates import LEVELS, FalseAlarms, Rates

__all__ = ["main", "measured"]

_QUICK = 20
# Of each world, the place of its tables in docs/results/gauntlet.md (the small one's: docs/detectors/order.md).
_SECTIONS = {
    "simulated": "gauntlet",
    "twins": "gauntlet-twins",
    "series": "gauntlet-series",
    "small": "small world",
    "embedded": "embedded world",
}
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
@click.option("--world", type=click.Choice([*_SECTIONS]), default="simulated", show_default=True)
@click.option("--quick", is_flag=True, help="A look: 20 vendors of each kind, six small models, or fewer questions.")
@click.option("--vendors", type=int, help="Vendors of each kind.  [default: the world's]")
@click.option("--markdown", type=click.Path(path_type=Path), help="Put the tables into this document.")
@click.option("--html", "html_file", type=click.Path(path_type=Path), help="Write the page.")
@click.option("--reports", is_flag=True, help="Write what reports show of the simulated world.")
def main(
    world: str, quick: bool, vendors: int | None, markdown: Path | None, html_file: Path | None, reports: bool
) -> None:
    """Run a world and write what was asked for."""
    is_drawn = world in ("simulated", "twins", "series")
    if (html_file or vendors) and not is_drawn:
        raise click.UsageError(f"--world {world} has no --vendors and no --html")
    if reports and (world != "simulated" or quick or vendors):
        raise click.UsageError("--reports is of the whole simulated world: no --quick, no --vendors")
    if is_drawn:
        text = _of_vendors(world, vendors or (_QUICK if quick else None), html_file, reports=reports)
    else:
        text = _of_models(world, quick=quick)
    print(text)
    if markdown is not None:
        write_section(markdown, _SECTIONS[world], text)


def _of_vendors(world: str, vendors: int | None, html_file: Path | None, *, reports: bool) -> str:
    rates = run_simulated(vendors=vendors) if world == "simulated" else run(world, vendors=vendors)
    option = "" if world == "simulated" else f" --world {world}"
    many = f" --vendors {vendors}" if vendors else ""
    at = f"`python -m bench.gauntlet{option}{many}`, {where().rpartition(', seed')[0]}, seed {rates.seed}"
    if html_file is not None:
        html_file.write_text(pages.html(rates, made()))
    if reports and isinstance(rates, Rates):
        encoded = msgspec.json.encode(measured(rates, f"{datetime.now(UTC):%Y-%m-%d}"))
        _REPORTS.write_bytes(msgspec.json.format(encoded, indent=2) + b"\n")
    return pages.markdown(rates, at)


def _of_models(world: str, *, quick: bool) -> str:
    if world == "small":
        from bench.small_world.__main__ import measured as trained

        return trained(reduced=quick)[1]
    from bench import embedded_world

    option = " --quick" if quick else ""
    return f"`python -m bench.gauntlet --world embedded{option}`, {where()}\n\n{embedded_world.markdown(quick=quick)}"


if __name__ == "__main__":
    main()
