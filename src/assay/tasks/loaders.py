"""Rows of data, from a mirror, the hub, a generator or a plain file. What is wrong in a file is said with its line."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from assay.errors import InputError, NotAvailable
from assay.plugins import find
from assay.tasks.definition import Generator

__all__ = ["DataMissing", "Row", "generated_rows", "hub_rows", "read_rows"]

Row = dict[str, Any]

LONGEST_LINE = 16_000_000


class DataMissing(NotAvailable):
    """A benchmark's rows are neither in the mirror nor to be had from the hub; the message says how to get them."""


def hub_rows(path: str, config: str, split: str, data: Path | None) -> list[Row]:
    """Rows of one split: from the mirror ``data`` where one is named, else from the hub (extra ``data``).

    Who names a mirror is not taken to the network for what it lacks. Raises DataMissing with the mend.
    """
    if data is None:
        return _from_hub(path, config, split)
    mirrored = data / path / config / f"{split}.jsonl"
    if not mirrored.is_file():
        raise DataMissing(
            f"no data: the mirror has no {mirrored.relative_to(data)}; add it, or leave --data and ASSAY_DATA away to "
            "ask the hub"
        )
    return read_rows(mirrored)


def _from_hub(path: str, config: str, split: str) -> list[Row]:
    wanted = f"{path}/{config}/{split}"
    try:
        import datasets
    except ImportError:
        raise DataMissing(
            f"no data for {wanted}: give a mirror with --data DIR, or pip install 'assay[data]' for the hub"
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


def read_rows(path: Path) -> list[Row]:
    """Read a JSONL, CSV or Parquet file; raises InputError with the line of the first thing that is wrong."""
    readers: dict[str, Callable[[Path], list[Row]]] = {
        ".jsonl": _read_jsonl,
        ".ndjson": _read_jsonl,
        ".csv": _read_csv,
        ".parquet": _read_parquet,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"unknown kind of file; known are {', '.join(readers)}", where=path)
    if not path.is_file():
        raise InputError("there is no such file", where=path)
    rows = reader(path)
    if not rows:
        raise InputError("holds no rows", where=path)
    return rows


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines with their numbers from 1, as bytes."""
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(LONGEST_LINE + 1):
                number += 1
                if len(line) > LONGEST_LINE:
                    raise InputError(f"line is longer than {LONGEST_LINE:,} bytes", where=path, line=number)
                if number == 1:
                    line = line.removeprefix(b"\xef\xbb\xbf")
                yield number, line
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=path) from None


def _read_jsonl(path: Path) -> list[Row]:
    rows = []
    for number, line in _lines(path):
        if not line.strip():
            continue
        try:
            row = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"is not JSON: {reason}", where=path, line=number) from None
        if not isinstance(row, dict):
            raise InputError(f"expected a JSON object, found {type(row).__name__}", where=path, line=number)
        if b"\\u0000" in line and _holds_nul(row):
            raise InputError("text holds a NUL character", where=path, line=number)
        rows.append(row)
    return rows


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_holds_nul(key) or _holds_nul(part) for key, part in value.items())
    return isinstance(value, list) and any(_holds_nul(part) for part in value)


def _read_csv(path: Path) -> list[Row]:
    text = _csv_text(path)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Row] = []
    try:
        header = [name.strip() for name in next(reader, [])]
        if len(set(header)) < len(header) or not all(header):
            raise InputError("the header must name every column once", where=path, line=1)
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(header):
                message = f"{len(cells)} columns where the header has {len(header)}"
                raise InputError(message, where=path, line=reader.line_num)
            rows.append(dict(zip(header, cells, strict=True)))
    except csv.Error as error:
        raise InputError(f"is not CSV: {error}", where=path, line=reader.line_num) from None
    return rows


def _csv_text(path: Path) -> str:
    lines = []
    for number, line in _lines(path):
        if b"\0" in line:
            raise InputError("text holds a NUL character", where=path, line=number)
        try:
            lines.append(line.decode())
        except UnicodeDecodeError:
            raise InputError("is not UTF-8 text", where=path, line=number) from None
    return "".join(lines)


def _read_parquet(path: Path) -> list[Row]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise NotAvailable("Parquet needs pyarrow: pip install 'assay[data]'", where=path) from None
    try:
        rows: list[Row] = pyarrow.parquet.read_table(path).to_pylist()
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise InputError(f"is not Parquet: {str(error).splitlines()[0]}", where=path) from None
    return rows
