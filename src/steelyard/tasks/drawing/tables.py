"""Tables: a header, rows with a name each, and numbers to the right."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from steelyard.tasks.drawing.canvas import Canvas
from steelyard.tasks.drawing.faces import face
from steelyard.tasks.drawing.looks import Look

__all__ = ["Rules", "Table", "draw_table"]

Rules = Literal["rows", "grid", "bands"]

_EDGE: Final = 18
_TITLE: Final = 16


class Table(NamedTuple):
    """A title, the heads of all columns (that of the names first), and by row its name and its cells."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def draw_table(table: Table, look: Look, size: int, rules: Rules) -> str:
    """The SVG of a table in letters of ``size`` pixels, as large as it must be."""
    letters, bold = face(look.face), face(look.bold)
    gap, line = size * 1.3, size * 2.0
    widths = [
        max(bold.width(head, size), *(letters.width(row[place], size) for row in table.rows)) + gap
        for place, head in enumerate(table.heads)
    ]
    wide = max(sum(widths), bold.width(table.title, _TITLE))
    top = _EDGE + _TITLE + 14
    canvas = Canvas(round(wide + 2 * _EDGE), round(top + line * (len(table.rows) + 1) + _EDGE), look.paper.paper)
    canvas.text(_EDGE, _EDGE + _TITLE * 0.8, table.title, _TITLE, look.paper.ink, look.bold)
    edges = [float(_EDGE)]
    for width in widths:
        edges.append(edges[-1] + width)
    _rules(canvas, look, edges, top, line, len(table.rows) + 1, rules)
    for number, row in enumerate((table.heads, *table.rows)):
        base = top + line * number + line / 2 + size * 0.36
        name = look.bold if number == 0 else look.face
        canvas.text(edges[0] + gap / 2, base, row[0], size, look.paper.ink, name)
        for place, cell in enumerate(row[1:], 1):
            canvas.text(edges[place + 1] - gap / 2, base, cell, size, look.paper.ink, name, "end")
    return canvas.svg()


def _rules(canvas: Canvas, look: Look, edges: list[float], top: float, line: float, rows: int, rules: Rules) -> None:
    left, right, bottom = edges[0], edges[-1], top + line * rows
    if rules == "bands":
        for number in range(2, rows, 2):
            canvas.rect(left, top + line * number, right - left, line, f"{look.paper.faint}55")
    else:
        for number in range(2, rows):
            canvas.lines([(left, top + line * number), (right, top + line * number)], look.paper.faint)
    if rules == "grid":
        for edge in edges[1:-1]:
            canvas.lines([(edge, top), (edge, bottom)], look.paper.faint)
        canvas.rect(left, top, right - left, bottom - top, "none", look.paper.ink)
    for y in (top, top + line, bottom):
        canvas.lines([(left, y), (right, y)], look.paper.ink, 1.2)
