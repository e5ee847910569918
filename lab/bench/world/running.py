"""Do all trainings of a measurement, one worker process a core, and keep the record up to date after each."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path

import msgspec

from bench.world.record import Record, Run, write
from bench.world.settings import LEARNS_NOTHING, SIMPLEST, Cell, cells
from bench.world.tuning import choose, trials
from bench.world.work import work

__all__ = ["cost", "measure", "planned"]

Tell = Callable[[Run, int, int, float], None]
"""Called after each training: the run, the number of runs done, that of all as far as is known, seconds left."""


def measure(record: Record, out: Path, workers: int, tell: Tell) -> Record:
    """Do what is missing of a record: the tuning trials, then all other trainings. The file is whole at any time."""
    os.environ["OMP_NUM_THREADS"] = "1"  # for the workers, which are spawned: threads would count as more CPU-seconds
    clock = _Clock(record, workers, tell)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent) as pool:
        while wanted := _missing(record, trials(record.settings, record.runs)):
            record = _do(record, wanted, {}, pool, out, workers, clock.tell)
        record = msgspec.structs.replace(record, chosen=choose(record.runs))
        write(out, record)
        record = _do(record, _missing(record, cells(record.settings)), record.chosen, pool, out, workers, clock.tell)
    write(out, record)
    return record


def planned(record: Record) -> list[Cell]:
    """All trainings, done or not, as far as is known: the grid of learning rates may still grow."""
    return [*trials(record.settings, record.runs), *cells(record.settings)]


def cost(cell: Cell, record: Record) -> float:
    """CPU-seconds of a training and its test: budgets are exact, the rest is from earlier measurements."""
    settings = record.settings
    test = settings.episodes * settings.samples * settings.iterations / 500 if cell.task == "planning" else 2.0
    return (cell.cpu_seconds or (cell.frames or 0) / 3500) + test


class _Clock:
    """How long the rest takes, from how fast this machine was so far beside what was expected."""

    def __init__(self, record: Record, workers: int, tell: Tell) -> None:
        self._workers, self._tell = workers, tell
        self._before, self._done = time.monotonic(), 0.0
        self._known = {run.cell.key for run in record.runs}

    def tell(self, record: Record, run: Run) -> None:
        if run.cell.key not in self._known:
            self._done += cost(run.cell, record)
        rest = planned(record)
        left = sum(cost(cell, record) for cell in _missing(record, rest))
        slower = (time.monotonic() - self._before) * self._workers / max(self._done, 1e-9)
        self._tell(run, len(record.runs), len(rest), left / self._workers * slower)


def _missing(record: Record, wanted: Iterable[Cell]) -> list[Cell]:
    done = {run.cell.key for run in record.runs}
    return [cell for cell in wanted if cell.key not in done]


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
    tell: Callable[[Record, Run], None],
) -> Record:
    waiting = list(wanted)
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
                tell(record, run)
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    return record


def _rate(cell: Cell, chosen: dict[str, float]) -> float:
    if cell.learning_rate is not None:
        return cell.learning_rate
    return 0.0 if cell.method in (*LEARNS_NOTHING, *SIMPLEST) else chosen[f"{cell.task} {cell.method}"]
