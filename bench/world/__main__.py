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
from bench.world.running import measure
from bench.world.settings import ARMS, CATEGORIES, LEARNS_NOTHING, METHODS, TASKS, Settings, cells, short, trials
from steelyard.errors import InputError, SteelyardError

_OUT = Path("runs/world-bench.json")  # committed results are in bench/world/results
_RATES = (
    1.5e-3,
    3e-3,
    7e-4,
    3.5e-4,
    6e-3,
)  # the first N of these are tried; the first is what `steelyard world train` takes


def _listed(known: tuple[str, ...]) -> Any:
    return lambda _context, _parameter, value: tuple(value.split(",")) if value else known


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=_OUT, show_default=True, help="The file of results.")
@click.option("--short", "quick", is_flag=True, help="Shorter trainings: some 45 minutes on two idle cores, not 105.")
@click.option("--tasks", callback=_listed(TASKS), help=f"Some of {','.join(TASKS)}.")
@click.option("--methods", callback=_listed(METHODS), help=f"Some of {','.join(METHODS)}.")
@click.option("--arms", callback=_listed(ARMS), help=f"Some of {','.join(ARMS)}: the curves to measure.")
@click.option("--categories", callback=_listed(CATEGORIES), help="Of the physics test, which must be admitted ones.")
@click.option("--sizes", help="Episodes in the pool, as 30,100,300,1000.")
@click.option("--seeds", type=click.IntRange(1), help="Trainings of each kind at each size (3).")
@click.option("--budget-cpu-seconds", type=click.FloatRange(0, min_open=True), help="Of each training, on every task.")
@click.option("--tune", type=click.IntRange(1, len(_RATES)), help="Learning rates tried, the same for every method.")
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
        err.print(_estimate(settings, workers), highlight=False)
        record = measure(record, out, workers, lambda run, done, count: err.print(_line(run, done, count)))
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
    if changed["tune"]:
        given["learning_rates"] = _RATES[: changed["tune"]]
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

    learning = [method for method in settings.methods if method not in LEARNS_NOTHING]
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
            for method in learning
        },
        controls={task: work.controls(task, settings) for task in settings.tasks},
    )
    write(out, record)
    return record


def _estimate(settings: Settings, workers: int) -> str:
    """Estimate the cost: trainings from their budgets, tests and equal-frames trainings from earlier measurements."""
    wanted = [*trials(settings), *cells(settings)]
    test = {"planning": settings.episodes * settings.samples * settings.iterations / 500, "physics": 2.0}
    seconds = sum((cell.cpu_seconds or (cell.frames or 0) / 2500) + test[cell.task] for cell in wanted)
    minutes = seconds / 60
    return f"{len(wanted)} trainings: about {minutes:.0f} CPU-minutes, {minutes / workers:.0f} on {workers} idle cores"


def _line(run: Run, done: int, count: int) -> str:
    cell = run.cell
    spent = f"{run.frames:,} frames, {run.train_cpu_seconds:.0f} + {run.test_cpu_seconds:.0f} CPU-s"
    return f"{done}/{count} {cell.key}: {run.score:.3f} ({spent})"


if __name__ == "__main__":
    main()
