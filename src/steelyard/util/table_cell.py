"""Texts of others in tables that people open in a spreadsheet: shown as text, never evaluated."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["cell_text", "text_cell"]

# What a spreadsheet takes for a formula (OWASP, CSV injection); the last four are the wide forms of the first.
_FORMULA: Final = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER: Final = re.compile(r"[+-]\d{1,40}(\.\d{1,40})?", re.ASCII)


def text_cell(text: str) -> str:
    """A text as a cell: with an apostrophe before it where a spreadsheet would evaluate it; a number stays one."""
    return "'" + text if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def cell_text(cell: str) -> str:
    """The text that :func:`text_cell` made this cell of; a cell that begins with no such apostrophe is the text."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
