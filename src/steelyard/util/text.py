"""Making untrusted text safe to show: bounded, without control characters."""

from __future__ import annotations

import unicodedata

__all__ = ["one_line", "printable"]


def one_line(text: str, limit: int = 400) -> str:
    """Make untrusted text safe to show: one line, nothing invisible, at most ``limit`` characters.

    Every run of white space becomes one space; control characters (so also escape sequences), bidirectional overrides,
    zero-width characters, lone surrogates and unassigned code points become U+FFFD.
    """
    spaced = " ".join(text[: 8 * limit].split())
    shown = _without_invisible(spaced)
    return shown if len(shown) <= limit else shown[: limit - 1].rstrip() + "…"


def _without_invisible(line: str) -> str:
    if line.isprintable():  # nearly always, and much faster
        return line
    return "".join(character if _visible(character) else "\N{REPLACEMENT CHARACTER}" for character in line)


def _visible(character: str) -> bool:
    # Combining marks count as printable; stacked without end they cover their neighbours, but only in one line.
    return character.isprintable() or unicodedata.category(character) == "Zs"


def printable(text: str, limit: int = 2000) -> str:
    """Make untrusted text safe to show in several lines: its line breaks stay, and of the rest only what is visible.

    A text of more than ``limit`` characters is cut, with the number of those that were left out.
    """
    lines = text[:limit].replace("\r\n", "\n").expandtabs(4).split("\n")
    left = len(text) - limit
    return "\n".join(map(_without_invisible, lines)) + (f" … ({left:,} more characters)" if left > 0 else "")
