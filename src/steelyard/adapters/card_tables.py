"""The tables of a model card: pipe tables of Markdown, ``<table>`` of HTML, and CSV, as cells of plain text.

Every cell keeps its line, so that a reader finds each number again. What is set in superscript stays apart from the
number before it (``85.5<sup>2</sup>`` is ``85.5 ^{2}``, not 85.52). Text of others is only read, and bounded.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser

from steelyard.adapters.card_headings import FENCE, Headings
from steelyard.util.text import one_line

__all__ = ["Cell", "Table", "plain", "table_of_rows", "tables_in", "without_comments"]

MAX_CELL = 2000  # characters
MAX_COLUMNS = 200
MAX_ROWSPAN = 500
MAX_CELLS = 200_000  # of one table
MAX_HEADINGS = 1_000  # characters

# What the standard parser needs a square of time for, or raises at: a "<" that begins no short tag.
NO_TAG = re.compile(r"<(?!/?[A-Za-z][^<>]{0,1000}>)")
HYPHENS = re.compile(r":?-*:?")
NO_PIPE = re.compile(r"\\\|")


@dataclass(frozen=True)
class Cell:
    """The text of one cell, and the line of the file where it begins (from 1)."""

    text: str
    line: int


@dataclass(frozen=True)
class Table:
    """One table: rows of the head, and rows of the body, each with all columns. ``number`` counts from 1.

    ``headings`` are those that it stands under, the widest first. ``own_task`` is the id of a task of whoever reads it,
    whose name is known in it beside those of benchmarks.
    """

    number: int
    line: int
    headings: tuple[str, ...]
    head: tuple[tuple[Cell, ...], ...]
    rows: tuple[tuple[Cell, ...], ...]
    own_task: str = ""

    @property
    def heading(self) -> str:
        """The nearest heading; empty where it stands under none."""
        return self.headings[-1] if self.headings else ""

    @property
    def columns(self) -> int:
        """How many columns it has."""
        return max((len(row) for row in (*self.head, *self.rows)), default=0)

    @property
    def place(self) -> str:
        """``table 2 (line 63: Chat Model)``."""
        return f"table {self.number} (line {self.line}{': ' if self.heading else ''}{one_line(self.heading, 80)})"

    @property
    def source(self) -> str:
        """Its place with all that stands above it: ``table 2 (line 63: Thinking mode / Chat Model)``."""
        above = one_line(" / ".join(self.headings), MAX_HEADINGS).replace(";", ",")  # which would end a footnote
        return f"table {self.number} (line {self.line}{': ' if above else ''}{above})"


def tables_in(text: str) -> list[Table]:
    """Every table of a card in Markdown or HTML, in its order."""
    text = NO_TAG.sub("&lt;", without_comments(text)) if "<" in text else text
    found = [*_pipe_tables(text.splitlines()), *_html_tables(text)]
    headings = Headings(text)
    tables: list[Table] = []
    for place, head, rows in sorted(found, key=lambda table: table[0]):
        above = tuple(words for each in headings.above(place) if (words := plain(each)))
        tables.append(Table(len(tables) + 1, place[0], above, tuple(head), tuple(rows)))
    return tables


def without_comments(text: str, begin: str = "<!--", close: str = "-->") -> str:
    """What a reader of the page sees, without comments or another part of it; lines stay where they are."""
    parts, at = [], 0
    while (start := text.find(begin, at)) >= 0 and (end := text.find(close, start + len(begin))) >= 0:
        parts += [text[at:start], "\n" * text.count("\n", start, end)]
        at = end + len(close)
    return "".join((*parts, text[at:]))


def table_of_rows(rows: Iterable[Sequence[str]], first_line: int) -> Table:
    """One table whose first row is its head, as CSV has it."""
    cells = [
        tuple(Cell(plain(text[:MAX_CELL]), line) for text in row[:MAX_COLUMNS])
        for line, row in enumerate(rows, first_line)
        if any(text.strip() for text in row)
    ]
    return Table(1, first_line, (), tuple(cells[:1]), tuple(cells[1:]))


# ── Markdown ────────────────────────────────────────────────────────────────────────────────────────────────────────

Found = tuple[tuple[int, int], list[tuple[Cell, ...]], list[tuple[Cell, ...]]]  # line and column, head, body


def _pipe_tables(lines: Sequence[str]) -> Iterator[Found]:
    """A line with a pipe, a line of hyphens below it, and every line with a pipe after that."""
    is_code, number = False, 0
    while number < len(lines):
        line = lines[number]
        is_code ^= FENCE.match(line) is not None
        below = lines[number + 1] if number + 1 < len(lines) else ""
        if is_code or "|" not in line or not _is_separator(below):
            number += 1
            continue
        end = number + 2
        while end < len(lines) and "|" in lines[end] and not FENCE.match(lines[end]):
            end += 1
        rows = [_pipe_row(lines[at], at + 1) for at in range(number + 2, end)]
        yield (number + 1, 0), [_pipe_row(line, number + 1)], rows
        number = end


def _is_separator(line: str) -> bool:
    """Whether this is the line below a head: hyphens between pipes. One pattern for it would try every division."""
    cells = [cell.strip() for cell in line.strip().removeprefix("|").split("|")]
    return "|" in line and "-" in cells[0] and all(HYPHENS.fullmatch(cell) for cell in cells)


def _pipe_row(line: str, number: int) -> tuple[Cell, ...]:
    text = NO_PIPE.sub("\N{BROKEN BAR}", line).strip()
    text = text.removeprefix("|")
    parts = (text[:-1] if text.endswith("|") else text).split("|")
    return tuple(Cell(plain(part[:MAX_CELL]), number) for part in parts[:MAX_COLUMNS])


IMAGE = re.compile(r"!\[([^\[\]]*)\](\([^()]*\)|\[[^\[\]]*\])")
LINK = re.compile(r"\[([^\[\]]*)\](\([^()]*\)|\[[^\[\]]*\])")
FOOTNOTE = re.compile(r"\[\^([^\[\]]{1,20})\]")
SUPERSCRIPT = re.compile(r"<sup>(.*?)</sup>", re.IGNORECASE)
SUBSCRIPT = re.compile(r"<sub>", re.IGNORECASE)
TAG = re.compile(r"<[^<>]{0,300}>")
BREAK = re.compile(r"<br ?/?>", re.IGNORECASE)
ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+.!|~<>-])")
STRONG = re.compile(r"(\*\*\*|\*\*|~~|`)(.+?)\1")
EMPHASIS = re.compile(r"(?<![\w*_])([*_]{1,3})([^\s*_](?:[^*_]*[^\s*_])?)\1(?![\w*_])")


def plain(text: str) -> str:
    """The text of a cell without Markdown and HTML: ``**85.5**<sup>2</sup>`` is ``85.5 ^{2}``."""
    text = IMAGE.sub(r"\1", text)
    text = LINK.sub(r"\1", text)
    text = FOOTNOTE.sub(r" ^{\1}", text)
    text = BREAK.sub(" ", text)
    text = SUPERSCRIPT.sub(lambda found: f" ^{{{TAG.sub('', found[1])}}}", text)
    text = html.unescape(TAG.sub("", SUBSCRIPT.sub(" ", text)))
    text = ESCAPE.sub(lambda found: f"\N{ZERO WIDTH SPACE}{found[1]}", text)
    text = STRONG.sub(r"\2", text).strip()
    text = EMPHASIS.sub(r"\2", text)
    return " ".join(text.replace("\N{ZERO WIDTH SPACE}", "").split())


# ── HTML ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _html_tables(text: str) -> Iterator[Found]:
    if "<table" not in text.casefold():
        return
    reader = _TableReader()
    reader.feed(text)
    reader.close()
    for table in reader.tables:
        grid = list(_spread(table.rows))
        heads = [is_head for _, is_head in table.rows]
        of_head = heads.index(False) if False in heads else len(heads)
        of_head = max(1, of_head)
        if len(grid) > of_head:
            yield table.place, grid[:of_head], grid[of_head:]


@dataclass
class _HtmlCell:
    line: int
    columns: int
    rows: int
    text: str = ""


class _HtmlTable:
    """The cells of one table as they are written: each row, and whether it belongs to the head."""

    def __init__(self, place: tuple[int, int]) -> None:
        self.place = place  # line and column
        self.rows: list[tuple[list[_HtmlCell], bool]] = []
        self.cells = 0


class _TableReader(HTMLParser):
    """Collects the outermost tables; what stands in a table inside a cell is that cell's text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[_HtmlTable] = []
        self._depth = 0
        self._in_head = False
        self._cell: _HtmlCell | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._depth += 1
            if self._depth == 1:
                self.tables.append(_HtmlTable(self.getpos()))
        elif self._depth == 1:
            self._inside(tag, dict(attrs))
        if self._cell is not None and tag in ("br", "p", "div", "li", "sub"):
            self._cell.text += " "
        if self._cell is not None and tag == "sup":
            self._cell.text += " ^{"

    def _inside(self, tag: str, attributes: dict[str, str | None]) -> None:
        table = self.tables[-1]
        if tag in ("thead", "tbody"):
            self._in_head = tag == "thead"
        elif tag == "tr":
            self._cell = None
            table.rows.append(([], True))
        elif tag in ("td", "th") and table.cells < MAX_CELLS:
            if not table.rows:
                table.rows.append(([], True))
            row, is_head = table.rows[-1]
            table.rows[-1] = row, is_head and (tag == "th" or self._in_head)
            self._cell = _HtmlCell(
                self.getpos()[0],
                _span(attributes.get("colspan"), MAX_COLUMNS),
                _span(attributes.get("rowspan"), MAX_ROWSPAN),
            )
            row.append(self._cell)
            table.cells += 1

    def handle_endtag(self, tag: str) -> None:
        if self._cell is not None and tag == "sup" and " ^{" in self._cell.text:
            self._cell.text += "}"
        if tag == "table" and self._depth:
            self._depth -= 1
        if self._depth == 1 and tag == "thead":
            self._in_head = False
        if self._depth == 0 or (self._depth == 1 and tag in ("td", "th", "tr")):
            self._cell = None

    def handle_data(self, data: str) -> None:
        if self._cell is not None and len(self._cell.text) < MAX_CELL:
            self._cell.text += data


def _span(stated: str | None, most: int) -> int:
    return min(max(1, int(stated)), most) if stated and stated.isascii() and stated.isdigit() else 1


def _spread(rows: Iterable[tuple[list[_HtmlCell], bool]]) -> Iterator[tuple[Cell, ...]]:
    """Rows in which a cell that spans several places stands in each of them."""
    below: dict[int, tuple[Cell, int]] = {}  # column → the cell above that reaches down, and for how many rows still
    for cells, _ in rows:
        row: dict[int, Cell] = {}
        after: dict[int, tuple[Cell, int]] = {}
        for column, (cell, left) in below.items():
            row[column] = cell
            if left > 1:
                after[column] = cell, left - 1
        column = 0
        for written in cells:
            while column in row:
                column += 1
            cell = Cell(" ".join(written.text.split())[:MAX_CELL], written.line)
            for place in range(column, min(column + written.columns, MAX_COLUMNS)):
                row[place] = cell
                if written.rows > 1:
                    after[place] = cell, written.rows - 1
            column += written.columns
        below = after
        if row:
            yield tuple(row.get(place, Cell("", 0)) for place in range(max(row) + 1))
