"""Rows of a data set that is files on the hub, read by their names, and those of a window of them.

The hub's client loads data sets by configurations, and no longer runs a data set's own script. A data set that has one
is read as what it is: JSONL files, from a mirror or as the client downloads them, one line at a time.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Final

from steelyard.errors import InputError
from steelyard.tasks.definition import Hub, TaskDefinition
from steelyard.tasks.file_of_suite import check_no_suite
from steelyard.tasks.file_rows import FileRows, JsonlRows, Row
from steelyard.tasks.hub_reach import using_hub
from steelyard.tasks.loaders import DataMissing, nothing_given
from steelyard.tasks.template import Expression
from steelyard.tasks.window import Window

__all__ = ["MAX_LINE", "ChosenRows", "HubFile", "hub_files", "rows_up_to"]

MAX_LINE: Final = 128 * 1024 * 1024  # bytes of a row: hidden tests make some tens of megabytes
_COMMIT: Final = re.compile(r"/snapshots/([0-9a-f]{40})/")


@dataclass(frozen=True)
class HubFile:
    """One file of a data set: ``label`` is part of the sample ids, ``held`` counts its rows, in the window or not.

    ``revision`` is the data set's commit on the hub; empty for a mirror. ``group`` is the subset that it is.
    """

    label: str
    rows: ChosenRows
    held: int
    revision: str = ""
    group: str = ""


class ChosenRows(FileRows):
    """Some rows of a file, which keep their numbers in it; each with its row of ``answers``, a file beside it."""

    def __init__(self, rows: JsonlRows, places: Sequence[int], answers: JsonlRows | None = None) -> None:
        self._rows, self._places, self._answers = rows, array("I", places), answers

    def __len__(self) -> int:
        return len(self._places)

    def _row(self, number: int) -> Row:
        place = self._places[number]
        row = self._rows[place]
        if self._answers is None:
            return row
        answer = self._answers[place]
        if "id" not in row or answer.get("id") != row["id"]:
            ids = f"{row.get('id')!r:.60} and {answer.get('id')!r:.60}"
            raise InputError(f"row {place} of the questions and of the answers differ in their id ({ids})")
        return row | {"answer": answer}

    def number_of(self, place: int) -> int:
        """The number of the row in its file, from 0."""
        return self._places[place]


def rows_up_to(definition: TaskDefinition, window: str) -> int:
    """The published rows of the files that a window's release has; of all of them without a window."""
    return sum(each.rows for each in definition.releases[: _count(definition, window)])


def hub_files(definition: TaskDefinition, where: Path, data: Path | None, window: str) -> list[HubFile]:
    """The rows of a task's ``hub.files`` that lie in a window (empty: all), from the mirror ``data`` or from the hub.

    ``where`` is the task's file, for errors. Raises DataMissing where a file is not there or is another one than the
    release's, and InputError for a row without a date.
    """
    return [_opened(definition, where, data, place, window) for place in _places(definition, window)]


def _places(definition: TaskDefinition, window: str) -> Sequence[int]:
    """Which of the hub's files are read: those up to a window's release, a subset's own, or all."""
    if definition.releases:
        return range(_count(definition, window))
    if definition.subsets:
        return [place for place, each in enumerate(definition.subsets) if window in ("", each.name)]
    return range(len(definition.hub.files) if definition.hub else 0)


def _count(definition: TaskDefinition, window: str) -> int:
    names = [each.name for each in definition.releases]
    return names.index(Window.read(window).release) + 1 if window else len(names)


def _opened(definition: TaskDefinition, where: Path, data: Path | None, place: int, window: str) -> HubFile:
    hub = definition.hub
    assert hub is not None, "the caller has a hub"
    name, published = hub.files[place], [each.rows for each in definition.releases or definition.subsets]
    path = _found(hub, name, data)
    rows, days = _rows_in(path, definition.fields.date, f"{where}: fields.date")
    if published and len(rows) > published[place]:
        # Which of them are the published ones is not known, and a claim is about these.
        seen = f"the file here has {len(rows):,} rows, and the published one {published[place]:,}"
        raise DataMissing(f"no data for {hub.path}/{name}: {seen}")
    answers = _answers(hub, place, data, len(rows)) if hub.answers else None
    asked = Window.read(window) if window and definition.releases else None
    places = [n for n in range(len(rows)) if asked is None or asked.holds(date.fromordinal(days[n]))]
    commit, subset = _COMMIT.search(path.as_posix()), definition.subsets[place].name if definition.subsets else ""
    chosen = ChosenRows(rows, places, answers)
    return HubFile(subset or Path(name).stem, chosen, len(rows), commit[1] if commit else "", subset)


def _answers(hub: Hub, place: int, data: Path | None, count: int) -> JsonlRows | None:
    """The file of right answers beside a file; None where it has none. Raises InputError for another number of rows."""
    name = hub.answers[place]
    if not name:
        return None
    path = _found(hub, name, data)
    rows, _ = _rows_in(path, "", "")
    if len(rows) != count:
        raise InputError(f"has {len(rows):,} right answers for {count:,} questions of {hub.files[place]}", where=path)
    return rows


def _found(hub: Hub, name: str, data: Path | None) -> Path:
    return _mirrored(hub, name, data) if data is not None else _downloaded(hub, name)


def _rows_in(path: Path, dated: str, key: str) -> tuple[JsonlRows, Sequence[int]]:
    state = path.stat()
    return _indexed(path, (state.st_size, state.st_mtime_ns), dated, key)


@lru_cache(maxsize=16)
def _indexed(path: Path, state: tuple[int, int], dated: str, key: str) -> tuple[JsonlRows, Sequence[int]]:
    """A file's rows, and the days of them (as ordinals) where they have a date: gigabytes, which are read once."""
    day_of, days = Expression(dated, key) if dated else None, array("I")

    def look(row: Row, number: int) -> None:
        if day_of is not None:
            days.append(_day(day_of.evaluate(row), path, number).toordinal())

    return JsonlRows(path, look, max_line=MAX_LINE), days


def _day(value: object, path: Path, number: int) -> date:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        raise InputError(f"the date {str(value)[:40]!r} is none, such as 2024-10-01", where=path, line=number) from None


def _mirrored(hub: Hub, name: str, data: Path) -> Path:
    path = data / hub.path / name
    check_no_suite(path)
    if not path.is_file():
        raise DataMissing(f"no data: the mirror has no {hub.path}/{name} ({path}): download that file of the data set")
    return path


def _downloaded(hub: Hub, name: str) -> Path:
    wanted = f"{hub.path}/{name}"
    try:
        import huggingface_hub
        from huggingface_hub.utils import logging
    except ImportError:
        raise DataMissing(
            f"no data for {wanted}: give a mirror with --data DIR, or pip install 'steelyard[data]' for the hub"
        ) from None
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # it logs each retry
    with using_hub() as unreachable:
        try:
            return Path(huggingface_hub.hf_hub_download(hub.path, name, repo_type="dataset"))
        except Exception as error:  # the client raises dozens of types; each means that the hub gave no file
            raise nothing_given(wanted, error, unreachable) from None
