"""When a schedule is due: five fields of cron, on the clock of a place.

As in Debian's cron: a time that a change of clocks leaves out comes at the moment after it, one that comes twice counts
once, and what is by the hour or the minute (``*/15``) goes on by real time.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from steelyard.errors import InputError, MissingDependency

if TYPE_CHECKING:
    from cronsim import CronSim

__all__ = ["Due", "looks_due", "next_look", "place_of"]

_CRON: Final = re.compile(r"[0-9A-Za-z*,/#-]{1,40}( [0-9A-Za-z*,/#-]{1,40}){4}")
_ZONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]{0,29}(/[A-Za-z][A-Za-z0-9_+-]{0,29}){0,2}")
_MAX_MISSED: Final = 10_000  # a week of every minute


class Due:
    """What is due now: the ``last`` moment that has come, how many there were (at most 10,000), and the ``next``."""

    def __init__(self, last: datetime, count: int, following: datetime) -> None:
        self.last = last
        self.count = count
        self.next = following


def next_look(cron: str, zone: str, after: datetime) -> datetime:
    """The first moment after ``after`` (both with a time zone; in UTC).

    Raises InputError for what is no five fields of cron, for no such time zone, and for what never happens.
    """
    moments = _moments(cron, zone, after)
    while True:
        try:
            found = next(moments).astimezone(UTC)
        except StopIteration:
            raise InputError(f"the schedule {cron!r} never happens: no day is like that") from None
        # In the second pass of an hour that comes twice, the wall clock's next moment was in the first pass.
        if found > after:
            return found


def looks_due(cron: str, zone: str, first: datetime, now: datetime) -> Due:
    """Of a schedule whose next look is at ``first`` and not after ``now``: how many have come, and what comes next."""
    last, count = first, 1
    while count < _MAX_MISSED:
        following = next_look(cron, zone, last)
        if following > now:
            return Due(last, count, following)
        last, count = following, count + 1
    return Due(last, count, next_look(cron, zone, now))


def _moments(cron: str, zone: str, after: datetime) -> CronSim:
    try:
        from cronsim import CronSim, CronSimError
    except ImportError:
        raise MissingDependency("schedules need cronsim: pip install 'steelyard[server]'") from None
    if not _CRON.fullmatch(cron):
        raise InputError(
            f"a schedule has five fields, minute, hour, day, month and weekday, as '0 6 * * MON', not {cron[:60]!r}"
        )
    try:
        return CronSim(cron, after.astimezone(place_of(zone)))
    except (CronSimError, AssertionError, TypeError, ValueError) as error:
        raise InputError(f"the schedule {cron!r} cannot be read: {str(error)[:80] or 'see crontab(5)'}") from None


@lru_cache(maxsize=64)
def place_of(zone: str) -> ZoneInfo:
    """The clock of a place; raises InputError for what names none that this machine knows."""
    if not _ZONE.fullmatch(zone):
        raise InputError(f"a time zone is a name as Europe/Berlin or UTC, not {zone[:60]!r}")
    try:
        return ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise InputError(f"there is no time zone {zone!r} on this machine: give one as Europe/Berlin or UTC") from None
