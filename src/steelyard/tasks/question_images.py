"""Images that the rows of a user's own file name: which cells hold them, and whether each can be sent."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from steelyard.errors import InputError
from steelyard.records.images import MAX_IMAGES
from steelyard.tasks.column_names import Columns
from steelyard.tasks.file_of_suite import check_no_suite_image
from steelyard.tasks.file_rows import place_of
from steelyard.tasks.image_files import HEAD, folder_of_image, read_image_file, type_of_image
from steelyard.util.text import one_line

__all__ = ["ImageCell", "check_image_cells", "identity_of", "image_cells", "image_data"]

_FIX: Final = "name a PNG, JPEG or WebP beside this file or below, or give the column another name"


ImageCell = tuple[str, Any]  # the name of a column, and a path there, or bytes as the hub has them


def image_cells(row: Mapping[str, Any], columns: Columns, path: Path, number: int) -> Sequence[ImageCell]:
    """Each image of a row of a file, which has this number there, in the order of columns.

    A cell is one image, several (``a.png|b.png`` in a table, or a list), or empty. Raises InputError, with file and
    row, for a text that looks like a JSON list and is none.
    """
    keys = [key for key in columns.image_keys if row.get(key)]
    if not keys:  # as in nearly every row of nearly every file
        return ()
    where = place_of(path, number)
    listed = ((key, each) for key in keys for each in _listed(row[key], one_line(key, 60), where))
    cells = ((key, each.strip() if isinstance(each, str) else each) for key, each in listed)
    return [(key, cell) for key, cell in cells if not _is_empty(cell)]


def _is_empty(cell: Any) -> bool:
    return cell is None or cell == "" or (isinstance(cell, float) and math.isnan(cell))


def _listed(value: Any, key: str, where: str) -> list[Any]:
    if isinstance(value, list):
        return value
    if not isinstance(value, str):
        return [value]
    if not value.lstrip().startswith("["):
        return value.split("|")
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list):
        raise InputError(f"{key} is not a JSON list of paths: {_FIX}", where=where)
    return found


def check_image_cells(cells: Sequence[ImageCell], folder: Path, where: str) -> None:
    """Raise InputError, naming ``where`` and the column, for a cell that names no image that can be sent.

    Also for more than one request can hold. Of a file its first bytes are read alone; it is read whole when its
    question is asked.
    """
    if len(cells) > MAX_IMAGES:
        raise InputError(f"shows {len(cells):,} images; a request has at most {MAX_IMAGES}", where=where)
    for each in cells:
        _data(each, folder, where, HEAD)


def identity_of(cell: Any) -> int:
    """A number that two cells have in common where they are the same image, by its path or its bytes."""
    return hash(cell.get("bytes") if isinstance(cell, Mapping) else cell if isinstance(cell, bytes) else repr(cell))


def image_data(named: ImageCell, folder: Path, where: str) -> bytes:
    """The bytes of an image; raises InputError as :func:`check_image_cell` does, and for one that is too large."""
    return _data(named, folder, where, None)


def _data(named: ImageCell, folder: Path, where: str, most: int | None) -> bytes:
    key, cell = one_line(named[0], 60), named[1]
    try:
        data = _bytes(key, cell, folder, most)
        type_of_image(data, key if isinstance(cell, Mapping | bytes) else f"{key}: {str(cell)[:120]!r}")
    except InputError as error:
        raise InputError(f"{error}: {_FIX}", where=where) from None
    return data


def _bytes(key: str, cell: Any, folder: Path, most: int | None) -> bytes:
    if isinstance(cell, Mapping):  # as Parquet files have it; the path there is of whoever made the file
        cell = cell.get("bytes")
    if isinstance(cell, bytes):
        return cell
    if not isinstance(cell, str):
        raise InputError(f"{key} is neither the path of an image nor its bytes")
    shown = f"{key}: {cell[:120]!r}"
    place = folder_of_image(folder, cell, shown)
    check_no_suite_image(place)
    name = cell.rpartition("/")[2]
    return read_image_file(place, name, shown) if most is None else read_image_file(place, name, shown, most)
