"""``steelyard world compare``: two kinds of world model on the same episodes; ahead only if the interval excludes 0."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from steelyard.cli.options import json_option, print_json
from steelyard.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from steelyard.world.evaluation.comparison import Difference
    from steelyard.world.evaluation.result import Results

BUDGET_APART = 0.05  # a training that was given more than so much more is said to be


@click.command("compare")
@click.argument("first")
@click.argument("second")
@click.option("--test", "tests", metavar="A,B", help="With checkpoints: what to test (default: all that can be).")
@click.option("--world", "worlds", metavar="A,B", help="With checkpoints: where (default: in the world of training).")
@click.option("--episodes", type=click.IntRange(2, 100_000), default=100, show_default=True, help="With checkpoints.")
@json_option
def command(first: str, second: str, tests: str | None, worlds: str | None, episodes: int, as_json: bool) -> int:
    """Compare FIRST with SECOND: results files of steelyard world eval, or checkpoints.

    Several trainings of one kind are separated by commas.

    Differences are paired by episode; a difference whose 95 % interval holds 0 is none.
    """
    from steelyard.world.evaluation.comparison import ahead, differences

    if first == second and Path(first).is_dir():
        raise InputError("these are the same: give another to compare with", where=second)
    one, other = (_results(each, tests, worlds, episodes) for each in (first, second))
    found, alone = differences(one, other)
    notes = [*_budgets(one, other), *(f"only one of them was tested on {each}" for each in alone)]
    if as_json:
        import msgspec

        compared = [msgspec.to_builtins(each) | {"ahead": ahead(each)} for each in found]
        print_json({"first": first, "second": second, "differences": compared, "notes": notes})
    else:
        from steelyard.util.console import out

        _tell(found, notes, (first, second), out())
    return 0


def _results(given: str, tests: str | None, worlds: str | None, episodes: int) -> Results:
    """Read a results file, or test the checkpoints that are named."""
    from steelyard.cli.world.checkpoints import load_trainings
    from steelyard.cli.world.eval import evaluate, words_of
    from steelyard.world.evaluation.result import read_results

    folders = [Path(each) for each in given.split(",") if each]
    if len(folders) == 1 and not folders[0].is_dir():
        return read_results(folders[0])
    if not folders:
        raise InputError("give two results files or two groups of checkpoints")
    return evaluate(load_trainings(folders), words_of(tests), words_of(worlds), episodes)


def _budgets(one: Results, other: Results) -> list[str]:
    """Say where the trainings were not given the same: a difference may be one of budgets."""
    said = []
    for name, words in (("frames", "frames"), ("cpu_seconds", "CPU-seconds"), ("parameters", "parameters")):
        means = [_mean(results, name) for results in (one, other)]
        if None in means:
            continue
        low, high = sorted(float(mean) for mean in means if mean is not None)
        if high > low * (1 + BUDGET_APART):
            first, second = (f"{mean:,.0f}" for mean in means if mean is not None)
            said.append(f"not the same {words}: {first} and {second} on average")
    return said


def _mean(results: Results, name: str) -> float | None:
    values = [float(each[name]) for each in results.checkpoints if isinstance(each.get(name), (int, float))]
    return sum(values) / len(values) if values else None


def _tell(found: list[Difference], notes: list[str], names: tuple[str, str], console: Console) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from steelyard.util.text import one_line
    from steelyard.world.evaluation.comparison import ahead
    from steelyard.world.report.words import interval, signed, value

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
            interval(each.low, each.high),
            f"{each.first_seeds}, {each.second_seeds} × {each.units:,}",
            Text(who, style="bold" if who != "neither" else "dim"),
        )
    for place, name, model in (("first", names[0], found[0].first), ("second", names[1], found[0].second)):
        console.print(Text(one_line(f"{place}: {model} ({name})", 300)))
    console.print()
    console.print(table)
    for note in dict.fromkeys((*(note for each in found for note in each.notes), *notes)):
        console.print(Text.assemble(("Note ", "yellow"), one_line(note, 300)))
