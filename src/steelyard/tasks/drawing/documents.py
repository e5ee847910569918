"""Pages of text: an invoice and a letter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from steelyard.tasks.drawing.canvas import Canvas
from steelyard.tasks.drawing.faces import face
from steelyard.tasks.drawing.looks import Look

__all__ = ["Invoice", "Letter", "draw_invoice", "draw_letter", "wrapped"]

_EDGE: Final = 28


class Invoice(NamedTuple):
    """Who sends it and to whom, facts by name, lines of item, quantity, price and amount, and sums by name."""

    sender: tuple[str, ...]
    buyer: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    lines: tuple[tuple[str, str, str, str], ...]
    sums: tuple[tuple[str, str], ...]
    remark: str


class Letter(NamedTuple):
    """Who sends it and to whom, facts by name, what it is about, its paragraphs, and who signs."""

    sender: tuple[str, ...]
    recipient: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    subject: str
    paragraphs: tuple[str, ...]
    signed: str


class _Page:
    """A canvas that is written from the top on; its height follows from what stands there."""

    def __init__(self, look: Look, size: int, width: int) -> None:
        self.look, self.size, self.width = look, size, width
        self.line = size * 1.45
        self._texts: list[tuple[float, float, str, float, str, str]] = []
        self._rules: list[float] = []
        self.y = float(_EDGE + size)

    def write(self, x: float, text: str, *, is_bold: bool = False, scale: float = 1, at_end: bool = False) -> None:
        """Text on the line that is written, from ``x`` on or to it."""
        used = self.look.bold if is_bold else self.look.face
        self._texts.append((x, self.y, text, self.size * scale, used, "end" if at_end else "start"))

    def next(self, lines: float = 1) -> None:
        """So many lines further down."""
        self.y += self.line * lines

    def rule(self) -> None:
        """A line across the page, above the line that is written."""
        self._rules.append(self.y - self.size * 1.1)

    def svg(self) -> str:
        """The drawing."""
        canvas = Canvas(self.width, round(self.y - self.line + _EDGE), self.look.paper.paper)
        for y in self._rules:
            canvas.lines([(_EDGE, y), (self.width - _EDGE, y)], self.look.paper.ink)
        for x, y, text, size, used, anchor in self._texts:
            canvas.text(x, y, text, size, self.look.paper.ink, used, "end" if anchor == "end" else "start")
        return canvas.svg()


def draw_invoice(invoice: Invoice, look: Look, size: int, width: int) -> str:
    """The SVG of an invoice in letters of ``size`` pixels, ``width`` wide."""
    page = _Page(look, size, width)
    right = width - _EDGE
    page.write(_EDGE, invoice.sender[0], is_bold=True, scale=1.25)
    page.write(right, "INVOICE", is_bold=True, scale=1.25, at_end=True)
    page.next()
    page.write(_EDGE, ", ".join(invoice.sender[1:]))
    page.next(1.8)
    _blocks(page, ("Bill to", *invoice.buyer), invoice.facts)
    page.next(0.8)
    columns = (_EDGE, right - size * 14.5, right - size * 7, right)
    page.rule()
    for number, row in enumerate((("Item", "Quantity", "Unit price", "Amount"), *invoice.lines)):
        page.write(columns[0], row[0], is_bold=number == 0)
        for place, cell in enumerate(row[1:], 1):
            page.write(columns[place], cell, is_bold=number == 0, at_end=True)
        page.next()
        if number in (0, len(invoice.lines)):
            page.next(0.25)
            page.rule()
    for number, (name, amount) in enumerate(invoice.sums, 1):
        page.write(columns[2], name, is_bold=number == len(invoice.sums), at_end=True)
        page.write(columns[3], amount, is_bold=number == len(invoice.sums), at_end=True)
        page.next()
    page.next(0.5)
    for line in wrapped(invoice.remark, look.face, size, width - 2 * _EDGE):
        page.write(_EDGE, line)
        page.next()
    return page.svg()


def draw_letter(letter: Letter, look: Look, size: int, width: int) -> str:
    """The SVG of a letter in letters of ``size`` pixels, ``width`` wide."""
    page = _Page(look, size, width)
    page.write(_EDGE, letter.sender[0], is_bold=True, scale=1.2)
    page.next()
    page.write(_EDGE, ", ".join(letter.sender[1:]))
    page.next(0.4)
    page.next()
    page.rule()
    page.next(0.4)
    _blocks(page, letter.recipient, letter.facts)
    page.next(0.6)
    page.write(_EDGE, letter.subject, is_bold=True)
    page.next(1.5)
    for paragraph in letter.paragraphs:
        for line in wrapped(paragraph, look.face, size, width - 2 * _EDGE):
            page.write(_EDGE, line)
            page.next()
        page.next(0.5)
    page.write(_EDGE, "Yours sincerely,")
    page.next(1.3)
    page.write(_EDGE, letter.signed)
    page.next()
    return page.svg()


def _blocks(page: _Page, address: Sequence[str], facts: Sequence[tuple[str, str]]) -> None:
    """An address at the left, facts with their names at the right."""
    right = page.width - _EDGE
    column = right - max(face(page.look.face).width(text, page.size) for _, text in facts) - page.size
    for number in range(max(len(address), len(facts))):
        if number < len(address):
            page.write(_EDGE, address[number])
        if number < len(facts):
            page.write(column, facts[number][0], at_end=True)
            page.write(right, facts[number][1], at_end=True)
        page.next()


def wrapped(text: str, face_name: str, size: float, width: float) -> Iterator[str]:
    """The lines of a text that are at most ``width`` pixels wide; a longer word has a line of its own."""
    line, used = "", face(face_name)
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if line and used.width(longer, size) > width:
            yield line
            longer = word
        line = longer
    if line:
        yield line
