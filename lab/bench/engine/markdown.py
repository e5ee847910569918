"""What a command prints, put where a document has a place for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from steelyard.errors import InputError

__all__ = ["table", "verdicts", "write_section"]


def write_section(path: Path, name: str, text: str) -> None:
    """Put ``text`` between the markers ``<!-- NAME -->`` and ``<!-- /NAME -->``; create a missing document."""
    opening, closing = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    document = path.read_text() if path.is_file() else opening + closing
    before, found, rest = document.partition(opening)
    _, ended, after = rest.partition(closing)
    if not (found and ended):
        raise InputError(f"has no place {opening.strip()} … {closing.strip()} for the tables", where=path)
    path.write_text(f"{before}{opening}{text.strip()}\n{closing}{after}")


def table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]], left: int, note: str = "") -> str:
    """A table whose first ``left`` columns are words and whose others are numbers."""
    lines = [f"**{title}**", "", _line(headings), "|" + "---|" * left + "---:|" * (len(headings) - left)]
    return "\n".join([*lines, *map(_line, rows), "", *([note, ""] if note else [])])


def verdicts(lines: Sequence[str]) -> str:
    """PASS and FAIL, as printed."""
    return "\n".join(["```text", *lines, "```"])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
