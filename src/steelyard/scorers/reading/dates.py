"""Dates as people write them: 1999-07-20, 20.07.1999, 7/20/1999, July 20, 1999, 20. Juli 1999."""

from __future__ import annotations

import re

__all__ = ["Date", "dates_in", "dates_of"]

Date = tuple[int, int, int]  # year, month, day

_MONTHS = """
january february march april may june july august september october november december
jan feb mar apr mai jun jul aug sep oct nov dec
januar februar märz april mai juni juli august september oktober november dezember
janvier février mars avril mai juin juillet août septembre octobre novembre décembre
enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
"""
MONTHS = {word: number for line in _MONTHS.strip().split("\n") for number, word in enumerate(line.split(), 1)}
_ISO = r"(?<![0-9])(?P<iy>[0-9]{4})[-/. 年][ ]?(?P<im>[0-9]{1,2})[-/. 月][ ]?(?P<id>[0-9]{1,2})日?(?![0-9])"
_DAY_FIRST = (
    r"(?<![0-9./-])(?P<n1>[0-9]{1,2})[ ]?(?P<sep>[./-])[ ]?(?P<n2>[0-9]{1,2})(?P=sep)[ ]?"
    r"(?P<ny>[0-9]{4}|[0-9]{2})(?![0-9]|[./-][0-9])"
)
_DAY_WORD = (
    r"(?<![0-9])(?P<wd>[0-9]{1,2})(?:\.|[ ]?(?:st|nd|rd|th|er|de))?[ ](?:(?:of|de)[ ])?(?P<wm>[^\W\d_]{3,10})\.?,?"
    r"[ ](?:de[ ])?(?P<wy>[0-9]{4})(?![0-9])"
)
_WORD_DAY = (
    r"(?<![^\W\d_])(?P<mm>[^\W\d_]{3,10})\.?[ ](?P<md>[0-9]{1,2})(?:[ ]?(?:st|nd|rd|th))?,?[ ](?P<my>[0-9]{4})(?![0-9])"
)
_ANY = re.compile("|".join((_ISO, _DAY_FIRST, _DAY_WORD, _WORD_DAY)))


def dates_of(text: str) -> frozenset[Date]:
    """The dates that a text can mean, where it is one date and nothing else; 3/4/1999 can mean two."""
    found = _ANY.fullmatch(text.strip().casefold())
    return frozenset() if found is None else _dates(found)


def dates_in(text: str) -> list[frozenset[Date]]:
    """The dates of a text in order, each with all that it can mean."""
    plain = re.sub(r"[*_`]", "", text.casefold())
    return [days for found in _ANY.finditer(plain) if (days := _dates(found))]


def _dates(found: re.Match[str]) -> frozenset[Date]:
    if found["iy"]:
        return _valid((int(found["iy"]), int(found["im"]), int(found["id"])))
    if found["n1"]:
        one, other, year = int(found["n1"]), int(found["n2"]), _full_year(found["ny"])
        day_first = _valid((year, other, one))
        return day_first if found["sep"] == "." else day_first | _valid((year, one, other))
    if found["wd"]:
        return _named(found["wm"], found["wd"], found["wy"])
    return _named(found["mm"], found["md"], found["my"])


def _named(month: str, day: str, year: str) -> frozenset[Date]:
    return _valid((int(year), MONTHS[month], int(day))) if month in MONTHS else frozenset()


def _full_year(year: str) -> int:
    return int(year) if len(year) == 4 else 2000 + int(year) if int(year) < 70 else 1900 + int(year)


def _valid(date: Date) -> frozenset[Date]:
    _, month, day = date
    return frozenset((date,)) if 1 <= month <= 12 and 1 <= day <= 31 else frozenset()
