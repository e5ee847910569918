"""The quotations of an answer: what stands in quotation marks, in a block quote, or behind a label such as *Quote:*."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

__all__ = ["Quotation", "quotations_in", "without"]

MAX_QUOTATIONS: Final = 50
TITLE_WORDS: Final = 6  # behind "Source:", fewer may be a title
# None holds an empty line: an odd mark, as of inches, then ends with its paragraph.
_PAIRS: Final = (("“", "”“"), ("„", "“”"), ("«", "»"), ("»", "«"), ("‹", "›"), ("「", "」"), ("『", "』"), ('"', '"'))
_MARKED: Final = re.compile(
    "|".join(rf"{opening}((?:[^{opening}{closing}\n]|\n(?!\s*\n))+)[{closing}]" for opening, closing in _PAIRS)
)
_BLOCK: Final = re.compile(r"^[ \t]{0,3}>[ \t]?([^\n]*)(?:\n|\Z)", re.MULTILINE)
_LABEL: Final = re.compile(
    r"^[ \t*_#>-]*(?:(?P<quote>(?:exact |supporting )?(?:quote|quotation)|zitat|citation|cita)"
    r"|source|evidence|support|reference|beleg|quelle|preuve)[ \t]*[*_]*:[ \t*_]*(?P<text>[^\n]*)",
    re.MULTILINE | re.IGNORECASE,
)
_WORDS: Final = re.compile(r"\w+")
_LINE_OF_MARKS: Final = re.compile(r'"([^\n]*)"')


@dataclass(frozen=True, slots=True)
class Quotation:
    """A text that an answer quotes, and where it stands there, with its marks.

    ``named``: a label or a block quote says that it is one. ``doubtful``: it may be a remark on the source instead.
    """

    text: str
    start: int
    end: int
    named: bool = False
    doubtful: bool = False


def quotations_in(text: str) -> list[Quotation]:
    """The quotations of a text in order, at most 50."""
    found = _labelled(text) + _blocks(text)
    taken = [(each.start, each.end) for each in found]
    for match in _MARKED.finditer(text):
        content = next(group for group in match.groups() if group is not None)
        if not any(start <= match.start() < end for start, end in taken):
            found.append(Quotation(content, match.start(), match.end()))
    return sorted(found, key=lambda each: each.start)[:MAX_QUOTATIONS]


def without(text: str, quotations: list[Quotation]) -> str:
    """A text without its quotations."""
    for each in sorted(quotations, key=lambda each: each.start, reverse=True):
        text = f"{text[: each.start]} {text[each.end :]}"
    return text


def _labelled(text: str) -> list[Quotation]:
    found = []
    for match in _LABEL.finditer(text):
        if (opened := _MARKED.match(text, match.start("text"))) and opened.end() > match.end():  # of several lines
            quoted = next(filter(None, opened.groups()))
            found.append(Quotation(quoted, match.start(), opened.end(), named=True))
            continue
        content = match["text"].strip(" \t*_")
        marked = [next(filter(None, each.groups())) for each in _MARKED.finditer(content)]
        whole = _LINE_OF_MARKS.fullmatch(content.rstrip(" .,;"))
        if len(marked) == 1 and len(marked[0]) + 2 >= len(content.rstrip(" .,;")):
            quoted = marked[0]
        elif whole:  # a quotation that holds marks of the same kind
            quoted = whole[1]
        elif not content or _MARKED.match(content):  # what stands in marks is a quotation without the label
            continue
        else:
            quoted = content
        is_title = match["quote"] is None and (not (marked or whole) or len(_WORDS.findall(quoted)) < TITLE_WORDS)
        is_remark = quoted == content and bool(marked)  # 'see "…"', or a quotation that holds marks
        found.append(Quotation(quoted, match.start(), match.end(), named=True, doubtful=is_title or is_remark))
    return found


def _blocks(text: str) -> list[Quotation]:
    """Lines that begin with ``>``, those that follow one another as one."""
    found: list[Quotation] = []
    for match in _BLOCK.finditer(text):
        if _LABEL.match(match[0]):
            continue
        content = match[1].strip()
        if found and found[-1].end == match.start():
            last = found.pop()
            found.append(Quotation(f"{last.text}\n{content}", last.start, match.end(), named=True))
        else:
            found.append(Quotation(content, match.start(), match.end(), named=True))
    return [each for each in found if each.text.strip()]
