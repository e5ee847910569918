"""``steelyard cascade``: a small model first, a large one where a signal of the small one's answer is low."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from steelyard.cli.options import json_option
from steelyard.cli.output import print_json

if TYPE_CHECKING:
    from steelyard.comparison.cascade import Alone, CascadeResult


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="SMALL LARGE")
@click.option(
    "--signal",
    type=click.Choice(["agreement", "length", "margin", "unread"]),
    required=True,
    help="What of the small model's answer says how sure it is: the share of its repeats that are word for word like "
    "the first, its length (the longest are escalated), the margin between the likelihoods of the two best choices, or "
    "whether it could be read.",
)
@click.option("--target", required=True, metavar="SHARE", help="The share of right answers to reach: 0.9 or 90%.")
@click.option("--task", default="", help="Which task, where the runs share several.")
@json_option
def command(runs: tuple[str, ...], signal: str, target: str, task: str, as_json: bool) -> int:
    """Measure a cascade from two finished runs on the same samples; nothing is asked.

    SMALL and LARGE are folders of runs, or RUN#ROLE; one RUN of two models has both, the first --model is the small
    one. The threshold of the signal is chosen on the first half of the committed order, and measured on the second.

    Exit codes: 0 the whole interval reaches the target, 1 none of it does, 3 neither is sure.
    """
    from steelyard.api.compare import cascade
    from steelyard.comparison.cascade import document_of, lines_of

    found = cascade(*runs, signal=signal, target=target, task=task)
    if as_json:
        print_json(document_of(found))
        return found.exit
    first, *rest = lines_of(found)
    click.echo(first)
    _print_table(found)
    for line in rest:
        click.echo(line)
    return found.exit


def _print_table(found: CascadeResult) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from steelyard.util.console import fitting, out
    from steelyard.util.text import one_line

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Second half", overflow="fold", min_width=12)
    for heading in ("Right", "95 % interval", "Calls to the large", "Cost per\n1,000", "Cost per\n1,000 right"):
        table.add_column(heading, justify="right")
    rows = (
        ("cascade", found.cascade, found.escalated),
        (f"small: {one_line(found.small.name, 60)}", found.small, 0),
        (f"large: {one_line(found.large.name, 60)}", found.large, found.samples),
    )
    for named, each, number in rows:
        low, high = each.ci
        table.add_row(
            Text(named),
            f"{100 * each.right / found.samples:.1f} % ({each.right:,})",
            f"{100 * low:.1f}–{100 * high:.1f} %",
            f"{number:,}",
            *_costs(each),
        )
    out().print(fitting(out(), table))


def _costs(each: Alone) -> tuple[str, str]:
    costs = (each.cost, each.cost_per_right)
    first, second = ("–" if cost is None else f"{1000 * cost:.3g}" for cost in costs)
    return first, second
