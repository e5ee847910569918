"""``steelyard world compare``: compare two kinds of world model on the same episodes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from steelyard.cli.options import json_option
from steelyard.cli.output import print_json
from steelyard.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from steelyard_world.evaluation.comparison import Difference
    from steelyard_world.evaluation.result import Results

MAX_BUDGET_DIFFERENCE = 0.05  # relative: larger differences between budgets are noted


@click.command("compare")
@click.argument("first")
@click.argument("second")
@click.option("--test", "tests", metavar="A,B", help="With checkpoints: the tests (default: all that apply).")
@click.option("--world", "worlds", metavar="A,B", help="With checkpoints: the worlds (default: that of the training).")
@click.option(
    "--episodes",
    type=click.IntRange(2, 100_000),
    default=100,
    show_default=True,
    help="With checkpoints: episodes of each test.",
)
@json_option
def command(first: str, second: str, tests: str | None, worlds: str | None, episodes: int, as_json: bool) -> int:
    """Compare FIRST with SECOND on the same episodes.

    Each is a results file of steelyard world eval, or the checkpoints of one kind, separated by commas.

    Differences are paired by episode. A model is called ahead only if the 95 % interval excludes 0.
    """
    from steelyard_world.evaluation.comparison import ahead, differences

    if first == second and Path(first).is_dir():
        raise InputError("both are the same: give another model to compare with", where=second)
    one, other = (_results(each, tests, worlds, episodes) for each in (first, second))
    found, alone = differences(one, other)
    notes = [*_budgets(one, other), *(f"only one of them was tested on {each}" for each in alone)]
    if as_json:
        import msgspec

        compared = [msgspec.to_builtins(each) | {"ahead": ahead(each)} for each in found]
        print_json({"first": first, "second": second, "differences": compared, "notes": notes})
    else:
        from steelyard.util.console import out

        _print_table(found, notes, (first, second), out())
    return 0


def _results(given: str, tests: str | None, worlds: str | None, episodes: int) -> Results:
    """Read a results file, or test the checkpoints that are named."""
    from steelyard_world.cli.checkpoints import load_trainings
    from steelyard_world.cli.eval import evaluate, words_of
    from steelyard_world.evaluation.result import read_results

    folders = [Path(each) for each in given.split(",") if each]
    if len(folders) == 1 and not folders[0].is_dir():
        return read_results(folders[0])
    if not folders:
        raise InputError("give two results files or two groups of checkpoints")
    return evaluate(load_trainings(folders), words_of(tests), words_of(worlds), episodes)


def _budgets(one: Results, other: Results) -> list[str]:
    """Note where the budgets of the trainings differ, since that may explain a difference in scores."""
    notes = []
    for name, words in (("frames", "frames"), ("cpu_seconds", "CPU-seconds"), ("parameters", "parameters")):
        means = [_mean(results, name) for results in (one, other)]
        if None in means:
            continue
        low, high = sorted(float(mean) for mean in means if mean is not None)
        if high > low * (1 + MAX_BUDGET_DIFFERENCE):
            first, second = (f"{mean:,.0f}" for mean in means if mean is not None)
            notes.append(f"not the same {words}: {first} and {second} on average")
    return notes


def _mean(results: Results, name: str) -> float | None:
    values = [float(each[name]) for each in results.checkpoints if isinstance(each.get(name), (int, float))]
    return sum(values) / len(values) if values else None


def _print_table(found: list[Difference], notes: list[str], names: tuple[str, str], console: Console) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from steelyard.util.console import fitting
    from steelyard.util.text import one_line
    from steelyard_world.evaluation.comparison import ahead
    from steelyard_world.report.words import interval_text, signed, value

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("test", overflow="fold")
    for heading in ("first", "second", "difference", "interval", "seeds × n"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("ahead")
    for each in found:
        who = ahead(each)
        test = ", ".join(filter(None, (each.test, each.condition)))
        table.add_row(
            Text(one_line(f"{test} in {each.world}", 60)),
            value(each.first_score),
            value(each.second_score),
            signed(each.difference),
            interval_text(each.low, each.high),
            f"{each.first_seeds}, {each.second_seeds} × {each.units:,}",
            Text(who, style="bold" if who != "neither" else "dim"),
        )
    for place, name, model in (("first", names[0], found[0].first), ("second", names[1], found[0].second)):
        console.print(Text(one_line(f"{place}: {model} ({name})", 300)))
    console.print()
    console.print(fitting(console, table))
    for note in dict.fromkeys((*(note for each in found for note in each.notes), *notes)):
        console.print(Text.assemble(("Note ", "yellow"), one_line(note, 300)))
