"""Tables as Excel and its like write them as text: another delimiter, another encoding, titles above; or JSON.

They are read whole. What had to be assumed to read them is said in sentences, which the report repeats.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from steelyard.errors import InputError
from steelyard.tasks.column_names import WantedColumns
from steelyard.tasks.file_rows import CsvRows, FileRows, HeldRows, Look, Row, holds_nul, row_of
from steelyard.tasks.text_encoding import ENCODINGS, encoding_of, read_start, read_text

__all__ = ["TITLES", "Grid", "named_rows", "open_json", "open_table", "read_grid"]

_DELIMITERS: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
TITLES: Final = 20  # rows that may stand above a header

Grid = list[tuple[int, list[str]]]  # rows of cells, each with its number in the file, from 1


def open_table(path: Path, look: Look, wanted: WantedColumns | None = None) -> FileRows:
    """Open a CSV or TSV file of any usual delimiter and encoding; UTF-8 with commas is not read whole.

    The header is the first row that has the ``wanted`` columns, else the first row. Raises InputError with file and
    line, and for a text in no encoding that Excel writes.
    """
    encoding = encoding_of(path)
    delimiter, skipped = _dialect(read_start(path, 1 << 16).decode(encoding, errors="replace"), wanted)
    if delimiter == "," and not skipped and encoding == "utf-8-sig":
        return CsvRows(path, look)
    parts = [f"{ENCODINGS[encoding]} text"] if encoding in ENCODINGS else []
    parts += [f"{_DELIMITERS[delimiter]} between columns"] if delimiter != "," else []
    assumed = f"Read as {' with '.join(parts)}." if parts else ""
    cells = _parsed(read_text(path, encoding), delimiter, path, skipped)
    rows, numbers, above = named_rows(cells, path, wanted)
    return HeldRows(rows, look, " ".join(filter(None, (assumed, above))), numbers)


def read_grid(path: Path) -> tuple[int, list[list[str]]]:
    """The number of the first line, and all cells of a CSV or TSV file of any usual delimiter and encoding.

    Raises InputError as :func:`open_table`.
    """
    text = read_text(path, encoding_of(path))
    delimiter, skipped = _dialect(text, None)
    return 1 + skipped, [cells for _, cells in _parsed(text, delimiter, path, skipped)]


def open_json(path: Path, look: Look) -> FileRows:
    """Open a JSON file that is a list of objects, or an object with one such list. Raises InputError otherwise."""
    text = read_text(path, encoding_of(path))
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise InputError(f"is not JSON ({getattr(error, 'msg', 'nested too deep')})", where=path, line=line) from None
    assumed = ""
    if isinstance(found, dict):
        lists = [name for name, value in found.items() if isinstance(value, list)]
        if len(lists) != 1:
            raise InputError("must be a list of objects, or an object with one such list", where=path)
        assumed, found = f"Read from the list {lists[0]!r}.", found[lists[0]]
    for number, row in enumerate(found if isinstance(found, list) else [None], 1):
        if not isinstance(row, dict):
            raise InputError(
                'must be a list of objects, such as [{"question": …, "answer": …}]', where=row_of(path, number)
            )
        if holds_nul(row):
            raise InputError("text contains a NUL character", where=row_of(path, number))
    return HeldRows(found, look, assumed)


def _dialect(text: str, wanted: WantedColumns | None) -> tuple[str, int]:
    """The delimiter, and the number of lines above the header: Excel's line ``sep=;``, and titles.

    Without ``wanted`` columns the delimiter is the one that occurs most in the header, outside quotes; a comma where
    none does.
    """
    lines = text.split("\n", TITLES + 1)[: TITLES + 1]
    first, skipped, delimiters = lines[0], 0, "".join(_DELIMITERS)
    if first[:4].casefold() == "sep=" and first[4:5] in _DELIMITERS and not first[5:].strip():
        skipped, delimiters = 1, first[4]
        first = lines[1] if len(lines) > 1 else ""
    for number, line in enumerate(lines[skipped:] if wanted else (), skipped):
        for delimiter in sorted(delimiters, key=_outside_quotes(line).count, reverse=True):
            if wanted and wanted.find(_cells(line, delimiter)):
                return delimiter, number
    return max(delimiters, key=_outside_quotes(first).count), skipped


def _outside_quotes(line: str) -> str:
    return "".join(line.split('"')[::2])


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line.rstrip("\r")], delimiter=delimiter, strict=True), [])]
    except csv.Error:
        return []


def _parsed(text: str, delimiter: str, path: Path, skipped: int) -> Grid:
    """The cells of each row, with the number of the line where it begins."""
    rest = text.split("\n", skipped)[-1]
    reader = csv.reader(io.StringIO(rest, newline=""), delimiter=delimiter, strict=True)
    rows: Grid = []
    line = 1
    try:
        for cells in reader:
            rows.append((line + skipped, cells))
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"is not CSV: {error}", where=path, line=reader.line_num + skipped) from None
    return rows


def named_rows(
    table: Iterable[tuple[int, Sequence[str]]], path: Path, wanted: WantedColumns | None
) -> tuple[list[Row], list[int], str]:
    """Rows by the names of the header, their numbers, and a sentence on what stands above the header.

    Empty rows, and empty columns at the end, are what a spreadsheet leaves behind. Raises InputError with the row.
    """
    rows = [(number, list(row)) for number, row in table if any(cell.strip() for cell in row)]
    if not rows:
        raise InputError("has no rows", where=path)
    titles = _titles(rows, wanted)
    line, header = rows[titles][0], [name.strip() for name in rows[titles][1]]
    while header and not header[-1]:
        header.pop()
    if len(set(header)) < len(header) or not all(header):
        raise InputError("the header must name every column once", where=path, line=line)
    found, numbers = [], []
    for number, cells in rows[titles + 1 :]:
        if any(cell.strip() for cell in cells[len(header) :]):
            raise InputError(f"{len(cells)} columns where the header has {len(header)}", where=path, line=number)
        filled = cells[: len(header)] + [""] * (len(header) - len(cells))
        found.append(dict(zip(header, filled, strict=True)))
        numbers.append(number)
    if not found:
        raise InputError("has no rows", where=path)
    return found, numbers, f"The header is row {line}; what stands above it was left out." if titles else ""


def _titles(rows: Grid, wanted: WantedColumns | None) -> int:
    """How many rows stand above the header."""
    if wanted is None:
        return 0
    headers = ([cell.strip() for cell in cells] for _, cells in rows[:TITLES])
    return next((place for place, header in enumerate(headers) if wanted.find(header)), 0)
