"""Under which headings a place of a card stands: a table *Math* in a section *Thinking mode* was measured in that mode.

Headings of Markdown (marked by hashes, underlined, a line in bold letters, a tab) and of HTML (``<h1>`` to ``<h6>``),
and the summary of what folds, up to its end. The page's title is none: it names the model.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

__all__ = ["FENCE", "Headings", "level_of"]

FENCE: Final = re.compile(r"[ \t]*(```|~~~)(?!.*```)")  # not one that is closed on its line
_MARKED: Final = re.compile(r"[ \t]*(?P<hashes>#{1,6})[ \t]+(?P<text>.+?)[ \t#]*")
_BOLD: Final = re.compile(r"[ \t]*\*\*(?P<text>[^*|]+)\*\*:?[ \t]*")
_TAB: Final = re.compile(r"[ \t]*===[!+]? \"(?P<text>[^\"|]{1,200})\"[ \t]*")
_UNDERLINE: Final = re.compile(r" {0,3}(=+|-{3,})[ \t]*")
_NO_TITLE: Final = re.compile(r"\s*(?:[|#>\-*+<=]|\d+[.)]\s|\w+:(?:\s|$))|.*\|")  # a line of another kind
_HTML: Final = re.compile(
    r"<(?P<tag>h[1-6]|summary)\b[^<>]{0,300}>(?P<text>.{0,500}?)</(?P=tag)>|</(?P<end>details)>",
    re.IGNORECASE | re.DOTALL,
)
_HTML_LINE: Final = re.compile(r"\s*<h([1-6])\b", re.IGNORECASE)
_LOWEST: Final = 7  # of a line in bold letters
_MOST_FOLDS: Final = 8
_LONGEST: Final = 500  # characters of a line

Place = tuple[int, int]


class _Event(NamedTuple):
    """A heading of a level, the summary of a fold (level 0), or the end of one (no text)."""

    at: Place
    level: int
    text: str


class Headings:
    """The headings of a card without comments, by its places: line (from 1) and column."""

    def __init__(self, text: str) -> None:
        self._places: list[Place] = []
        self._above: list[tuple[str, ...]] = []
        found: list[_Event] = []
        folds: list[str] = []
        open_folds, is_title = 0, True
        for event in sorted((*_of_markdown(text.splitlines()), *_of_html(text))):
            if event.level:
                found = [each for each in found if each.level < event.level]
                found.append(event._replace(level=event.level if not is_title or event.level > 1 else -1))
                is_title = False
            elif event.text:
                open_folds += 1
                folds += [event.text] if len(folds) < _MOST_FOLDS else []
            elif open_folds:
                open_folds -= 1
                del folds[open_folds:]
            headings = [each.text for each in found if each.level > 0 or each is found[-1]]
            self._places.append(event.at)
            self._above.append((*folds, *headings))

    def above(self, place: Place) -> tuple[str, ...]:
        """What stands above a place, the widest first, as it is written."""
        at = bisect_left(self._places, place)
        return self._above[at - 1] if at else ()


def level_of(line: str) -> int:
    """The level of a heading that a line is, from 1 to 6, by hashes or in HTML; 0 where it is none."""
    if found := _MARKED.fullmatch(line[:_LONGEST]):
        return len(found["hashes"])
    return int(in_html[1]) if (in_html := _HTML_LINE.match(line)) else 0


def _of_markdown(lines: Sequence[str]) -> Iterator[_Event]:
    is_code = False
    start = _end_of_front_matter(lines)
    for number, line in enumerate(lines[start:], start + 1):
        line = line[:_LONGEST]
        if FENCE.match(line):
            is_code = not is_code
        if is_code:
            continue
        if found := _MARKED.fullmatch(line):
            yield _Event((number, 0), len(found["hashes"]), found["text"])
        elif found := _BOLD.fullmatch(line) or _TAB.fullmatch(line):
            yield _Event((number, 0), _LOWEST, found["text"])
        elif number > start + 1 and _UNDERLINE.fullmatch(line):
            before = lines[number - 2][:_LONGEST]
            if before.strip() and not _NO_TITLE.match(before):
                yield _Event((number - 1, 0), 1 if "=" in line else 2, before.strip())


def _end_of_front_matter(lines: Sequence[str]) -> int:
    """How many lines the settings in front of a page take."""
    if not lines or lines[0].rstrip() != "---":
        return 0
    return next((at + 1 for at in range(1, len(lines)) if lines[at].rstrip() in ("---", "...")), 0)


def _of_html(text: str) -> Iterator[_Event]:
    folded = text.casefold()
    if "<h" not in folded and "<summary" not in folded:
        return
    starts = [0, *(found.end() for found in re.finditer("\n", text))]  # lines as the standard parser counts them
    for found in _HTML.finditer(text):
        line = bisect_right(starts, found.start())
        at = (line, found.start() - starts[line - 1])
        if found["end"]:
            yield _Event(at, 0, "")
        elif found["text"].strip():
            level = 0 if found["tag"].casefold() == "summary" else int(found["tag"][1])
            yield _Event(at, level, found["text"])
