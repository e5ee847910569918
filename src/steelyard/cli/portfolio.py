"""``steelyard portfolio``: the concentration risk of the models that one bets on."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.cli.compare import check_outside_runs
from steelyard.cli.options import json_option
from steelyard.cli.output import print_json
from steelyard.errors import InputError


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option("--share", "shares", multiple=True, metavar="RUN=NUMBER", help="What is bet on it.  [default: equal]")
@click.option("--vendor", "vendors", multiple=True, metavar="RUN=NAME", help="Its vendor.  [default: by its name]")
@click.option("--family", "families", multiple=True, metavar="RUN=NAME", help="Its family.  [default: by its name]")
@click.option(
    "--architecture", "architectures", multiple=True, metavar="RUN=NAME",
    help="Its architecture.  [default: what a world model's checkpoints say]",
)  # fmt: skip
@click.option(
    "--cost", "costs", multiple=True, metavar="RUN=AMOUNT",
    help="What a call costs.  [default: by the prices that the run knew]",
)  # fmt: skip
@click.option("--html", "html_file", type=click.Path(path_type=Path), help="Write the page to this file.")
@json_option
def command(
    runs: tuple[str, ...],
    shares: tuple[str, ...],
    vendors: tuple[str, ...],
    families: tuple[str, ...],
    architectures: tuple[str, ...],
    costs: tuple[str, ...],
    html_file: Path | None,
    as_json: bool,
) -> int:
    """Show how far the models of these runs fail on the same samples, and how concentrated the bet on them is.

    RUN is the folder of a run or an audit, of a language model or a world model; RUN#ROLE is one model of several.
    Options that name a RUN take it as it is given here. Nothing is asked, and no run is changed.
    """
    from steelyard.api.compare import portfolio
    from steelyard.comparison import portfolio_pages
    from steelyard.util.atomic_file import write_file
    from steelyard.util.console import out

    check_outside_runs(html_file)
    found = portfolio(
        *runs,
        share=_numbers("--share", shares),
        vendor=_by_run("--vendor", vendors),
        family=_by_run("--family", families),
        architecture=_by_run("--architecture", architectures),
        cost=_numbers("--cost", costs),
    )
    if html_file is not None:
        write_file(html_file, portfolio_pages.html(found).encode())
        if not as_json:
            click.echo(f"page  {html_file}")
    if as_json:
        print_json(portfolio_pages.machine(found))
    else:
        portfolio_pages.print_portfolio(found, out())
    return 0


def _by_run(option: str, values: tuple[str, ...]) -> dict[str, str]:
    """``RUN=NAME`` by run; the last ``=`` separates, so a folder's name may hold one."""
    found = {}
    for value in values:
        run, separator, name = value.rpartition("=")
        if not (separator and run and name.strip()):
            raise InputError(f"{option} {value!r}: give RUN=…, with RUN as it is given as an argument")
        found[run] = name.strip()
    return found


def _numbers(option: str, values: tuple[str, ...]) -> dict[str, float]:
    found = {}
    for run, text in _by_run(option, values).items():
        try:
            found[run] = float(text.removesuffix("%"))
        except ValueError:
            raise InputError(f"{option} {run}={text}: {text!r} is not a number") from None
        if not 0 <= found[run] < float("inf"):
            raise InputError(f"{option} {run}={text}: give a number from 0")
    return found
