"""``steelyard tasks``: the benchmarks that can be measured here, and what each needs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from steelyard.cli.options import data_option, json_option
from steelyard.cli.output import print_json
from steelyard.errors import InputError

if TYPE_CHECKING:
    from steelyard.claims.benchmarks import Benchmark
    from steelyard.tasks.overview import TaskOverview

WIDE = 90  # columns, from which the table has room for all that it says


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@data_option
@json_option
def command(names: tuple[str, ...], data: Path | None, as_json: bool) -> int:
    """List the tasks: size, formats, what they need, and whether their data is here.

    With a NAME, say all that is known of this one: a task, or a benchmark that is known and has no task here. Nothing
    is downloaded. reasoning-gym:NAME makes more tasks; questions of your own are one, too (--task of audit, run FILE).
    """
    from dataclasses import asdict

    import msgspec

    from steelyard.tasks import resolve, task_ids
    from steelyard.tasks.overview import known_without_task, overview

    known = {each.id: each for each in known_without_task()}
    wanted = [_named(name, known) for name in names]
    tasks = [overview(name, data) for name in names if resolve(name)] if names else None
    if tasks is None:
        tasks = [overview(name, data) for name in task_ids()]
    others = [each for each in wanted if each is not None] if names else list(known.values())
    if as_json:
        print_json(
            {"tasks": [asdict(task) for task in tasks], "known_without_task": [msgspec.to_builtins(o) for o in others]}
        )
    elif names:
        _print_details(tasks, others)
    else:
        _print_table(tasks, others)
    return 0


def _named(name: str, known: dict[str, Benchmark]) -> Benchmark | None:
    """A benchmark without a task; None for a task. Raises InputError for a name that is unknown."""
    from steelyard.claims.benchmarks import lookup
    from steelyard.tasks import resolve

    if resolve(name) is not None:
        return None
    found = lookup(name)
    if found is None or found.id not in known:
        raise InputError(
            f"{name!r} is unknown here: steelyard tasks lists what there is; a task of your own is a file "
            "(docs/adding-a-benchmark.md)"
        )
    return found


def _print_table(tasks: list[TaskOverview], others: list[Benchmark]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from steelyard.util.console import fitting, out

    console = out()
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    is_wide = console.width >= WIDE
    for heading in ("task", "samples", "needs", "data", *(("licence", "formats") if is_wide else ())):
        side: Any = "right" if heading == "samples" else "left"
        table.add_column(heading, justify=side, no_wrap=heading == "task", overflow="fold")
    for task in tasks:
        where = task.data.partition(":")[0].partition("(")[0].strip()
        cells = [task.id, _size(task.samples), _needs(task), where]
        cells += [task.licence, ", ".join(task.formats)] if is_wide else []
        table.add_row(*map(Text, cells), style=None if task.is_here else "dim")
    console.print(fitting(console, table))
    console.print()
    console.print(Text.assemble(("Known, but no task here: ", "bold"), ", ".join(each.id for each in others)))
    console.print(
        Text("steelyard tasks NAME says more of one: formats, licence, source, chance score, metric.", style="dim")
    )


def _needs(task: TaskOverview) -> str:
    """In a few words: each format that writes text can be asked of any model."""
    if any(need.strip("()").startswith(("world", "few frames")) for need in task.needs):
        return "world model"
    either = sorted(need.strip("()") for need in task.needs if need.startswith("("))
    return ", ".join(filter(None, (" or ".join(reversed(either)), *(n for n in task.needs if not n.startswith("(")))))


def _size(samples: int | None) -> str:
    return "–" if samples is None else f"{samples:,}"


def _print_details(tasks: list[TaskOverview], others: list[Benchmark]) -> None:
    for task in tasks:
        click.echo(f"{task.id}: {task.title}")
        facts = {
            "samples": _size(task.samples),
            "formats": ", ".join(task.formats) + " (the first is the default)" * (len(task.formats) > 1),
            "needs": ", ".join(task.needs),
            "data": task.data,
            "metric": task.metric,
            "chance score": f"{task.chance:g}",
            "licence": task.licence,
            "source": task.source,
            "public": "yes: its samples may be in training data" if task.public else "no",
        }
        for name, value in facts.items():
            click.echo(f"  {name:<13} {value or 'not stated'}")
    for each in others:
        size = f"; {each.size:,} samples{f' per {each.per}' if each.per else ''}" if each.size else ""
        click.echo(f"{each.id}: {each.title}: known, but no task here{size}")
        if each.why_not:
            click.echo(f"  {each.why_not}")
        for name, value in (("metric", each.metric), ("licence", each.licence), ("hub", each.hub)):
            if value:
                click.echo(f"  {name:<13} {value}")
