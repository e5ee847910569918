"""Times of day as people write them: 09:30, 9:30 Uhr, 9.30 Uhr, 9:30 am."""

from __future__ import annotations

import re

from steelyard.scorers.reading.statements import DRESS, SUBJECT

__all__ = ["is_time", "time_of"]

MAX_CHARACTERS = 120
_HALVES = {"a": 0, "p": 12}
_TIME = re.compile(
    r"(?P<hour>[0-9]{1,2})(?P<sep>[:.])(?P<minute>[0-9]{2})"
    r"(?:\s?(?P<half>[ap])\.?m|\s?(?P<clock>uhr|h|o['’]clock))?",
    re.IGNORECASE,
)
# What may stand before a time that is the answer; "vor", "ab" and "gegen" would make it a bound.
_STATED = re.compile(
    rf"\A(?:{SUBJECT} (?:ist|is|beginnt|startet|begins|starts|endet|ends|fährt|leaves|öffnet|opens|schließt|closes) )?"
    r"(?:[Uu]m |[Aa]t )?"
)


def time_of(text: str) -> int | None:
    """The minute of the day that a text is, where it is one time and nothing else; a point needs *Uhr* or *am*."""
    found = _TIME.fullmatch(text.strip(" .!"))
    if found is None or (found["sep"] == "." and not (found["half"] or found["clock"])):
        return None
    hour, minute = int(found["hour"]), int(found["minute"])
    if found["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + _HALVES[found["half"].lower()]
    return 60 * hour + minute if hour < 24 and minute < 60 else None


def is_time(text: str, target: str) -> bool:
    """Whether a text is the target's time, alone or at the end of a short plain sentence."""
    wanted = time_of(target)
    if wanted is None or len(text) > MAX_CHARACTERS:
        return False
    plain = " ".join(DRESS.sub("", text).split())
    return time_of(_STATED.sub("", plain)) == wanted
