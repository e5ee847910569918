"""Rows of data, from a mirror, the hub, a generator or a plain file. Errors name file and line."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, overload

from steelyard.errors import InputError, MissingDependency
from steelyard.plugins import find
from steelyard.tasks.column_names import WantedColumns
from steelyard.tasks.definition import Generator
from steelyard.tasks.file_rows import FileRows, JsonlRows, Look, Row
from steelyard.tasks.hub_reach import using_hub
from steelyard.tasks.parquet_rows import open_parquet
from steelyard.tasks.spreadsheets import open_json, open_table
from steelyard.tasks.workbooks import open_workbook

__all__ = [
    "ENDINGS",
    "DataMissing",
    "Row",
    "beside",
    "generated_rows",
    "hub_rows",
    "mirrored",
    "nothing_given",
    "read_rows",
    "says_data_missing",
]

_MISSING = re.compile(r"(?:no data for |no data: the mirror has no |the hub gave no data for )\S.*", re.DOTALL)

ENDINGS: Final = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".parquet")
_ADVICE: Final = {
    ".xls": "open it in Excel and save it as .xlsx",
    ".xlsb": "open it in Excel and save it as .xlsx",
    ".numbers": "export it from Numbers as .xlsx",
    ".ods": "open it in LibreOffice or Excel and save it as .xlsx",
    ".docx": "put questions and answers into two columns of a table, and save that as .xlsx",
    ".pdf": "put questions and answers into two columns of a table, and save that as .xlsx",
}


class DataMissing(MissingDependency):
    """A benchmark's rows are not available, from a mirror or from the hub; the message says how to get them."""


def says_data_missing(reason: str) -> bool:
    """Whether a sentence is one of :class:`DataMissing`."""
    return _MISSING.fullmatch(reason) is not None


def hub_rows(path: str, config: str, split: str, data: Path | None) -> Sequence[Row]:
    """Rows of one split: from the mirror ``data`` where one is named, else from the hub (extra ``data``).

    With a mirror, no network is used, even for what the mirror lacks. Raises DataMissing with the fix, and
    InputError for an invalid file of the mirror.
    """
    if data is None:
        return _from_hub(path, config, split)
    file = mirrored(path, config, split, data)
    if not file.is_file():
        raise DataMissing(
            f"no data: the mirror has no {file.relative_to(data)}; add it, or "
            "leave out --data and STEELYARD_DATA to use the hub"
        )
    return read_rows(file)


def mirrored(path: str, config: str, split: str, data: Path) -> Path:
    """The file of one split in the mirror ``data``: its JSON lines, or the hub's Parquet where there are none."""
    lines = data / path / config / f"{split}.jsonl"
    columns = lines.with_suffix(".parquet")
    return columns if columns.is_file() and not lines.is_file() else lines


class HubRows(Sequence[Row]):
    """Rows of the hub, with the commit of the data set that they are from; empty where the client does not say.

    Those that hold images are read from the client's own file when they are needed.
    """

    def __init__(self, rows: Sequence[Row], revision: str = "") -> None:
        self._rows, self.revision = rows, revision

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        return dict(self._rows[range(len(self))[index]])


def _from_hub(path: str, config: str, split: str) -> HubRows:
    wanted = f"{path}/{config}/{split}"
    if Path(path).exists():
        # The client takes a folder of this name for the data set, and its files for rows.
        raise DataMissing(f"no data for {wanted}: here is a folder {path}, which the hub's client would read instead")
    try:
        import datasets
    except ImportError:
        raise DataMissing(
            f"no data for {wanted}: give a mirror with --data DIR, or pip install 'steelyard[data]' for the hub"
        ) from None
    # The client logs each retry; the result is reported once, below.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    with using_hub() as unreachable:
        try:
            datasets.disable_progress_bars()
            loaded = datasets.load_dataset(path, config, split=split)
            loaded, holds_images = _with_plain_images(loaded)
            rows = loaded if holds_images else [dict(row) for row in loaded]
        except Exception as error:  # the client raises dozens of types; each means that the hub gave no rows
            raise nothing_given(wanted, error, unreachable) from None
    # The client names each file with the commit: hf://datasets/openai/gsm8k@e53f…/main/test-00000-of-00001.parquet.
    files = " ".join(map(str, getattr(getattr(loaded, "info", None), "download_checksums", None) or ()))
    commit = re.search(r"@([0-9a-f]{40})/", files)
    return HubRows(rows, commit[1] if commit else "")


