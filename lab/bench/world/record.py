"""The results: one small JSON file, written anew after every training, from which all tables can be made again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from bench.world.settings import Cell, Settings
from steelyard.errors import InputError
from steelyard.util.atomic_file import write_file

__all__ = ["FORMAT", "Record", "Run", "joined", "packed", "read", "unpacked", "write"]

FORMAT = "steelyard-world-bench/1"
Part = TypeVar("Part")

_PARTS = 8  # a physics score is a mean of four comparisons, in which a tie counts half


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """The results of one training and its test."""

    cell: Cell
    learning_rate: float | None = None
    parameters: int
    steps: int
    frames: int
    """Frames shown, repeats counted; what the pool holds is ``pool`` × the length of an episode."""
    train_cpu_seconds: float
    test_cpu_seconds: float
    losses: dict[str, float] = {}
    failed: str = ""
    """Why the training ended before its budget, as with a loss that is not finite; its scores are then 0."""
    values: str
    """Scores of the test's units in eighths, a digit each, in the order of ``Record.units``."""

    @property
    def score(self) -> float:
        """The plain mean."""
        return float(unpacked(self.values).mean())


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """The file. ``controls`` are packed as runs are: floors and the ceiling of planning, chance of physics."""

    format: str = FORMAT
    command: str
    started: str
    machine: str
    settings: Settings
    lengths: dict[str, int]
    """Frames of an episode, by task."""
    units: dict[str, tuple[str, ...]]
    measures: dict[str, str]
    planner: dict[str, str | int | float | bool] = {}
    configs: dict[str, dict[str, object]] = {}
    """Task and method → the network's settings, as solved for equal size."""
    controls: dict[str, dict[str, str]] = {}
    chosen: dict[str, float] = {}
    """Task and method → the learning rate that its trials chose."""
    runs: tuple[Run, ...] = ()


def packed(scores: Sequence[float]) -> str:
    """Scores that are eighths → one digit each; raises ValueError for any other score."""
    parts = np.asarray(scores, dtype=np.float64) * _PARTS
    if not (np.abs(parts - parts.round()) < 1e-9).all() or parts.min() < 0 or parts.max() > _PARTS:
        raise ValueError("only scores in eighths from 0 to 1 can be packed")
    return "".join(str(int(part)) for part in parts.round())


def unpacked(values: str) -> NDArray[np.float64]:
    """The scores that :func:`packed` packed."""
    return np.array([int(digit) for digit in values], dtype=np.float64) / _PARTS


def write(path: Path, record: Record) -> None:
    """Write the whole file or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")


def read(path: Path) -> Record:
    """Read a file of results; raises InputError where it is missing or another file."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Record)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=path) from None
    except msgspec.DecodeError as error:
        raise InputError(f"is not a results file of bench.world: {error}", where=path) from None
    if found.format != FORMAT:
        raise InputError(f"has the format {found.format[:40]!r}; this version reads {FORMAT}", where=path)
    return found


def joined(records: Sequence[Record]) -> Record:
    """Files that measured different tasks with the same settings, as one file, so that Holm is over all of them.

    Nothing is compared across tasks, so that their machines may differ. Raises InputError for files of which two have a
    task, or whose settings differ.
    """
    first, *others = records
    tasks = [task for record in records for task in record.settings.tasks]
    if len(set(tasks)) < len(tasks):
        raise InputError("two files of results have the same task: give each task once")
    for other in others:
        if msgspec.structs.replace(other.settings, tasks=first.settings.tasks) != first.settings:
            raise InputError("files of results were measured with different settings, and are not one measurement")
    return msgspec.structs.replace(
        first,
        command="; ".join(dict.fromkeys(record.command for record in records)),
        started="; ".join(dict.fromkeys(record.started for record in records)),
        machine="; ".join(dict.fromkeys(record.machine for record in records)),
        settings=msgspec.structs.replace(first.settings, tasks=tuple(tasks)),
        lengths=_all(record.lengths for record in records),
        units=_all(record.units for record in records),
        measures=_all(record.measures for record in records),
        configs=_all(record.configs for record in records),
        controls=_all(record.controls for record in records),
        chosen=_all(record.chosen for record in records),
        runs=tuple(run for record in records for run in record.runs),
    )


def _all(parts: Iterable[dict[str, Part]]) -> dict[str, Part]:
    return {key: value for part in parts for key, value in part.items()}
