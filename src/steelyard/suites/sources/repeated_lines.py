"""Headers and footers: lines that stand at the top or bottom of many pages, with the page's number or without."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

__all__ = ["without_repeated_lines"]

_ZONE: Final = 3  # lines at the top and at the bottom of a page
_MIN_PAGES: Final = 3
_SHARE: Final = 0.4  # of the pages: books have one header on even pages and another on odd ones
_MAX_LINE: Final = 200  # characters
_MAX_NUMBERS: Final = 6  # of one line
_NUMBER: Final = re.compile(r"[0-9]{1,6}")

_Key = tuple[bool, str, int | None]


def without_repeated_lines(pages: Sequence[str]) -> tuple[tuple[str, ...], int]:
    """The pages without their headers and footers, and how many lines that were.

    A line goes that stands among the first three or the last three of at least three pages and of .4 of all, the same
    or with a number that counts with the pages. Text that differs in other numbers (*Item 3 costs 7 euros*) stays.
    """
    lines = [page.split("\n") for page in pages]
    keys = [dict(_keys(each, number)) for number, each in enumerate(lines)]
    counts: Counter[_Key] = Counter()
    for of_page in keys:
        counts.update({key for found in of_page.values() for key in found})
    needed = max(_MIN_PAGES, _SHARE * len(pages))
    kept, removed = [], 0
    for each, of_page in zip(lines, keys, strict=True):
        repeated = {place for place, found in of_page.items() if any(counts[key] >= needed for key in found)}
        removed += len(repeated)
        kept.append("\n".join(line for place, line in enumerate(each) if place not in repeated).strip("\n"))
    return tuple(kept), removed


def _keys(lines: Sequence[str], page: int) -> Iterator[tuple[int, list[_Key]]]:
    """By the place of a line, what it may share with lines of other pages."""
    filled = [place for place, line in enumerate(lines) if line.strip()]
    top, bottom = filled[:_ZONE], filled[-_ZONE:]
    for place in dict.fromkeys(top + bottom):
        line = " ".join(lines[place].casefold().split())
        if len(line) > _MAX_LINE:
            continue
        found: list[_Key] = []
        for is_top in (True, False):
            if place not in (top if is_top else bottom):
                continue
            found.append((is_top, line, None))
            for number in list(_NUMBER.finditer(line))[:_MAX_NUMBERS]:
                masked = f"{line[: number.start()]}#{line[number.end() :]}"
                found.append((is_top, masked, int(number[0]) - page))
        yield place, found