def nothing_given(wanted: str, error: Exception, unreachable: str = "") -> DataMissing:
    """The error where the hub's client gives nothing: by its own words, or why the hub is ``unreachable``."""
    reason = unreachable or f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:160]}"
    return DataMissing(f"the hub gave no data for {wanted} ({reason}): give a mirror with --data DIR")


def _with_plain_images(loaded: Any) -> tuple[Any, bool]:
    """A data set whose images come as their files' bytes, which nothing decodes; and whether it has any."""
    features = getattr(loaded, "features", None)
    if not isinstance(features, Mapping):
        return loaded, False
    import datasets

    def plain(feature: Any) -> Any:
        if isinstance(feature, datasets.Image):
            return datasets.Image(decode=False)
        inner = getattr(feature, "feature", None)
        return feature if not isinstance(inner, datasets.Image) else type(feature)(datasets.Image(decode=False))

    changed = {name: plain(feature) for name, feature in features.items()}
    changed = {name: feature for name, feature in changed.items() if feature is not features[name]}
    for name, feature in changed.items():
        loaded = loaded.cast_column(name, feature)
    return loaded, bool(changed)


def generated_rows(generator: Generator, seed: str, count: int, where: Path) -> list[Row]:
    """Rows of a seeded generator; raises InputError for an unknown option in the task's file."""
    generate = find("generator", generator.name)
    try:
        return [dict(row) for row in generate(seed, count, **generator.options)]
    except TypeError as error:
        raise InputError(f"generator {generator.name!r}: {error}", where=where) from None


def beside(task_file: Path, name: str, key: str) -> Path:
    """The file that a task file names: in its own folder or below, since a task file may come from a stranger.

    Raises InputError for any other place.
    """
    folder = task_file.parent.resolve()
    path = (folder / name).resolve()
    if Path(name).is_absolute() or not path.is_relative_to(folder):
        raise InputError(
            f"{key} names {name!r}: it must lie beside the task file, or in a folder there", where=task_file
        )
    return path


def read_rows(
    path: Path, look: Look = lambda row, number: None, wanted: WantedColumns | None = None, sheet: str = ""
) -> FileRows:
    """Open a file of rows by its ending; raises InputError with the line of the first error.

    ``look`` is called with every row and its number; afterwards each row is read again on access. In a table, rows may
    stand above the header that has the ``wanted`` columns. ``sheet`` is the name of a workbook's sheet.
    """
    readers: dict[str, Callable[[Path, Look], FileRows]] = {
        ".jsonl": JsonlRows,
        ".ndjson": JsonlRows,
        ".json": open_json,
        ".csv": partial(open_table, wanted=wanted),
        ".tsv": partial(open_table, wanted=wanted),
        ".txt": partial(open_table, wanted=wanted),
        ".xlsx": partial(open_workbook, wanted=wanted, sheet=sheet),
        ".xlsm": partial(open_workbook, wanted=wanted, sheet=sheet),
        ".parquet": open_parquet,
    }
    ending = path.suffix.lower()
    reader = readers.get(ending)
    if reader is None:
        advice = f": {_ADVICE[ending]}" if ending in _ADVICE else ""
        raise InputError(f"unknown type of file; known are {', '.join(readers)}{advice}", where=path)
    if not path.is_file():
        raise InputError("there is no such file", where=path)
    if sheet and ending not in (".xlsx", ".xlsm"):
        raise InputError("--sheet is for .xlsx and .xlsm: leave it out", where=path)
    rows = reader(path, look)
    if not rows:
        raise InputError("has no rows", where=path)
    return rows
