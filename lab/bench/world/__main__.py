"""``python -m bench.world``: train all kinds of world model at several sizes, test them, and keep one JSON file."""

from __future__ import annotations

import os
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console

from bench.engine.__main__ import machine
from bench.world.record import Record, Run, read, write
from bench.world.report import show
from bench.world.running import cost, measure, planned
from bench.world.settings import ARMS, CATEGORIES, METHODS, TASKS, Settings, learning, short
from steelyard.errors import InputError, SteelyardError

_OUT = Path("runs/world-bench.json")  # committed results are in lab/bench/world/results


def _listed(known: tuple[str, ...]) -> Any:
    return lambda _context, _parameter, value: tuple(value.split(",")) if value else known


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=_OUT, show_default=True, help="The file of results.")
@click.option("--short", "quick", is_flag=True, help="Shorter trainings: about an hour on two idle cores, not three.")
@click.option("--tasks", callback=_listed(TASKS), help=f"Some of {','.join(TASKS)}.")
@click.option("--methods", callback=_listed(METHODS), help=f"Some of {','.join(METHODS)}.")
@click.option("--arms", callback=_listed(ARMS), help=f"Some of {','.join(ARMS)}: the curves to measure.")
@click.option("--categories", callback=_listed(CATEGORIES), help="Of the physics test, which must be admitted ones.")
@click.option("--sizes", help="Episodes in the pool, as 30,100,300,1000.")
@click.option("--seeds", type=click.IntRange(1), help="Trainings of each kind at each size (5).")
@click.option("--budget-cpu-seconds", type=click.FloatRange(0, min_open=True), help="Of each training, on every task.")
@click.option("--learning-rates", "rates", help="The grid to begin with, as 7.5e-4,1.5e-3,3e-3; a single one is taken.")
@click.option("--episodes", type=click.IntRange(2), help="Episodes of the planning test (64).")
@click.option("--quads", type=click.IntRange(2), help="Quads of each category of the physics test (32).")
@click.option("--workers", type=click.IntRange(1), default=os.cpu_count(), show_default=True, help="Processes.")
@click.option("--resume", is_flag=True, help="Continue the file of an earlier, equal command.")
def main(out: Path, quick: bool, workers: int, resume: bool, **changed: Any) -> None:
    """Measure sample efficiency: scores against data and compute, at equal size, budget and tuning."""
    err = Console(stderr=True)
    try:
        settings = _settings(short() if quick else Settings(), changed)
        record = _begun(out, settings, resume)
        err.print(_estimate(record, workers), highlight=False)
        record = measure(record, out, workers, lambda *told: err.print(_line(*told), highlight=False))
    except KeyboardInterrupt:
        err.print(f"stopped; what was measured is in {out}: continue with --resume")
        sys.exit(130)
    except SteelyardError as error:
        err.print(f"{error}", style="red", highlight=False)
        sys.exit(error.exit_code)
    show(record, Console(width=120))


def _settings(settings: Settings, changed: dict[str, Any]) -> Settings:
    given: dict[str, Any] = {name: changed[name] for name in ("tasks", "methods", "arms", "categories")}
    given |= {name: changed[name] for name in ("seeds", "episodes", "quads") if changed[name]}
    if changed["episodes"]:
        given["validation_units"] = min(settings.validation_units, changed["episodes"])
    if changed["sizes"]:
        try:
            given["sizes"] = tuple(int(size) for size in changed["sizes"].split(","))
        except ValueError:
            raise InputError(f"--sizes {changed['sizes']!r}: whole numbers with commas, as 30,100,300,1000") from None
        given["frames_sizes"] = (
            tuple(size for size in given["sizes"] if size in settings.frames_sizes) or given["sizes"]
        )
    if changed["budget_cpu_seconds"]:
        given["cpu_seconds"] = dict.fromkeys(TASKS, changed["budget_cpu_seconds"])
    if changed["rates"]:
        try:
            given["learning_rates"] = tuple(float(rate) for rate in changed["rates"].split(","))
        except ValueError:
            raise InputError(f"--learning-rates {changed['rates']!r}: numbers with commas, as 1.5e-3,3e-3") from None
    return msgspec.structs.replace(settings, **given)


def _begun(out: Path, settings: Settings, resume: bool) -> Record:
    if out.exists():
        if not resume:
            raise InputError("already exists: continue with --resume, or give another --out", where=out)
        record = read(out)
        if record.settings != settings:
            raise InputError("was measured with other settings: give the same options, or another --out", where=out)
        return record
    from bench.world import work

    record = Record(
        command=shlex.join(["python", "-m", "bench.world", *sys.argv[1:]]),
        started=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        machine=machine(),
        settings=settings,
        lengths={task: length for task, length in work.lengths().items() if task in settings.tasks},
        units={task: work.units(task, settings) for task in settings.tasks},
        measures={task: measure for task, measure in work.measures().items() if task in settings.tasks},
        planner=work.planner(settings).record(),
        configs={
            f"{task} {method}": msgspec.to_builtins(work.config_for(task, method))
            for task in settings.tasks
            for method in learning(settings)
        },
        controls={task: work.controls(task, settings) for task in settings.tasks},
    )
    write(out, record)
    return record


def _estimate(record: Record, workers: int) -> str:
    """What is left: trainings by their budgets, tests by earlier measurements; the grid of rates may still grow."""
    done = {run.cell.key for run in record.runs}
    wanted = planned(record)
    minutes = sum(cost(cell, record) for cell in wanted if cell.key not in done) / 60
    return (
        f"{len(wanted)} trainings, {len(done)} done: about {minutes:.0f} CPU-minutes left, {minutes / workers:.0f} on "
        f"{workers} idle cores, and more where the grid of learning rates grows"
    )


def _line(run: Run, done: int, count: int, left: float) -> str:
    cell = run.cell
    spent = f"{run.frames:,} frames, {run.train_cpu_seconds:.0f} + {run.test_cpu_seconds:.0f} CPU-s"
    score = "diverged" if run.failed else f"{run.score:.3f}"
    return f"{done}/{count} {cell.key}: {score} ({spent}); {left / 60:.0f} minutes left"


if __name__ == "__main__":
    main()
