"""Cells of a workbook as texts, as far as their number format decides what they show (ECMA-376, part 1, 18.8.31).

Percent, leading zeros and decimals are as shown; thousands separators, currency and units are left off, and a date is
written as ISO 8601 does. Whether *true* shows as TRUE or WAHR is the program's language, which no file states.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

__all__ = ["TRUTHS", "shown"]

# How a program shows true and false, in English and German.
TRUTHS: Final = {False: ("TRUE", "FALSE"), True: ("WAHR", "FALSCH")}
_LEFT_OUT: Final = re.compile(r'\[[^\]]*\]|_.|\*.|"[^"]*"|\\.')  # colours and locales, padding, literal texts
_NUMBER: Final = re.compile(r"(?P<whole>[#0?][#0?,]*)(?P<decimals>\.[#0?]+)?")
_SPACED_PERCENT: Final = re.compile("[ \u00a0\u202f]%")
_UNUSUAL: Final = re.compile(r"[Ee][+-]|/|,(?![#0?])")  # powers, fractions, thousands: the value itself is clearer


def shown(value: Any, number_format: str | None = None, *, german: bool = False) -> str:
    """What a cell with this value and number format shows; an empty text for an empty cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return TRUTHS[german][not value]
    if isinstance(value, (int, float)):
        return _number(value, number_format or "")
    if isinstance(value, datetime):
        day, clock = value.date().isoformat(), _clock(value.time())
        return day if value.time() == time() else f"{day} {clock}"
    if isinstance(value, time):
        return _clock(value)
    return value.isoformat() if isinstance(value, date) else _duration(value)


def _clock(value: time) -> str:
    return value.isoformat("seconds" if value.second else "minutes")


def _duration(value: Any) -> str:
    """``[h]:mm`` shows 25:30; whatever else a cell holds is a text already."""
    if not isinstance(value, timedelta):
        return str(value)
    minutes, seconds = divmod(int(value.total_seconds()), 60)
    text = f"{minutes // 60}:{minutes % 60:02}"
    return f"{text}:{seconds:02}" if seconds else text


def _number(value: float, number_format: str) -> str:
    literal = _LEFT_OUT.sub("", number_format.split(";")[0].replace("\\ ", " "))
    found = re.search(_NUMBER, literal)
    if found is None or _UNUSUAL.search(literal) or abs(value) >= 1e15:
        return _general(value)
    decimals = found["decimals"] or ""
    is_percent = "%" in literal
    scaled = Decimal(str(value)) * (100 if is_percent else 1)
    text = f"{scaled.quantize(Decimal(1).scaleb(-max(len(decimals) - 1, 0)), ROUND_HALF_UP):f}"
    for _ in range(decimals.count("#")):
        text = text.removesuffix("0")
    text = text.removesuffix(".")
    if "," not in found["whole"]:
        text = _padded(text, found["whole"].count("0"))
    if is_percent:
        text += " %" if _SPACED_PERCENT.search(literal) else "%"
    return text


def _padded(text: str, digits: int) -> str:
    """With leading zeros, so that the whole part has so many digits."""
    sign, whole = ("-", text[1:]) if text.startswith("-") else ("", text)
    before, point, after = whole.partition(".")
    return f"{sign}{before.rjust(digits, '0')}{point}{after}"


def _general(value: float) -> str:
    """Whole numbers without a point."""
    if abs(value) < 1e15 and value == int(value):
        return str(int(value))
    return str(value)
