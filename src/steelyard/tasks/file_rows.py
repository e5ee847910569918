"""Rows of a file, read on access: a JSONL or CSV row takes 12 bytes of memory, whatever its length.

Every row is read once when a file is opened, so that errors are reported then, with their line. A file that is changed
afterwards is refused, since its rows would differ from the plan's.
"""

from __future__ import annotations

import csv
import re
from abc import abstractmethod
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, overload

import msgspec

from steelyard.errors import InputError
from steelyard.util.append_file import is_torn
from steelyard.util.line_file import MAX_LINE, LineFile

__all__ = [
    "CsvRows",
    "FileRows",
    "HeldRows",
    "JsonlRows",
    "Look",
    "Row",
    "holds_nul",
    "place_of",
    "row_of",
]

Row = dict[str, Any]
Look = Callable[[Row, int], None]  # called with every row and its number while a file is opened; may raise InputError
_LINES: Final = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson")  # files whose rows are counted by lines

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_LONE_RETURN: Final = re.compile(r"(?<=\r)(?!\n)")


class FileRows(Sequence[Row]):
    """The rows of a file, in its order."""

    @abstractmethod
    def _row(self, number: int) -> Row:
        """The row at this place, from 0, which is in range."""

    @abstractmethod
    def number_of(self, place: int) -> int:
        """What a user sees beside the row at this place: the number of its line, or that of Excel's row, from 1."""

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [self._row(number) for number in range(*index.indices(len(self)))]
        return self._row(range(len(self))[index])


def row_of(path: Path, number: int) -> str:
    """Where a row is, of a file that is counted by rows."""
    return f"{path}: row {number}"


def place_of(path: Path, number: int) -> str:
    """Where a row is, as the program counts that shows the file: ``x.csv:3``, ``x.xlsx: row 3``."""
    return f"{path}:{number}" if path.suffix.lower() in _LINES else row_of(path, number)


class HeldRows(FileRows):
    """Rows of a table that is kept in memory, with what was ``assumed`` to read it; ``numbers`` are those of rows."""

    def __init__(self, rows: Sequence[Row], look: Look, assumed: str, numbers: Sequence[int] = ()) -> None:
        self.assumed = assumed
        self._rows, self._numbers = rows, array("I", numbers or range(1, len(rows) + 1))
        for row, number in zip(rows, self._numbers, strict=True):
            look(row, number)

    def __len__(self) -> int:
        return len(self._rows)

    def _row(self, number: int) -> Row:
        return self._rows[number]

    def number_of(self, place: int) -> int:
        """The number of the row at this place."""
        return self._numbers[place]


class JsonlRows(FileRows):
    """One JSON object per line; blank lines are skipped. Raises InputError with file and line.

    ``is_log``: the file is only appended to, and a last line that was cut off while it was written does not count.
    ``max_line`` is the most bytes that a line may have.
    """

    def __init__(self, path: Path, look: Look, *, is_log: bool = False, max_line: int = MAX_LINE) -> None:
        self._file = LineFile(path, max_line)
        self._starts, self._lines = array("Q"), array("I")
        for number, (place, line) in enumerate(_without_mark(self._file.lines()), 1):
            if line.strip() and not (is_log and not line.endswith(b"\n") and is_torn(line)):
                look(_json_row(line, path, number), number)
                self._starts.append(place)
                self._lines.append(number)

    def __len__(self) -> int:
        return len(self._starts)

    def _row(self, number: int) -> Row:
        self._file.check_unchanged()
        row: Row = msgspec.json.decode(self._file.line_at(self._starts[number]))
        return row

    def number_of(self, place: int) -> int:
        """The number of the line where the row at this place begins."""
        return self._lines[place]


def _without_mark(lines: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    for place, line in lines:
        if place == 0 and line.startswith(_BYTE_ORDER_MARK):
            yield len(_BYTE_ORDER_MARK), line[len(_BYTE_ORDER_MARK) :]
        else:
            yield place, line


def _json_row(line: bytes, path: Path, number: int) -> Row:
    try:
        row = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"is not JSON: {reason}", where=path, line=number) from None
    if not isinstance(row, dict):
        raise InputError(f"expected a JSON object, found {type(row).__name__}", where=path, line=number)
    if b"\\u0000" in line and holds_nul(row):
        raise InputError("text contains a NUL character", where=path, line=number)
    return row


def holds_nul(value: Any) -> bool:
    """Whether a text in a decoded JSON value has a NUL character."""
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(holds_nul(key) or holds_nul(part) for key, part in value.items())
    return isinstance(value, list) and any(holds_nul(part) for part in value)


class CsvRows(FileRows):
    """A header and its rows; a quoted field may span lines. Raises InputError with file and line."""

    def __init__(self, path: Path, look: Look) -> None:
        self._file = LineFile(path)
        self._starts, self._lines = array("Q"), array("I")
        pieces = _Pieces(_without_mark(self._file.lines()), path)
        reader = csv.reader(pieces, strict=True)
        try:
            self._header = _header(next(reader, []), path)
            start, line = pieces.next_place, reader.line_num + 1
            for fields in reader:
                if any(field.strip() for field in fields):
                    look(self._named(fields, path, line), line)
                    self._starts.append(start)
                    self._lines.append(line)
                start, line = pieces.next_place, reader.line_num + 1
        except csv.Error as error:
            raise InputError(f"is not CSV: {error}", where=path, line=reader.line_num) from None

    def _named(self, fields: list[str], path: Path, line: int) -> Row:
        if len(fields) != len(self._header):
            message = f"{len(fields)} columns where the header has {len(self._header)}"
            raise InputError(message, where=path, line=line)
        return dict(zip(self._header, fields, strict=True))

    def __len__(self) -> int:
        return len(self._starts)

    def _row(self, number: int) -> Row:
        self._file.check_unchanged()
        pieces = _Pieces(self._file.lines_from(self._starts[number]), self._file.path)
        return dict(zip(self._header, next(csv.reader(pieces, strict=True)), strict=True))

    def number_of(self, place: int) -> int:
        """The number of the line where the row at this place begins."""
        return self._lines[place]


def _header(names: Sequence[str], path: Path) -> list[str]:
    header = [name.strip() for name in names]
    if len(set(header)) < len(header) or not all(header):
        raise InputError("the header must name every column once", where=path, line=1)
    return header


class _Pieces(Iterator[str]):
    """Lines as CSV knows them, which may end in a lone carriage return; ``next_place`` is where the next one begins."""

    def __init__(self, lines: Iterable[tuple[int, bytes]], path: Path) -> None:
        self._pieces = self._split(lines, path)
        self.next_place = 0

    def _split(self, lines: Iterable[tuple[int, bytes]], path: Path) -> Iterator[str]:
        for number, (place, line) in enumerate(lines, 1):
            if b"\0" in line:
                raise InputError("text contains a NUL character", where=path, line=number)
            try:
                text = line.decode()
            except UnicodeDecodeError:
                raise InputError("is not UTF-8 text", where=path, line=number) from None
            self.next_place = place
            for piece in _LONE_RETURN.split(text) if "\r" in text else (text,):
                self.next_place += len(piece.encode())
                if piece:
                    yield piece

    def __next__(self) -> str:
        return next(self._pieces)
