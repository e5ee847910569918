"""One spelling for characters that look the same, so that each rule needs to know only the plain one.

Documents write ``DE89 3704`` with narrow spaces, dashes of five lengths, full-width digits, and hide soft hyphens and
zero-width characters inside an address. The plain text has none of these, and every place in it has its place in the
original.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

__all__ = ["PlainText", "plain_text"]

_LAST = 0x20000  # no digit, dash or space is beyond


@dataclass(frozen=True, slots=True)
class PlainText:
    """A text in plain characters; ``places[i]`` is where its character ``i`` is in the original (none: the same)."""

    text: str
    places: Sequence[int] | None = None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The half-open span of the original that the half-open span ``start`` … ``end`` (not empty) comes from."""
        return (start, end) if self.places is None else (self.places[start], self.places[end - 1] + 1)


def plain_text(text: str) -> PlainText:
    """Fold spaces, dashes, decimal digits and full-width forms to ASCII; leave out what is invisible (category Cf)."""
    if text.isascii():
        return PlainText(text)
    same_length, invisible = _tables()
    folded = text.translate(same_length)
    if invisible.isdisjoint(text):
        return PlainText(folded)
    places = [place for place, character in enumerate(text) if character not in invisible]
    return PlainText("".join([folded[place] for place in places]), places)


@cache
def _tables() -> tuple[dict[int, str], frozenset[str]]:
    table: dict[int, str] = {0x2212: "-", 0x00B7: "."}  # the minus sign; a dot between digits
    invisible: set[str] = set()
    for code in range(0x80, _LAST):
        character = chr(code)
        category = unicodedata.category(character)
        if category == "Nd":
            table[code] = str(unicodedata.digit(character))
        elif category == "Zs":
            table[code] = " "
        elif category == "Pd":
            table[code] = "-"
        elif category == "Cf":
            invisible.add(character)
        elif 0xFE50 <= code <= 0xFFEF:
            plain = unicodedata.normalize("NFKC", character)
            if len(plain) == 1 and plain.isascii():
                table[code] = plain
    return table, frozenset(invisible)
