"""The two consoles: results on stdout, everything else on stderr; never wider than 100 columns."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

__all__ = ["WIDTH", "err", "fitting", "out"]

WIDTH = 100


def _columns() -> int:
    return min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns)


def out() -> Console:
    """The console for results. Markup and highlighting are off: text from models is shown, never interpreted."""
    from rich.console import Console

    return Console(width=_columns(), markup=False, highlight=False, emoji=False)


def err() -> Console:
    """The console for progress, warnings and errors."""
    from rich.console import Console

    return Console(width=_columns(), markup=False, highlight=False, emoji=False, stderr=True)


def fitting(console: Console, table: Table) -> RenderableType:
    """The table, or a list of its rows where the console is too narrow for its longest words: nothing is cut.

    A column that is never wrapped needs the width of its longest line.
    In the list the first cell of a row is its title, and each other text follows its column's heading.
    """
    from rich.measure import Measurement

    for column in table.columns:
        if column.no_wrap:  # else its longest word alone would be measured
            column.min_width = max(column.min_width or 0, *map(_width, (column.header, *column.cells)))
    if Measurement.get(console, console.options.update(width=10_000), table).minimum <= console.width:
        return table
    return _as_list(table)


def _width(cell: RenderableType) -> int:
    """Columns of the longest line of a text; 0 for what is none, which has a measure of its own."""
    from rich.cells import cell_len
    from rich.text import Text

    return max(map(cell_len, str(cell).split("\n"))) if isinstance(cell, str | Text) else 0


def _as_list(table: Table) -> RenderableType:
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    lines: list[RenderableType] = [Text(str(table.title), style="bold")] if table.title else []
    columns = [(str(column.header).replace("\n", " "), list(column.cells)) for column in table.columns]
    for number, row in enumerate(table.rows):
        texts = [(name, cell) for name, cells in columns if isinstance(cell := cells[number], str | Text)]
        title, rest = texts[0][1], [(name, cell) for name, cell in texts[1:] if str(cell).strip()]
        style = row.style or ""
        lines.append(Text.assemble(title, style=style, overflow="fold"))
        parts = [Text.assemble((f"{name} " if name else ""), _in_one_line(cell)) for name, cell in rest]
        if parts:
            lines.append(Padding(Text("; ", style=style, overflow="fold").join(parts), (0, 0, 0, 2)))
    return Group(*lines, *([Text(str(table.caption), style="dim")] if table.caption else []))


def _in_one_line(cell: str | Text) -> str | Text:
    from rich.text import Text

    return Text(", ").join(cell.split("\n")) if isinstance(cell, Text) else cell.replace("\n", ", ")
