"""``python -m bench.world.report FILE``: tables and sentences from the results alone; nothing is trained or tested."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from bench.engine.markdown import table, write_section
from bench.world.record import Record, Run, joined, read, unpacked
from bench.world.settings import LEARNS_NOTHING, SIMPLEST
from steelyard.errors import SteelyardError
from steelyard.util.atomic_file import write_file
from steelyard_world.evaluation.claimed import decide, factor_sentence, family, sentence
from steelyard_world.evaluation.efficiency import (
    CurveComparison,
    Needed,
    average,
    average_difference,
    compare_curves,
    curve,
    data_needed,
    times_needed,
)
from steelyard_world.evaluation.result import mean_interval
from steelyard_world.report.efficiency_chart import EfficiencyCurves, points_of
from steelyard_world.report.page import Page, render_page
from steelyard_world.stats.crossed import Estimate, Interval, crossed_difference

__all__ = ["Measured", "document_of", "main", "measured", "page_of", "sentences", "show", "tables_of"]

_TITLES = {
    "data": "by data, at equal CPU-seconds",
    "frames": "by data, at equal frames shown",
    "compute": "by compute, on the largest pool",
}
_UNITS = {"data": "frames in the pool", "frames": "frames in the pool", "compute": "CPU-seconds"}
_GOALS = {"planning": (0.5, 0.8), "physics": (0.65, 0.8)}
"""Scores to be reached: of planning from above the best floor on, of physics from above chance (.5) on."""

Tables = dict[float, NDArray[np.float64]]


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--markdown", type=click.Path(path_type=Path), help="Also put the tables and sentences into this document."
)
@click.option("--html", type=click.Path(path_type=Path), help="Also write a page with the curves to this file.")
def main(files: tuple[Path, ...], markdown: Path | None, html: Path | None) -> None:
    """Print the tables and sentences of FILES, results of bench.world; those of different tasks are taken together."""
    try:
        record = joined([read(file) for file in files])
        show(record, Console(width=120))
        if markdown is not None:
            write_section(markdown, "bench.world", document_of(record))
        if html is not None:
            write_file(html, page_of(record).encode())
    except OSError as error:
        message = f"{error.filename}: cannot be written ({error.strerror}): give a file in a folder that exists"
        Console(stderr=True).print(message, style="red", highlight=False)
        sys.exit(2)
    except SteelyardError as error:
        Console(stderr=True).print(f"{error}", style="red", highlight=False)
        sys.exit(error.exit_code)


class Measured(NamedTuple):
    """What was measured on one task in one arm: method → size → scores (training seeds, units)."""

    task: str
    arm: str
    curves: dict[str, Tables]


def show(record: Record, out: Console) -> None:
    """Print everything that a record holds."""
    out.print(f"{record.command}\n{record.started}, {record.machine}", highlight=False, soft_wrap=True)
    out.print(_table(_tuning(record)))
    for each in measured(record):
        out.print(_table(_lines(record, each)))
    for words in sentences(record):
        out.print(f"- {words}", highlight=False, soft_wrap=True)


def document_of(record: Record) -> str:
    """Everything that a record holds, as Markdown."""
    parts = [f"`{record.command}`, {record.started}, {record.machine}; {_spent(record)}:\n"]
    for lines in (*(_lines(record, each) for each in measured(record)), _tuning(record)):
        parts.append(table(lines.title, lines.headings, lines.rows, 1))
    parts += [f"- {words}" for words in sentences(record)]
    return "\n".join(parts)


def measured(record: Record) -> Iterator[Measured]:
    """Everything that a record has curves of, in the order of its settings."""
    for task in record.settings.tasks:
        for arm in record.settings.arms:
            if curves := tables_of(record, task, arm):
                yield Measured(task, arm, curves)


def _spent(record: Record) -> str:
    cpu = sum(run.train_cpu_seconds + run.test_cpu_seconds for run in record.runs) / 60
    failed = sum(bool(run.failed) and run.cell.arm != "tuning" for run in record.runs)
    return f"{len(record.runs)} trainings, {cpu:.0f} CPU-minutes" + (f", {failed} diverged: 0" if failed else "")


def page_of(record: Record) -> str:
    """A page of all curves, each with how far the first method is from the others; it asks nothing of any network."""
    charts = [
        EfficiencyCurves(
            title=f"{each.task} {_TITLES[each.arm]}",
            amount_name=_UNITS[each.arm],
            score_name=record.measures[each.task],
            points=points_of([curve(method, tables) for method, tables in each.curves.items()]),
            floor=_level(record, each.task, "floor"),
            ceiling=_level(record, each.task, "ceiling"),
            conclusion=_gaps(each.curves),
        )
        for each in measured(record)
    ]
    facts = (("measured", record.started), ("machine", record.machine))
    return render_page(
        Page(title="Sample efficiency of world models", curves=charts, facts=facts, command=record.command)
    )


def _gaps(curves: dict[str, Tables]) -> str:
    """Our JEPA's average over sizes less each other's (else the first one's): what the bands alone do not show."""
    first = "jepa" if "jepa" in curves else next(iter(curves))
    others = [each for each in curves if each != first]
    gaps = [
        f"{first} − {other}: {_shown(average_difference(curves[first], curves[other]))}"
        for other in others
        if curves[first].keys() & curves[other].keys()
    ]
    return f"Average over sizes, paired, 95 %: {'; '.join(gaps)}." if gaps else ""


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
        if cell.task != task or cell.method in LEARNS_NOTHING or (arm == "compute" and cell.method in SIMPLEST):
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


def sentences(record: Record) -> Iterator[str]:
    """What the whole record shows: first how many differences are left of all, then a sentence for each pair.

    Pairs of one task and arm come together, then factors of what the first method needs.
    """
    all_measured = list(measured(record))
    compared = [list(_compared(each)) for each in all_measured]
    found = [comparison for of_task in compared for comparison in of_task]
    decided = decide(found)
    yield from filter(None, [family(found, decided)])
    left = iter(decided)
    for each, of_task in zip(all_measured, compared, strict=True):
        pairs = [(comparison, next(left)) for comparison in of_task]
        where = f"{record.measures[each.task]} ({each.task} {_TITLES[each.arm]})"
        yield from (sentence(comparison, stays, where, _UNITS[each.arm]) for comparison, stays in pairs)
        goal = _GOALS[each.task][-1]
        for comparison, stays in pairs:
            ours, theirs = each.curves[comparison.first], each.curves[comparison.second]
            times = times_needed(ours, theirs, goal) if comparison.first == next(iter(each.curves)) else None
            if times is not None:
                yield factor_sentence(times, comparison, stays, goal, _UNITS[each.arm])


def _compared(each: Measured) -> Iterator[CurveComparison]:
    for first, second in combinations(each.curves, 2):
        if each.curves[first].keys() & each.curves[second].keys():
            yield compare_curves((first, each.curves[first]), (second, each.curves[second]))


class _Lines(NamedTuple):
    """A table as words, for the terminal and for a document."""

    title: str
    headings: tuple[str, ...]
    rows: list[tuple[str, ...]]


def _table(lines: _Lines) -> Table:
    drawn = Table(title=lines.title)
    for number, heading in enumerate(lines.headings):
        drawn.add_column(heading, justify="right" if number else "left")
    for row in lines.rows:
        drawn.add_row(*row)
    return drawn


def _lines(record: Record, each: Measured) -> _Lines:
    task, arm, curves = each
    sizes = sorted({size for tables in curves.values() for size in tables})
    unit = "CPU-s" if arm == "compute" else "frames"
    goals = tuple(f"{_UNITS[arm]} for {goal}" for goal in _GOALS[task])
    simplest = _simplest(record, task)
    over = (f"at the largest, less {simplest[0]}",) if simplest else ()
    rows: list[tuple[str, ...]] = []
    for method, tables in curves.items():
        scores = dict(zip(*curve(method, tables)[1:], strict=True))
        cells = [_shown(scores[size]) if size in scores else "–" for size in sizes]
        ends = [_needed(data_needed(tables, goal), min(tables)) for goal in _GOALS[task]]
        gain = [_shown(crossed_difference(tables[max(tables)], simplest[1]))] if simplest else []
        rows.append((method, *cells, _shown(average(tables)), *gain, *ends, *_given(record, task, arm, method)))
    for name, interval in _controls(record, task):
        rows.append((name, _shown(interval), *[""] * (len(sizes) + len(over) + len(goals) + (arm != "compute"))))
    given = () if arm == "compute" else ("frames shown, CPU-s",)
    return _Lines(
        f"{task} {_TITLES[arm]}: {record.measures[task]}, mean [95 % interval]",
        ("method", *(f"{size:,.0f} {unit}" for size in sizes), "average", *over, *goals, *given),
        rows,
    )


def _simplest(record: Record, task: str) -> tuple[str, NDArray[np.float64]] | None:
    """The best of the simplest rivals at the largest pool: its name and scores (training seeds, units)."""
    largest = max(record.settings.sizes)
    found = {
        method: _stacked(runs)
        for method in SIMPLEST
        if (runs := [run for run in record.runs if _is(run, task, method) and run.cell.pool == largest])
    }
    return max(found.items(), key=lambda one: float(one[1].mean())) if found else None


def _is(run: Run, task: str, method: str) -> bool:
    return run.cell.task == task and run.cell.method == method


def _given(record: Record, task: str, arm: str, method: str) -> list[str]:
    """What each training of an arm was given, on average: frames with repeats, and CPU-seconds. By compute, budgets
    differ, and so there is no such cell.
    """
    if arm == "compute":
        return []
    runs = [run for run in record.runs if (run.cell.task, run.cell.arm, run.cell.method) == (task, arm, method)]
    frames = sum(run.frames for run in runs) / len(runs)
    return [f"{frames / 1000:,.0f}k, {sum(run.train_cpu_seconds for run in runs) / len(runs):.0f}"]


def _controls(record: Record, task: str) -> Iterator[tuple[str, Interval]]:
    for method in ("frame-buffer", *LEARNS_NOTHING):
        runs = [run for run in record.runs if _is(run, task, method)]
        if runs:
            note = "no data" if method in LEARNS_NOTHING else "no prediction"
            yield f"{method} ({note})", mean_interval(_stacked(runs))
    for name, values in record.controls.get(task, {}).items():
        yield f"{name} (no model)", mean_interval(unpacked(values)[None])


def _tuning(record: Record) -> _Lines:
    rows: list[tuple[str, ...]] = []
    for run in sorted((run for run in record.runs if run.cell.arm == "tuning"), key=lambda run: run.cell.key):
        cell = run.cell
        chosen = record.chosen.get(f"{cell.task} {cell.method}") == cell.learning_rate
        tried = [other.cell.learning_rate for other in record.runs if _is(other, cell.task, cell.method)]
        rates = sorted(rate for rate in tried if rate is not None)
        mark = "" if not chosen else "yes, at the edge" if cell.learning_rate in (rates[0], rates[-1]) else "yes"
        rate, loss = f"{cell.learning_rate:g}", "diverged" if run.failed else f"{run.losses['total']:.4g}"
        name = f"{cell.task}, {cell.method}"
        rows.append((name, rate, f"{run.score:.3f}", loss, mark, f"{run.parameters:,}"))
    headings = ("trial", "learning rate", "score", "last loss", "chosen", "parameters")
    return _Lines("Tuning trials: one training each, on validation units", headings, rows)


def _stacked(runs: list[Run]) -> NDArray[np.float64]:
    return np.stack([unpacked(run.values) for run in sorted(runs, key=lambda run: run.cell.seed)])


def _shown(interval: Interval | Estimate) -> str:
    return f"{interval.estimate:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def _needed(found: Needed, smallest: float) -> str:
    """Where a curve has the score at its smallest size already, it may have had it before: at most so much."""

    def text(size: float) -> str:
        if math.isinf(size):
            return "∞"
        return f"≤ {smallest:,.0f}" if math.isclose(size, smallest) else f"{size:,.0f}"

    if math.isinf(found.low):
        return "not reached"
    return f"{text(found.size)} [{text(found.low)}, {text(found.high)}]"


if __name__ == "__main__":
    main()
