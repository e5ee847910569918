"""Rows of data, from a mirror, the hub, a generator or a plain file. What is wrong in a file is said with its line."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from steelyard.errors import InputError, MissingDependency
from steelyard.plugins import find
from steelyard.tasks.definition import Generator
from steelyard.tasks.file_rows import CsvRows, FileRows, JsonlRows, Look, ParquetRows, Row

__all__ = ["DataMissing", "Row", "generated_rows", "hub_rows", "read_rows"]


class DataMissing(MissingDependency):
    """A benchmark's rows are neither in the mirror nor to be had from the hub; the message says how to get them."""


def hub_rows(path: str, config: str, split: str, data: Path | None) -> Sequence[Row]:
    """Rows of one split: from the mirror ``data`` where one is named, else from the hub (extra ``data``).

    Who names a mirror is not taken to the network for what it lacks. Raises DataMissing with the mend.
    """
    if data is None:
        return _from_hub(path, config, split)
    mirrored = data / path / config / f"{split}.jsonl"
    if not mirrored.is_file():
        raise DataMissing(
            f"no data: the mirror has no {mirrored.relative_to(data)}; add it, or "
            "leave --data and STEELYARD_DATA away to ask the hub"
        )
    return read_rows(mirrored)


def _from_hub(path: str, config: str, split: str) -> list[Row]:
    wanted = f"{path}/{config}/{split}"
    try:
        import datasets
    except ImportError:
        raise DataMissing(
            f"no data for {wanted}: give a mirror with --data DIR, or pip install 'steelyard[data]' for the hub"
        ) from None
    # Its client logs each of its retries; what came of them is said once, below.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    try:
        datasets.disable_progress_bars()
        return [dict(row) for row in datasets.load_dataset(path, config, split=split)]
    except Exception as error:  # the client raises dozens of kinds; each of them means: no rows from there
        reason = (str(error).splitlines() or [""])[0][:160]
        raise DataMissing(
            f"the hub gave no data for {wanted} ({type(error).__name__}: {reason}): give a mirror with --data DIR"
        ) from None


def generated_rows(generator: Generator, seed: str, count: int, where: Path) -> list[Row]:
    """Rows of a seeded generator; raises InputError where it does not know an option of the task's file."""
    generate = find("generator", generator.name)
    try:
        return [dict(row) for row in generate(seed, count, **generator.options)]
    except TypeError as error:
        raise InputError(f"generator {generator.name!r}: {error}", where=where) from None


def read_rows(path: Path, look: Look = lambda _: None) -> Sequence[Row]:
    """Open a JSONL, CSV or Parquet file; raises InputError with the line of the first thing that is wrong.

    ``look`` is shown every row on the way; afterwards each is read again when it is asked for.
    """
    readers: dict[str, Callable[[Path, Look], FileRows]] = {
        ".jsonl": JsonlRows,
        ".ndjson": JsonlRows,
        ".csv": CsvRows,
        ".parquet": ParquetRows,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"unknown kind of file; known are {', '.join(readers)}", where=path)
    if not path.is_file():
        raise InputError("there is no such file", where=path)
    rows = reader(path, look)
    if not rows:
        raise InputError("holds no rows", where=path)
    return rows
