"""Do all trainings of a measurement, one worker process a core, and keep the record up to date after each."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path

import msgspec

from bench.world.record import Record, Run, write
from bench.world.settings import LEARNS_NOTHING, Cell, trials
from bench.world.settings import cells as all_cells
from bench.world.work import work

__all__ = ["choose", "measure"]

_TRIED = "tuning"
Tell = Callable[[Run, int, int], None]
"""Called after each training with the run, the number of runs done, and the number of all."""


def measure(record: Record, out: Path, workers: int, tell: Tell) -> Record:
    """Do what is missing of a record: the tuning trials, then all other trainings. The file is whole at any time."""
    os.environ["OMP_NUM_THREADS"] = "1"  # for the workers, which are spawned: threads would count as more CPU-seconds
    tuning, rest = list(trials(record.settings)), list(all_cells(record.settings))
    count = len(tuning) + len(rest)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent) as pool:
        record = _do(record, tuning, {}, pool, out, workers, lambda run, done: tell(run, done, count))
        record = msgspec.structs.replace(record, chosen=choose(record.runs))
        record = _do(record, rest, record.chosen, pool, out, workers, lambda run, done: tell(run, done, count))
    write(out, record)
    return record


def choose(runs: Iterable[Run]) -> dict[str, float]:
    """Task and method → the learning rate of the best trial: by score, then, as at chance level, by its last loss."""
    best: dict[str, tuple[float, float, float]] = {}
    for run in runs:
        if run.cell.arm != _TRIED:
            continue
        assert run.cell.learning_rate is not None
        name = _name(run.cell)
        trial = (-run.score, run.losses["total"], run.cell.learning_rate)
        best[name] = min(best.get(name, trial), trial)
    return {name: trial[2] for name, trial in sorted(best.items())}


def _end_with_parent() -> None:
    """End this worker when the measurement ends, even if that is killed."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait_for_it() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait_for_it, daemon=True).start()


def _do(
    record: Record,
    wanted: list[Cell],
    chosen: dict[str, float],
    pool: ProcessPoolExecutor,
    out: Path,
    workers: int,
    tell: Callable[[Run, int], None],
) -> Record:
    done = {run.cell.key for run in record.runs}
    waiting = [cell for cell in wanted if cell.key not in done]
    running: set[Future[Run]] = set()
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                cell = waiting.pop(0)
                running.add(pool.submit(work, cell, record.settings, _rate(cell, chosen)))
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                run = future.result()
                record = msgspec.structs.replace(record, runs=(*record.runs, run))
                write(out, record)
                tell(run, len(record.runs))
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    return record


def _rate(cell: Cell, chosen: dict[str, float]) -> float:
    if cell.learning_rate is not None:
        return cell.learning_rate
    return 0.0 if cell.method in LEARNS_NOTHING else chosen[_name(cell)]


def _name(cell: Cell) -> str:
    return f"{cell.task} {cell.method}"
