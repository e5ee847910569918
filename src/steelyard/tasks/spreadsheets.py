"""Tables as Excel and its like write them: another delimiter, another encoding, a workbook, or JSON.

They are read whole. What had to be assumed to read them is said in sentences, which the report repeats.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final

from steelyard.errors import InputError, MissingDependency
from steelyard.tasks.file_rows import CsvRows, FileRows, Look, Row, holds_nul

__all__ = ["HeldRows", "open_json", "open_table", "open_workbook", "read_grid"]

MAX_BYTES: Final = 256 << 20  # of a table that is read whole
_DELIMITERS: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_ENCODINGS: Final = {"utf-16": "UTF-16", "cp1252": "Windows-1252"}
_AS_UTF8: Final = "save it in Excel as 'CSV UTF-8'"


class HeldRows(FileRows):
    """Rows of a table that is kept in memory, with what was ``assumed`` to read it."""

    def __init__(self, rows: Sequence[Row], look: Look, assumed: str) -> None:
        self.assumed = assumed
        self._rows = rows
        for row in rows:
            look(row)

    def __len__(self) -> int:
        return len(self._rows)

    def _row(self, number: int) -> Row:
        return self._rows[number]


def open_table(path: Path, look: Look) -> FileRows:
    """Open a CSV or TSV file of any usual delimiter and encoding; UTF-8 with commas is not read whole.

    Raises InputError with file and line, and for a text in no encoding that Excel writes.
    """
    encoding = _encoding(path)
    _, delimiter, skipped = _dialect(_read(path, 1 << 16).decode(encoding, errors="replace"))
    if delimiter == "," and not skipped and encoding == "utf-8-sig":
        return CsvRows(path, look)
    text, _, _ = _dialect(_text(path, encoding))
    rows = _named(_parsed(text, delimiter, path, skipped), path, 1 + skipped)
    parts = [f"{_ENCODINGS[encoding]} text"] if encoding in _ENCODINGS else []
    parts += [f"{_DELIMITERS[delimiter]} between columns"] if delimiter != "," else []
    return HeldRows(rows, look, f"Read as {' with '.join(parts)}." if parts else "")


def read_grid(path: Path) -> tuple[int, list[list[str]]]:
    """The number of the first line, and all cells of a CSV or TSV file of any usual delimiter and encoding.

    Raises InputError as :func:`open_table`.
    """
    text, delimiter, skipped = _dialect(_text(path, _encoding(path)))
    return 1 + skipped, _parsed(text, delimiter, path, skipped)


def open_workbook(path: Path, look: Look) -> FileRows:
    """Open the first sheet with content of an ``.xlsx`` workbook: what its cells show, not their formulas.

    Raises InputError for a file that is none, MissingDependency without openpyxl.
    """
    try:
        import openpyxl
    except ImportError:
        raise MissingDependency(
            "needs openpyxl: pip install 'steelyard[excel]', or save it in Excel as 'CSV UTF-8'", where=path
        ) from None
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(part.file_size for part in archive.infolist()) > MAX_BYTES:
                raise InputError(f"larger than {MAX_BYTES >> 20} MiB unpacked: {_AS_UTF8}", where=path)
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except InputError:
        raise
    except Exception as error:  # a workbook can be broken in dozens of ways
        raise InputError(f"is not an Excel workbook ({type(error).__name__}): {_AS_UTF8}", where=path) from None
    try:
        for sheet in book.worksheets:
            cells = [[_shown(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
            if any(any(row) for row in cells):
                of = f", the first with content of {len(book.sheetnames)}" if len(book.sheetnames) > 1 else ""
                return HeldRows(_named(cells, path, 1), look, f"Read from the sheet {sheet.title!r}{of}.")
    except Exception as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"cannot be read as a workbook ({type(error).__name__}): {_AS_UTF8}", where=path) from None
    finally:
        book.close()
    raise InputError("has no rows", where=path)


def open_json(path: Path, look: Look) -> FileRows:
    """Open a JSON file that is a list of objects, or an object with one such list. Raises InputError otherwise."""
    text = _text(path, _encoding(path))
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
                'must be a list of objects, such as [{"question": …, "answer": …}]', where=f"{path}: row {number}"
            )
        if holds_nul(row):
            raise InputError("text contains a NUL character", where=f"{path}: row {number}")
    return HeldRows(found, look, assumed)


def _read(path: Path, size: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=path) from None


def _encoding(path: Path) -> str:
    """UTF-16 with a mark, UTF-8, or else Windows-1252, as older versions of Excel write it."""
    if _read(path, 2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _text(path: Path, encoding: str) -> str:
    """The whole text; raises InputError where it is too large, or not in this encoding."""
    data = _read(path, MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise InputError(f"larger than {MAX_BYTES >> 20} MiB: save it as UTF-8 with commas between columns", where=path)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        raise InputError(f"is neither UTF-8, UTF-16 nor Windows-1252 text: {_AS_UTF8}", where=path) from None
    if "\0" in text:
        raise InputError("text contains a NUL character", where=path)
    return text


def _dialect(text: str) -> tuple[str, str, int]:
    """The text without Excel's line ``sep=;``, the delimiter, and the number of lines that were left out.

    The delimiter is the one that occurs most in the header, outside quotes; a comma where none does.
    """
    first, _, rest = text.partition("\n")
    if first[:4].casefold() == "sep=" and first[4:5] in _DELIMITERS and not first[5:].strip():
        return rest, first[4], 1
    outside = "".join(first.split('"')[::2])
    return text, max(_DELIMITERS, key=outside.count), 0


def _parsed(text: str, delimiter: str, path: Path, skipped: int) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows = list(reader)
    except csv.Error as error:
        raise InputError(f"is not CSV: {error}", where=path, line=reader.line_num + skipped) from None
    return rows


def _named(table: Iterable[Sequence[str]], path: Path, first: int) -> list[Row]:
    """Rows by the names of the header; empty rows, and empty columns at the end, are what Excel leaves behind."""
    rows = [(number, list(row)) for number, row in enumerate(table, first) if any(cell.strip() for cell in row)]
    if not rows:
        raise InputError("has no rows", where=path)
    header = [name.strip() for name in rows[0][1]]
    while header and not header[-1]:
        header.pop()
    if len(set(header)) < len(header) or not all(header):
        raise InputError("the header must name every column once", where=path, line=rows[0][0])
    found = []
    for number, cells in rows[1:]:
        if any(cell.strip() for cell in cells[len(header) :]):
            raise InputError(f"{len(cells)} columns where the header has {len(header)}", where=path, line=number)
        filled = cells[: len(header)] + [""] * (len(header) - len(cells))
        found.append(dict(zip(header, filled, strict=True)))
    if not found:
        raise InputError("has no rows", where=path)
    return found


def _shown(cell: Any) -> str:
    """A cell's value as text: whole numbers without a point, dates as ISO writes them."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, (datetime, date, time)) else str(cell)
