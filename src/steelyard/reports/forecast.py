"""The output of a dry run: what an audit would take, in the terminal and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from steelyard.planning.dry_run import Forecast

__all__ = ["print_forecast", "render"]


def render(forecast: Forecast) -> dict[str, Any]:
    """The forecast as a JSON document."""
    return asdict(forecast)


def print_forecast(forecast: Forecast, console: Console) -> None:
    """Print one line for each claim, what is skipped and why, and the assumptions."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from steelyard.util.console import fitting
    from steelyard.util.text import one_line

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title="Dry run: no sample was sent", title_justify="left")
    table.add_column("task", overflow="fold")
    gates = any(row.sign for row in forecast.rows)
    decided = ("if 5 above", "if 5 below") if gates else ("if it holds", "if 10 lower")
    first = "bar" if gates else "claimed"
    costs = ("calls ≤", "tokens in", "out ≤", "time ≤", "cost ≤")
    for name in costs if forecast.is_identity_check else (first, *costs, *decided):
        table.add_column(name, justify="right", no_wrap=True)
    for row in forecast.rows:
        cells = (
            f"{row.calls:,}",
            _short(row.prompt_tokens),
            _short(row.completion_tokens),
            _duration(row.seconds),
            "–" if row.cost is None else f"{row.cost:,.2f}",
        )
        if forecast.is_identity_check:
            table.add_row(Text(one_line(row.task)), *cells)
            continue
        table.add_row(
            Text(one_line(row.task)),
            Text(f"{row.sign} {one_line(row.claimed)}{_unit(row.claimed)}" if row.sign else one_line(row.claimed)),
            *cells,
            _decision(row.if_true, row.affordable) if row.claimed else "–",
            _decision(row.if_false, row.affordable) if row.claimed else "–",
        )
    if forecast.rows:
        console.print(fitting(console, table))
    if any(row.claimed for row in forecast.rows):
        console.print("The last two columns: calls that the test is expected to need; * = not within budget or limit.")
    if gates:
        console.print("They are for a true score 5 points above the bar, or below it; nearer to the bar it takes more.")
    for row in forecast.rows:
        if row.outlook:
            console.print(Text(one_line(f"{row.task}: {row.outlook}.", 400)))
    for row in forecast.rows:
        if row.cannot:
            console.print(Text(one_line(f"{row.task} ({row.claimed} %): {row.cannot}", 400)))
        if row.arms:
            said = f"asked one after another, until one reaches the claim: {'; '.join(row.arms)}"
            console.print(Text(one_line(f"{row.task} ({row.claimed} %): {said}.", 400)))
        if row.confirms_only:
            said = f"may be confirmed, and is accused by nothing here: {row.confirms_only}"
            console.print(Text(one_line(f"{row.task} ({row.claimed} %): {said}.", 400)))
    if not forecast.rows:
        console.print("Dry run: nothing can be asked.")
    for task, verdict, reason in forecast.skipped:
        console.print(Text(one_line(f"{task}: {verdict.replace('_', ' ')}: {reason}")))
    if forecast.is_identity_check and forecast.rows:
        console.print(
            "It stops as soon as it has decided. The time is the endpoint's: the reference reads each text here."
        )
    unpriced = "" if forecast.is_priced else "; no cost without --price IN,OUT or --prices FILE"
    console.print(f"{forecast.assumptions}{unpriced}")


def _unit(bar: str) -> str:
    """Of a gate's bar: a score is in percent, a margin below a baseline in points."""
    return " points" if "baseline" in bar else " %"


def _decision(samples: int | None, affordable: int) -> str:
    if samples is None:
        return "undecided "
    return f"{samples:,}{'*' if samples > affordable else ' '}"


def _short(count: int) -> str:
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return str(count)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
