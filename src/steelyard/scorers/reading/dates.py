"""Dates as people write them: 1999-07-20, 20.07.1999, 7/20/1999, July 20, 1999, 20. Juli 1999."""

from __future__ import annotations

import re

__all__ = ["dates_of"]

Date = tuple[int, int, int]  # year, month, day

_MONTHS = """
january february march april may june july august september october november december
jan feb mar apr mai jun jul aug sep oct nov dec
januar februar märz april mai juni juli august september oktober november dezember
janvier février mars avril mai juin juillet août septembre octobre novembre décembre
"""
MONTHS = {word: number for line in _MONTHS.strip().split("\n") for number, word in enumerate(line.split(), 1)}
_ISO = re.compile(r"([0-9]{4})[-/. 年]([0-9]{1,2})[-/. 月]([0-9]{1,2})日?")
_DAY_FIRST = re.compile(r"([0-9]{1,2})([./-])([0-9]{1,2})\2([0-9]{4})")
_DAY_WORD = re.compile(r"([0-9]{1,2})(?:\.|st|nd|rd|th|er)?[ ](?:of[ ])?([^\W\d_]{3,9})\.?,?[ ]([0-9]{4})")
_WORD_DAY = re.compile(r"([^\W\d_]{3,9})\.?[ ]([0-9]{1,2})(?:st|nd|rd|th)?,?[ ]([0-9]{4})")


def dates_of(text: str) -> frozenset[Date]:
    """The dates that a text can mean, where it is one date and nothing else; 3/4/1999 can mean two."""
    text = text.strip().casefold()
    if found := _ISO.fullmatch(text):
        return _valid((int(found[1]), int(found[2]), int(found[3])))
    if found := _DAY_FIRST.fullmatch(text):
        one, other, year = int(found[1]), int(found[3]), int(found[4])
        day_first = _valid((year, other, one))
        return day_first if found[2] == "." else day_first | _valid((year, one, other))
    if (found := _DAY_WORD.fullmatch(text)) and found[2] in MONTHS:
        return _valid((int(found[3]), MONTHS[found[2]], int(found[1])))
    if (found := _WORD_DAY.fullmatch(text)) and found[1] in MONTHS:
        return _valid((int(found[3]), MONTHS[found[1]], int(found[2])))
    return frozenset()


def _valid(date: Date) -> frozenset[Date]:
    _, month, day = date
    return frozenset((date,)) if 1 <= month <= 12 and 1 <= day <= 31 else frozenset()
