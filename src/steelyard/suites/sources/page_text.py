"""Text as a page shows it, made into text as a person would type it: the text that spans count in.

Ligatures become letters, words that a line end divides become whole, lines of one paragraph become one line, and what
is invisible goes. Every function is linear in its text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["Vocabulary", "joined_lines", "plain_text", "vocabulary_of", "without_hyphenation"]

_LIGATURES: Final = {
    "\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl", "\ufb05": "st", "\ufb06": "st",
}  # fmt: skip
_CONTROLS: Final = (*range(0x09), 0x0B, *range(0x0E, 0x20), *range(0x7F, 0x85), *range(0x86, 0xA0), 0xAD, 0x180E)
_FORMATS: Final = (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF)
_OTHERS: Final = (*range(0xD800, 0xE000), *range(0xFFF0, 0xFFFC), *range(0xE0000, 0xE0080))
_SPACES: Final = dict.fromkeys([0x09, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], " ")
_LINE_ENDS: Final = dict.fromkeys([0x0C, 0x85, 0x2028, 0x2029], "\n")
_INVISIBLE: Final = dict.fromkeys((*_CONTROLS, *_FORMATS, *_OTHERS))
_TABLE: Final = {**{ord(sign): letters for sign, letters in _LIGATURES.items()}, **_INVISIBLE, **_SPACES, **_LINE_ENDS}
# PDFium writes a hyphen that ends a line as one of these.
_LINE_HYPHEN: Final = re.compile("[\x02\ufffe](?:\r\n?|\n)?")
_BLANKS: Final = re.compile(r" {2,}")
_AROUND_LINE_END: Final = re.compile(r" *\n *")
_MANY_LINE_ENDS: Final = re.compile(r"\n{3,}")
_DIVIDED: Final = re.compile(r"([^\W_]+)-\n([^\W_]+)")
_HYPHENATED: Final = re.compile(r"[^\W_]+(?:-[^\W_]+)+")
_WORD: Final = re.compile(r"[^\W_]+")
# "Haupt- und Nebeneingang", "two- or three-year": the hyphen stands for the rest of the word.
_SUSPENDED: Final = frozenset(("und", "oder", "bzw", "sowie", "bis", "and", "or", "to", "et", "ou", "y", "o", "e"))
_ITEM: Final = re.compile(r"(?:[•◦▪‣·*–-]|\(?[0-9]{1,3}[.)]|\(?[a-z][.)])\s")
_FULL_LINE: Final = 0.75  # of the page's long lines: a line that is shorter ends its paragraph


def plain_text(text: str) -> str:
    """A text with plain line ends, spaces and letters, composed (NFC), without what is invisible.

    More than one blank line becomes one, several spaces become one; white space at both ends goes.
    """
    text = _LINE_HYPHEN.sub("-\n", text).replace("\r\n", "\n").replace("\r", "\n")
    text = unicodedata.normalize("NFC", text.translate(_TABLE))
    text = _AROUND_LINE_END.sub("\n", _BLANKS.sub(" ", text))
    return _MANY_LINE_ENDS.sub("\n\n", text).strip()


@dataclass(frozen=True)
class Vocabulary:
    """The words of a document in small letters: those with a hyphen within a line, and all without one.

    ``divides``: it divides words at line ends; else the hyphens there are the words' own.
    """

    hyphenated: frozenset[str]
    whole: frozenset[str]
    divides: bool


def vocabulary_of(pages: Sequence[str]) -> Vocabulary:
    """The vocabulary of a document's pages."""
    hyphenated: set[str] = set()
    whole: set[str] = set()
    for page in pages:
        small = _DIVIDED.sub(" ", page).casefold()
        hyphenated.update(_HYPHENATED.findall(small))
        whole.update(_WORD.findall(small))
    divided = (found for page in pages for found in _DIVIDED.finditer(page))
    divides = any(f"{found[1]}{found[2]}".casefold() in whole for found in divided)
    return Vocabulary(frozenset(hyphenated), frozenset(whole), divides)


def without_hyphenation(page: str, words: Vocabulary) -> str:
    """A page on which words that a line end divides are whole again.

    The hyphen stays before a capital letter or a digit (``E-Mail``, ``COVID-19``), before *and* or *und* (``Haupt- und
    Nebeneingang``), where the document writes the word with it elsewhere and not without, and where it divides no words
    and has both parts as words (``feature-specific``).
    """

    def joined(found: re.Match[str]) -> str:
        first, second = found[1], found[2]
        if second.casefold() in _SUSPENDED:
            return f"{first}- {second}"
        return f"{first}-{second}" if _keeps_hyphen(first, second, words) else first + second

    return _DIVIDED.sub(joined, page)


def _keeps_hyphen(first: str, second: str, words: Vocabulary) -> bool:
    if not second[0].islower():
        return True
    if (first + second).casefold() in words.whole:
        return False
    if f"{first}-{second}".casefold() in words.hyphenated:
        return True
    return not words.divides and {first.casefold(), second.casefold()} <= words.whole


def joined_lines(page: str) -> str:
    """A page whose lines are paragraphs: lines of text that runs on are joined, a blank line stands between the rest.

    A paragraph ends at a blank line, before an item of a list, and after a line that is much shorter than the page's
    long ones; a short line that ends no sentence is a heading, or a row of a table.
    """
    lines = page.split("\n")
    long = _long_line([line for line in lines if line])
    paragraphs: list[list[str]] = []
    is_open = False
    for line in lines:
        if not line:
            is_open = False
            continue
        if is_open and not _ITEM.match(line):
            paragraphs[-1].append(line)
        else:
            paragraphs.append([line])
        is_open = len(line) >= _FULL_LINE * long
    return "\n\n".join(map(_joined, paragraphs))


def _joined(lines: Sequence[str]) -> str:
    return " ".join(lines)


def _long_line(lines: Sequence[str]) -> int:
    """The length that nine of ten lines do not exceed."""
    lengths = sorted(map(len, lines))
    return lengths[(len(lengths) * 9 - 1) // 10] if lengths else 0
