"""Numbers of a table as they are printed, and tables that are printed with decimal commas.

``71,2`` is a number where its whole column is so written. ``1,234`` may be a thousand or a little more than one: it is
read as neither, and a column that would need to know is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from steelyard.adapters.card_tables import Cell, Table
from steelyard.errors import InputError
from steelyard.util.text import one_line

__all__ = ["VALUE", "check_readings", "interval_in", "setting_in", "with_decimal_points"]

VALUE: Final = re.compile(
    r"(?P<number>[+\-\N{MINUS SIGN}]?\d{1,6}(?:\.\d{1,12})?)\s*(?P<percent>%?)"
    r"(?:\s*(?:±|\+/-)\s*(?P<margin>\d{1,3}(?:\.\d{1,6})?)\s*%?)?"
    r"(?:\s*\[\s*(?P<low>\d{1,6}(?:\.\d{1,12})?)\s*%?\s*[,;\N{EN DASH}-]\s*(?P<high>\d{1,6}(?:\.\d{1,12})?)\s*%?\s*\])?"
    r"(?P<marks>(?:\s*(?:\^\{[^{}]{1,20}\}|[*#†‡§¶¹²³⁴⁵⁶⁷⁸⁹]))*)"
    r"\s*(?P<aside>\([^()\d][^()]{0,60}\))?"
    r"(?:(?<=[\s%])\(?(?P<setting>\d{1,2}[- ]?shots?\b[^()\d]{0,40})\)?)?"
)
_COMMA: Final = re.compile(r"(?<=\d),(?=\d)")
_TWO_READINGS: Final = re.compile(r"[+\-\N{MINUS SIGN}]?[1-9]\d{0,2}(?:,\d{3})+(?!\d).*", re.DOTALL)
_COUNTS: Final = re.compile(
    r"\b(samples?|questions?|items?|examples?|rows?|count|size|n|tokens?|param(eter)?s?|context|downloads?)\b",
    re.IGNORECASE,
)


def interval_in(value: re.Match[str]) -> str:
    """``[42.5, 56.5]`` of a cell that holds it behind its number; empty without one, or where the number is not in it.

    Numbers in brackets that do not hold the value are references.
    """
    number = float(value["number"].replace("\N{MINUS SIGN}", "-"))
    if value["low"] is None or not float(value["low"]) <= number <= float(value["high"]):
        return ""
    return f"[{value['low']}, {value['high']}]"


def setting_in(value: re.Match[str]) -> str:
    """How the number of a cell was measured: *0-shot CoT* of ``59.4% 0-shot CoT``; empty where nothing is said."""
    return " ".join((value["setting"] or "").split())


def with_decimal_points(table: Table, where: str) -> Table:
    """The table with points for the commas of each column that is written with decimal commas.

    Raises InputError, with the line and the cell, where such a column has a number with a point too, or one that may be
    thousands.
    """
    columns = {at for at in range(table.columns) if _has_decimal_commas(_cells(table, at), where)}
    if not columns:
        return table
    rows = tuple(tuple(_pointed(cell) if at in columns else cell for at, cell in enumerate(row)) for row in table.rows)
    return replace(table, rows=rows)


def check_readings(tables: Iterable[Table], where: str) -> None:
    """Raise InputError where a column has numbers that can be read in two ways alone: it may be a model's."""
    for cell in (cell for table in tables for cell in _thousands_or_decimals(table)):
        raise InputError(
            f"{one_line(cell.text, 60)!r} may be thousands, or have a decimal comma: write its column with decimal "
            "points, or without a comma",
            where=where,
            line=cell.line,
        )


def _thousands_or_decimals(table: Table) -> Iterator[Cell]:
    """The first cell of each column whose only numbers may be thousands or decimals, but for columns of counts."""
    for at in range(table.columns):
        cells = _cells(table, at)
        unclear = [cell for cell in cells if _TWO_READINGS.fullmatch(cell.text) and _is_value(_pointed(cell))]
        name = " ".join(row[at].text for row in table.head if at < len(row))
        if unclear and not _COUNTS.search(name) and not any(map(_is_value, cells)):
            yield unclear[0]


def _cells(table: Table, at: int) -> list[Cell]:
    return [row[at] for row in table.rows if at < len(row)]


def _has_decimal_commas(cells: Sequence[Cell], where: str) -> bool:
    commas = [cell for cell in cells if "," in cell.text and not _is_value(cell) and _is_value(_pointed(cell))]
    decimals = [cell for cell in commas if not _TWO_READINGS.fullmatch(cell.text)]
    if not decimals:
        return False
    unclear = [cell for cell in commas if _TWO_READINGS.fullmatch(cell.text)]
    if unclear:
        raise InputError(
            f"{one_line(unclear[0].text, 60)!r} may be thousands, or have a decimal comma as {_quoted(decimals[0])}: "
            "write the column with decimal points",
            where=where,
            line=unclear[0].line,
        )
    pointed = [cell for cell in cells if _is_value(cell) and "." in cell.text]
    if pointed:
        raise InputError(
            f"{one_line(decimals[0].text, 60)!r} has a decimal comma, and {_quoted(pointed[0])} of the same column a "
            "point: write the column in one way",
            where=where,
            line=decimals[0].line,
        )
    return True


def _quoted(cell: Cell) -> str:
    return f"{one_line(cell.text, 60)!r} (line {cell.line})"


def _is_value(cell: Cell) -> bool:
    return VALUE.fullmatch(cell.text) is not None


def _pointed(cell: Cell) -> Cell:
    return replace(cell, text=_COMMA.sub(".", cell.text))
