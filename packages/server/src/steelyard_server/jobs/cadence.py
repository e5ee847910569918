"""Plain words for the schedules that most people want: each day, each Monday, on a day of each month, at an hour."""

from __future__ import annotations

import re
from typing import Final

from steelyard.errors import InputError

__all__ = ["EACH", "WEEKDAYS", "cadence_in_words", "cron_of"]

WEEKDAYS: Final = {
    "MON": "Monday", "TUE": "Tuesday", "WED": "Wednesday", "THU": "Thursday", "FRI": "Friday", "SAT": "Saturday",
    "SUN": "Sunday",
}  # fmt: skip
EACH: Final = {"day": "each day", "week": "each week", "month": "each month", "cron": "as five fields of cron say"}
_TIME: Final = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_PLAIN: Final = re.compile(r"([0-5]?[0-9]) ([01]?[0-9]|2[0-3]) (\*|[1-9]|[12][0-9]) \* (\*|[A-Z]{3})")


def cron_of(each: str, at: str, weekday: str = "", day: str = "", cron: str = "") -> str:
    """The five fields of what was chosen; raises InputError where a choice is none.

    ``each`` is of :data:`EACH`; ``at`` is a time as 06:00; ``weekday`` counts for a week, ``day`` (1 to 28, which every
    month has) for a month, and ``cron`` where the fields are given themselves: what cron says of these is not checked.
    """
    if each == "cron":
        return cron
    if each not in EACH:
        raise InputError("a schedule is for each day, week or month, or has five fields of cron")
    found = _TIME.fullmatch(at)
    if found is None:
        raise InputError(f"a time is given as 06:00, on a clock of 24 hours, not {at[:20]!r}")
    moment = f"{int(found[2])} {int(found[1])}"
    if each == "day":
        return f"{moment} * * *"
    if each == "week":
        if weekday not in WEEKDAYS:
            raise InputError(f"a day of the week is one of {', '.join(WEEKDAYS)}, not {weekday[:20]!r}")
        return f"{moment} * * {weekday}"
    if not (day.isascii() and day.isdigit() and len(day) <= 2 and 1 <= int(day) <= 28):
        raise InputError(f"a day of the month is from 1 to 28, so that every month has it, not {day[:20]!r}")
    return f"{moment} {int(day)} * *"


def cadence_in_words(cron: str) -> str:
    """*each Monday at 06:00*; of other schedules their five fields."""
    found = _PLAIN.fullmatch(cron)
    if found is None:
        return cron
    minute, hour, day, weekday = found.groups()
    at = f"at {int(hour):02}:{int(minute):02}"
    if (day, weekday) == ("*", "*"):
        return f"each day {at}"
    if day == "*" and weekday in WEEKDAYS:
        return f"each {WEEKDAYS[weekday]} {at}"
    return f"on day {int(day)} of each month {at}" if day != "*" and weekday == "*" else cron
