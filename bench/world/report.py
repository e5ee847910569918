"""``python -m bench.world.report FILE``: tables and sentences from the results alone; nothing is trained or tested."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from assay.errors import AssayError
from assay.reports.world.efficiency_chart import EfficiencyCurves, points_of
from assay.reports.world.page import Page, render
from assay.run_folder import write_file
from assay.stats.pigeonhole import Interval, pigeonhole_interval
from assay.worldtests.efficiency import average, compare, curve, data_needed, sentence
from bench.world.record import Record, Run, read, unpacked
from bench.world.settings import LEARNS_NOTHING

__all__ = ["main", "page_of", "sentences", "show", "tables_of"]

_TITLES = {
    "data": "by data, at equal CPU-seconds",
    "frames": "by data, at equal frames shown",
    "compute": "by compute, on the largest pool",
}
_UNITS = {"data": "frames in the pool", "frames": "frames in the pool", "compute": "CPU-seconds"}
_GOALS = (0.5, 0.8)

Tables = dict[float, NDArray[np.float64]]


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--html", type=click.Path(path_type=Path), help="Also write a page with the curves to this file.")
def main(file: Path, html: Path | None) -> None:
    """Print the tables and sentences of FILE, a file of results of bench.world."""
    try:
        record = read(file)
        show(record, Console(width=120))
        if html is not None:
            write_file(html, page_of(record).encode())
    except AssayError as error:
        Console(stderr=True).print(f"{error}", style="red", highlight=False)
        sys.exit(error.exit_code)


def show(record: Record, out: Console) -> None:
    """Print everything that a record tells."""
    out.print(f"{record.command}\n{record.started}, {record.machine}", highlight=False, soft_wrap=True)
    out.print(_tuning(record))
    for task in record.settings.tasks:
        for arm in record.settings.arms:
            curves = tables_of(record, task, arm)
            if curves:
                out.print(_table(record, task, arm, curves))
                for words in sentences(record, task, arm):
                    out.print(f"- {words}", highlight=False, soft_wrap=True)


def page_of(record: Record) -> str:
    """A page of all curves with the sentences below them; it asks nothing of any network."""
    charts = [
        EfficiencyCurves(
            title=f"{task}: {record.measures[task]}",
            amount_name=_UNITS[arm],
            score_name=record.measures[task],
            points=points_of([curve(method, tables) for method, tables in curves.items()]),
            floor=_level(record, task, "floor"),
            ceiling=_level(record, task, "ceiling"),
            conclusion=" ".join(sentences(record, task, arm)),
        )
        for task in record.settings.tasks
        for arm in record.settings.arms
        if (curves := tables_of(record, task, arm))
    ]
    facts = (("measured", record.started), ("machine", record.machine))
    return render(Page(title="Sample efficiency of world models", curves=charts, facts=facts, command=record.command))


def _level(record: Record, task: str, which: str) -> float | None:
    """The best floor or the ceiling of planning, chance of physics, without intervals."""
    if task == "physics":
        return 0.5 if which == "floor" else None
    known = {name: float(unpacked(values).mean()) for name, values in record.controls.get(task, {}).items()}
    if which == "ceiling":
        return known.get("true dynamics")
    return max((value for name, value in known.items() if name != "true dynamics"), default=None)


def tables_of(record: Record, task: str, arm: str) -> dict[str, Tables]:
    """Method → size → scores (training seeds, units), of methods that learn. Sizes that lack a seed are left out.

    The curve by compute ends with the largest pool's trainings of the whole budget, which are in the arm "data".
    """
    grouped: dict[str, dict[float, list[Run]]] = {}
    largest = max(record.settings.sizes)
    for run in record.runs:
        cell = run.cell
        if cell.task != task or cell.method in LEARNS_NOTHING:
            continue
        if arm == "compute" and cell.arm in ("compute", "data") and cell.pool == largest:
            grouped.setdefault(cell.method, {}).setdefault(cell.cpu_seconds or 0.0, []).append(run)
        elif arm != "compute" and cell.arm == arm:
            size = float(cell.pool * record.lengths[task])
            grouped.setdefault(cell.method, {}).setdefault(size, []).append(run)
    whole = {
        method: {size: _stacked(runs) for size, runs in sizes.items() if len(runs) == record.settings.seeds}
        for method, sizes in grouped.items()
    }
    return {method: tables for method, tables in whole.items() if tables}


def sentences(record: Record, task: str, arm: str) -> Iterator[str]:
    """One sentence for each pair of methods, the first against the others first."""
    curves = tables_of(record, task, arm)
    for first, second in combinations(curves, 2):
        if curves[first].keys() & curves[second].keys():
            found = compare((first, curves[first]), (second, curves[second]))
            yield sentence(
                found,
                record.measures[task],
                _UNITS[arm],
                seeds=record.settings.seeds,
                units=len(record.units[task]),
            )


def _table(record: Record, task: str, arm: str, curves: dict[str, Tables]) -> Table:
    sizes = sorted({size for tables in curves.values() for size in tables})
    table = Table(title=f"{task} {_TITLES[arm]}: {record.measures[task]}, mean [95 % interval]")
    table.add_column("method")
    for size in sizes:
        table.add_column(f"{size:,.0f} {'CPU-s' if arm == 'compute' else 'frames'}", justify="right")
    for heading in ("average", *(f"{_UNITS[arm]} for {goal}" for goal in _GOALS)):
        table.add_column(heading, justify="right")
    for method, tables in curves.items():
        scores = dict(zip(*curve(method, tables)[1:], strict=True))
        cells = [_shown(scores[size]) if size in scores else "–" for size in sizes]
        needed = [data_needed(tables, goal) for goal in _GOALS]
        ends = [
            f"{_number(each.size)} [{_number(each.low)}, {_number(each.high)}]" if each.reached else "not reached"
            for each in needed
        ]
        table.add_row(method, *cells, _shown(average(tables)), *ends)
    for name, interval in _controls(record, task):
        table.add_row(name, _shown(interval), *[""] * (len(sizes) + len(_GOALS)))
    return table


def _controls(record: Record, task: str) -> Iterator[tuple[str, Interval]]:
    for method in LEARNS_NOTHING:
        runs = [run for run in record.runs if run.cell.task == task and run.cell.method == method]
        if runs:
            yield f"{method} (no data)", _mean(_stacked(runs))
    for name, values in record.controls.get(task, {}).items():
        yield f"{name} (no model)", _mean(unpacked(values)[None])


def _tuning(record: Record) -> Table:
    table = Table(title="Tuning trials: one training each, on validation units")
    for heading in ("task", "method", "learning rate", "score", "last loss", "chosen", "parameters"):
        table.add_column(heading, justify="left" if heading in ("task", "method") else "right")
    for run in sorted((run for run in record.runs if run.cell.arm == "tuning"), key=lambda run: run.cell.key):
        cell = run.cell
        chosen = record.chosen.get(f"{cell.task} {cell.method}") == cell.learning_rate
        rate, loss = f"{cell.learning_rate:g}", f"{run.losses.get('total', float('nan')):.4g}"
        table.add_row(
            cell.task, cell.method, rate, f"{run.score:.3f}", loss, "yes" if chosen else "", f"{run.parameters:,}"
        )
    return table


def _stacked(runs: list[Run]) -> NDArray[np.float64]:
    return np.stack([unpacked(run.values) for run in sorted(runs, key=lambda run: run.cell.seed)])


def _mean(values: NDArray[np.float64]) -> Interval:
    return pigeonhole_interval(values, rng=np.random.default_rng(0))


def _shown(interval: Interval) -> str:
    return f"{interval.estimate:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def _number(size: float | None) -> str:
    return "∞" if size is None else f"{size:,.0f}"


if __name__ == "__main__":
    main()
