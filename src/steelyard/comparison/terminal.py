"""A comparison in the terminal, 100 columns at most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.comparison import words
from steelyard.comparison.record import Comparison, Contrast, PairResult
from steelyard.util.text import one_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = ["print_comparison"]

MOST_SLICES = 12  # of a pair; all are in the pages and in the JSON
MOST_NAMED = 5  # samples that differ
STYLES = {"better": "bold green", "worse": "bold red", "not_told_apart": "dim"}


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Print runs, differences, what they cost, and what could mislead. Foreign text is one line without controls."""
    from rich.text import Text

    from steelyard.util.console import fitting

    console.print(Text(words.headline(comparison), style="bold"))
    console.print()
    for run in comparison.runs:
        place = f"{run.folder}#{run.role}" if "#" in run.name else run.folder
        console.print(Text(one_line(f"{run.letter}  {run.model}  ({place}, asked {run.created[:10]})", 300)))
    for pair in comparison.pairs:
        console.print()
        if len(comparison.pairs) > 1:
            console.print(Text(words.title(comparison, pair), style="bold"))
        _print_pair(comparison, pair, console)
    console.print()
    console.print(fitting(console, _spent(comparison)))
    console.print()
    console.print(Text(words.tests_line(comparison)))
    for note in comparison.notes:
        console.print(Text.assemble(("Note ", "yellow"), one_line(note, 300)))


def _print_pair(comparison: Comparison, pair: PairResult, console: Console) -> None:
    from rich.text import Text

    from steelyard.util.console import fitting

    slices = [each for each in pair.contrasts if each.scope == "slice"]
    shown = [each for each in pair.contrasts if each.scope != "slice"]
    told = [each for each in slices if each.word != "not_told_apart"]
    shown += slices if len(slices) <= MOST_SLICES else told[:MOST_SLICES]
    if shown:
        console.print(fitting(console, _table(pair, shown)))
    for each in (each for each in shown if each.scope == "task" or (each.scope == "overall" and len(shown) > 0)):
        console.print(Text(one_line(f"{words.name_of(each)}: {words.sentence(comparison, pair, each)}", 400)))
    if len(slices) > MOST_SLICES:
        console.print(
            Text(f"{len(slices)} groups were tested, {len(told)} told apart; --html and --json have them all")
        )
    for skipped in pair.skipped:
        text = ": ".join(filter(None, (skipped.task, skipped.reason)))
        console.print(Text.assemble(("Not compared ", "red"), one_line(text, 400)))
    if pair.differing:
        names = ", ".join(one_line(each.sample, 40) for each in pair.differing_samples[:MOST_NAMED])
        more = "" if pair.differing <= MOST_NAMED else f" and {pair.differing - MOST_NAMED:,} more"
        console.print(Text(f"They differ on {pair.differing:,} samples: {names}{more}"))
    for note in pair.notes:
        console.print(Text.assemble(("Note ", "yellow"), one_line(note, 300)))


def _plain() -> Table:
    from rich import box
    from rich.table import Table

    return Table(box=box.SIMPLE_HEAD, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False)


def _table(pair: PairResult, contrasts: list[Contrast]) -> Table:
    from rich.text import Text

    table = _plain()
    table.add_column("", overflow="fold")
    for heading in ("samples", pair.first, pair.second, f"{pair.second} − {pair.first}", "95 % interval", "p (Holm)"):
        table.add_column(heading, justify="right", no_wrap=True)
    for each in contrasts:
        table.add_row(
            Text(one_line(words.name_of(each), 40)),
            f"{each.n:,}",
            words.score(each.first),
            words.score(each.second),
            Text(f"{words.SIGNS[each.word]} {words.difference(each)}", style=STYLES[each.word]),
            words.interval(each),
            words.p_words(each),
        )
    return table


def _spent(comparison: Comparison) -> Table:
    table = _plain()
    table.add_column("")
    for heading in ("calls", "median time", "p95", "median tokens", "p95", "cost", "a right answer"):
        table.add_column(heading, justify="right", no_wrap=True)
    for run in comparison.runs:
        spent = run.spent
        tokens = ["–" if each is None else f"{each:,.0f}" for each in (spent.tokens_median, spent.tokens_p95)]
        table.add_row(
            run.letter,
            f"{spent.calls:,}",
            words.seconds(spent.seconds_median),
            words.seconds(spent.seconds_p95),
            *tokens,
            words.money(spent),
            words.money(spent, "cost_per_right"),
        )
    return table
