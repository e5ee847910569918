"""Rows of a table that state several numbers at once, as rows with one number each.

Llama 4's card has ``42.2/36.6`` in the row *MTOB (half book) eng->kgv/kgv->eng*. Which number is of which name is
certain only where the name is divided as the cells are, and each of its parts is a benchmark that is known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from steelyard.adapters.card_tables import Cell, Table

__all__ = ["with_a_row_a_number"]

_NUMBER: Final = r"\d{1,3}(?:\.\d{1,4})?\s*%?"
_NUMBERS: Final = re.compile(rf"{_NUMBER}(?:\s*/\s*{_NUMBER}){{1,7}}")
_TOKEN: Final = re.compile(r"(?P<before>(?:.*[\s)])?)(?P<parts>[^\s()/]+(?:/[^\s()/]+){1,7})", re.DOTALL)


def with_a_row_a_number(table: Table, labels: int, is_known: Callable[[str], bool]) -> Table:
    """The table, each row whose name and numbers are divided by slashes as a row for each of them.

    The name stands in one of the first ``labels`` columns.

    Every cell of such a row that has a slash between numbers has as many of them as the name has parts, and one at
    least has a decimal: ``12/30`` may be twelve of thirty. ``is_known`` says whether a name is a benchmark's.
    """
    rows = list(table.rows)
    for place in range(labels):
        rows = [each for row in rows for each in _divided(row, place, is_known)]
    return table if len(rows) == len(table.rows) else replace(table, rows=tuple(rows))


def _divided(row: Sequence[Cell], name_column: int, is_known: Callable[[str], bool]) -> Iterator[tuple[Cell, ...]]:
    names = _names(row[name_column].text) if name_column < len(row) else []
    numbers = {
        at: [part.strip() for part in cell.text.split("/")]
        for at, cell in enumerate(row)
        if at != name_column and _NUMBERS.fullmatch(cell.text.strip())
    }
    are_clear = numbers and all(len(parts) == len(names) for parts in numbers.values())
    have_decimals = any("." in part for parts in numbers.values() for part in parts)
    if are_clear and have_decimals and all(map(is_known, names)) and not is_known(row[name_column].text):
        for place, name in enumerate(names):
            of_number = {at: parts[place] for at, parts in numbers.items()} | {name_column: name}
            yield tuple(replace(cell, text=of_number.get(at, cell.text)) for at, cell in enumerate(row))
    else:
        yield tuple(row)


def _names(text: str) -> list[str]:
    """The names of *AIME 2024/2025*: what stands before the divided word belongs to each of its parts."""
    found = _TOKEN.fullmatch(text.strip())
    parts = found["parts"].split("/") if found else []
    return [f"{found['before']}{part}" for part in parts] if found and len(set(parts)) == len(parts) else []
