"""Sheets of Excel workbooks: their cells as they show, without the rows that are hidden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steelyard.errors import InputError, MissingDependency
from steelyard.tasks.cells import TRUTHS, shown
from steelyard.tasks.column_names import UnclearColumns, WantedColumns, is_german_header
from steelyard.tasks.file_rows import FileRows, HeldRows, Look
from steelyard.tasks.spreadsheets import TITLES, named_rows
from steelyard.tasks.text_encoding import AS_UTF8, read_start
from steelyard.tasks.workbook_parts import MAX_CELLS, MAX_ROWS, hidden_rows
from steelyard.util.text import one_line

if TYPE_CHECKING:
    from openpyxl import Workbook

__all__ = ["open_workbook"]

_SHOWN = 10  # numbers of rows, and sheets, in a sentence


def open_workbook(path: Path, look: Look, wanted: WantedColumns | None = None, sheet: str = "") -> FileRows:
    """Open a sheet of an ``.xlsx`` or ``.xlsm`` workbook: what its cells show, not their formulas.

    It is the ``sheet`` of this name, else the first that has the ``wanted`` columns, else the first with content.
    Hidden rows are left out, as they are not shown. Raises InputError for a file that is none, and for a sheet that
    there is not; MissingDependency without openpyxl.
    """
    book, hidden = _opened(path)
    try:
        return _rows(book, hidden, path, look, wanted, sheet)
    except InputError:
        raise
    except Exception as error:  # a workbook can be broken in dozens of ways
        raise InputError(f"cannot be read as a workbook ({type(error).__name__}): {AS_UTF8}", where=path) from None
    finally:
        book.close()


def _opened(path: Path) -> tuple[Workbook, Mapping[str, frozenset[int]]]:
    """The workbook, and the hidden rows of its sheets, which openpyxl does not give while it reads only."""
    try:
        import openpyxl
    except ImportError:
        raise MissingDependency(
            "needs openpyxl: pip install 'steelyard[excel]', or save it in Excel as 'CSV UTF-8'", where=path
        ) from None
    if read_start(path, 4) == b"\xd0\xcf\x11\xe0":
        raise InputError("is an old workbook, or has a password: save it in Excel as .xlsx, without one", where=path)
    try:
        hidden = hidden_rows(path)
        return openpyxl.load_workbook(path, read_only=True, data_only=True), hidden
    except InputError:
        raise
    except Exception as error:  # a workbook can be broken in dozens of ways
        raise InputError(f"is not an Excel workbook ({type(error).__name__}): {AS_UTF8}", where=path) from None


def _rows(
    book: Workbook,
    hidden_in: Mapping[str, frozenset[int]],
    path: Path,
    look: Look,
    wanted: WantedColumns | None,
    name: str,
) -> FileRows:
    sheets = [_named(book, name, path)] if name else sorted(book.worksheets, key=lambda each: _is_hidden(each))
    without: list[tuple[str, list[str]]] = []  # sheets with content, and not with the wanted columns
    for sheet in sheets:
        grid = _grid(sheet, path)
        header = _header(grid, wanted)
        if header and (wanted is None or wanted.find(header)):
            break
        if header:
            without.append((sheet.title, header))
    else:
        why = _why_none(without, wanted, book, name)
        raise UnclearColumns(why, without[0][1], path) if without and wanted else InputError(why, where=path)
    german = is_german_header(header)
    hidden = hidden_in.get(sheet._worksheet_path.lstrip("/"), frozenset())
    cells = [(number, [shown(*cell, german=german) for cell in row]) for number, row in enumerate(grid, 1) if row]
    asked = [(number, row) for number, row in cells if number not in hidden]
    rows, numbers, above = named_rows(asked, path, wanted)
    left_out = [number for number, row in cells if number in hidden and any(row)]
    kinds = {type(value) for number in numbers for value, _ in grid[number - 1]}
    of = f" of {len(book.sheetnames)}" if len(book.sheetnames) > 1 else ""
    said = (
        f"Read from the sheet {one_line(sheet.title, 60)!r}{of}.",
        above,
        _of_hidden(left_out),
        f"True and false are read as {' and '.join(TRUTHS[german])}." if bool in kinds else "",
        "Dates are read as year-month-day." if any(issubclass(kind, date) for kind in kinds) else "",
    )
    return HeldRows(rows, look, " ".join(filter(None, said)), numbers)


def _grid(sheet: Any, path: Path) -> list[Sequence[tuple[Any, Any]]]:
    """The cells of every row up to its last one with content, each with its number format."""
    sheet.reset_dimensions()  # what the file says of them may be wrong, and as large as it likes
    grid: list[Sequence[tuple[Any, Any]]] = []
    spanned = 0
    for row in sheet.iter_rows():
        spanned += len(row)
        if spanned > MAX_CELLS or len(grid) >= MAX_ROWS:
            raise InputError(
                f"the sheet {one_line(sheet.title, 60)!r} spans more than {MAX_CELLS:,} cells, empty ones included, or "
                f"{MAX_ROWS:,} rows (row {len(grid) + 1:,} reaches column {len(row):,}): delete the rows and columns "
                f"behind the questions, or {AS_UTF8}",
                where=path,
            )
        width = next((place for place in range(len(row), 0, -1) if row[place - 1].value is not None), 0)
        grid.append([(cell.value, cell.number_format) for cell in row[:width]] if width else ())
    return grid


def _is_hidden(sheet: Any) -> bool:
    return bool(getattr(sheet, "sheet_state", "visible") != "visible")


def _named(book: Workbook, name: str, path: Path) -> Any:
    """The sheet of this name, in any case."""
    found = [sheet for sheet in book.worksheets if sheet.title == name] or [
        sheet for sheet in book.worksheets if sheet.title.strip().casefold() == name.strip().casefold()
    ]
    if not found:
        raise InputError(f"has no sheet {name!r}; it has {_names(book)}", where=path)
    return found[0]


def _names(book: Workbook, but: str = "") -> str:
    names = [one_line(sheet.title, 40) for sheet in book.worksheets if sheet.title != but]
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _header(grid: Sequence[Sequence[tuple[Any, Any]]], wanted: WantedColumns | None) -> list[str]:
    """The row that has the wanted columns, among the first ones with content; else the first of these."""
    filled = (row for row in grid if any(value not in (None, "") for value, _ in row))
    headers = [[shown(*cell).strip() for cell in row] for row, _ in zip(filled, range(TITLES), strict=False)]
    return next((header for header in headers if wanted and wanted.find(header)), headers[0] if headers else [])


def _why_none(without: Sequence[tuple[str, list[str]]], wanted: WantedColumns | None, book: Workbook, name: str) -> str:
    if not without or wanted is None:
        return f"the sheet {name!r} has no rows" if name else "has no rows"
    title, header = without[0]
    others = _names(book, but=title)
    more = f"; other sheets: {others}: --sheet NAME takes one" if others and not name else ""
    return f"the sheet {one_line(title, 60)!r} {wanted.missing(header)}{more}"


def _of_hidden(numbers: Sequence[int]) -> str:
    if not numbers:
        return ""
    named = ", ".join(map(str, numbers[:_SHOWN])) + (" …" if len(numbers) > _SHOWN else "")
    are = "1 row that is" if len(numbers) == 1 else f"{len(numbers):,} rows that are"
    return f"Left out: {are} hidden in the sheet, by a filter or by hand ({named}); what is shown is asked."
