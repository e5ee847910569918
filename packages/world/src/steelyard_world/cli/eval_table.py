"""The results of an evaluation in a terminal: a table within 100 columns, and notes below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from steelyard_world.evaluation.result import Results, ScoreSummary

__all__ = ["print_results"]

NARROW = 92  # columns: in a narrower terminal the world is put below its test
_STYLES = {"above": "green", "unclear": "yellow", "below": "bold red", "no floor": ""}


def print_results(results: Results, console: Console) -> None:
    """Print the table, controls and settings, what was left out, and one sentence over all."""
    from rich.text import Text

    from steelyard.util.text import one_line
    from steelyard_world.report.words import score_headline

    _print_table(results, console)
    for line in dict.fromkeys(_under(summary) for summary in results.summaries):
        console.print(Text(line, style="dim"))
    for line in filter(None, (line for each in results.summaries for line in (_gained(each), _lost(each)))):
        console.print(Text(line))
    for sentence in results.left_out:
        console.print(Text.assemble(("Left out ", "yellow"), one_line(sentence, 300)))
    console.print()
    console.print(Text(f"{score_headline(results.summaries)}."))
    if results.summaries and results.summaries[0].seeds == 1:
        console.print(
            "One training: the intervals cover episodes alone; give three checkpoints or more to cover trainings."
        )


def _print_table(results: Results, console: Console) -> None:
    from rich import box
    from rich.table import Table

    from steelyard.util.console import fitting

    narrow = console.width < NARROW
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("test", overflow="fold")
    if not narrow:
        table.add_column("world", overflow="fold")
    for heading in ("score", "interval", "floor", "ceiling", "normalised", "seeds × n"):
        table.add_column(heading, justify="right", no_wrap=True)
    for summary in results.summaries:
        table.add_row(*_cells(summary, narrow))
    console.print(fitting(console, table))


def _cells(summary: ScoreSummary, narrow: bool) -> list[Text | str]:
    from rich.text import Text

    from steelyard.util.text import one_line
    from steelyard_world.evaluation.result import standing
    from steelyard_world.report.words import interval_text, name_of, sized, value

    name, world = name_of(summary), one_line(summary.world, 40)
    between = interval_text(summary.normalised_low, summary.normalised_high)
    share = value(summary.normalised) + (f" ({between})" if between != "–" else "")
    return [
        *((Text(f"{name}\n  {world}"),) if narrow else (Text(name), Text(world))),
        Text(value(summary.score), style=_STYLES[standing(summary)]),
        interval_text(summary.low, summary.high),
        value(summary.floor),
        value(summary.ceiling),
        share,
        sized(summary),
    ]


def _under(summary: ScoreSummary) -> str:
    """One line for each test: its measure, its floor and ceiling, and its settings."""
    from steelyard.util.text import one_line
    from steelyard_world.report.words import settings_line

    parts = [summary.measure + (", less is better" if summary.better == "lower" else "")]
    parts += [f"floor {summary.floor_name}"] if summary.floor_name else []
    parts += [f"ceiling {summary.ceiling_name}"] if summary.ceiling_name else []
    settings = settings_line(summary.settings)
    return f"{one_line(summary.test, 40)}: {one_line('; '.join(parts), 200)}" + (f"; {settings}" if settings else "")


def _gained(summary: ScoreSummary) -> str:
    """The gain over the best floor, where the simplest rivals are among the floors."""
    from steelyard.util.text import one_line
    from steelyard_world.report.words import gained, name_of
    from steelyard_world.sim.catalog import SCENES

    text = gained(summary) if summary.world == SCENES else ""
    return f"{name_of(summary)}, {one_line(summary.world, 40)}: {text}" if text else ""


def _lost(summary: ScoreSummary) -> str:
    """The loss by a shift, on the same trainings and episodes, on a line of its own, since columns are few."""
    from steelyard.util.text import one_line
    from steelyard_world.report.words import lost, name_of

    text = lost(summary)
    return f"{name_of(summary)}, {one_line(summary.world, 40)}: {text} against the world unshifted" if text else ""
