"""The window of a benchmark that grows: which release, and the items of which dates, a claim is about.

A vendor writes ``2024-10-01 to 2025-02-01``, ``Oct 2024 - Feb 2025``, ``Aug 24 - May 25``, ``10/2024 - 02/2025``,
``2408-2505``, ``24.08-25.05`` or ``release_v5``.
What could mean two windows is refused, with how to write it. Two readings are the literature's own, and said with every
verdict:

* a month at the end is counted in whole, unless a release reaches to that month's first day: then that day ends it
  (``2024.10-2025.02`` is release_v5's);
* a window without a release is asked from the first release that reaches its end, since a later one adds items of the
  same dates, which a vendor that measured before could not have asked.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Final

import msgspec

from steelyard.errors import InputError
from steelyard.tasks.subset import named_in

if TYPE_CHECKING:
    from steelyard.tasks.definition import Release, TaskDefinition

__all__ = [
    "Ambiguous",
    "Window",
    "check_window",
    "first_of",
    "is_day",
    "parts_named",
    "release_named",
    "window_in",
    "window_named",
    "without_window",
]

HOW: Final = "write subset: 2024-10-01 to 2025-02-01, or a release, such as release_v5, or both"
_FIRST: Final = re.compile(r"first ([1-9][0-9]{0,8})")
_MOST: Final = 200  # characters of a text that is looked at
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEAR: Final = r"20[2-3][0-9]"

_Readings = tuple[date | None, date | None]


def _forms(side: str) -> str:
    """The pattern of one end of a window: as a day or as a month; each group's name begins with ``side``."""
    name = rf"(?P<{side}name>{'|'.join(_MONTHS)})[a-z]{{0,6}}\.?"
    return (
        rf"(?:(?P<{side}y>{_YEAR})(?P<{side}sep>[-/.])(?P<{side}m>[0-9]{{1,2}})"
        rf"(?:(?P={side}sep)(?P<{side}d>[0-9]{{1,2}}))?(?![0-9])"
        rf"|(?P<{side}one>[0-9]{{1,2}})(?P<{side}by>[/.])(?P<{side}two>[0-9]{{1,2}})(?P={side}by)(?P<{side}yy>{_YEAR})"
        rf"|(?P<{side}mm>0?[1-9]|1[0-2])[/.](?P<{side}my>{_YEAR})"
        rf"|(?:(?P<{side}ld>[0-9]{{1,2}})\.?\s+)?{name}\s+(?:(?P<{side}nd>[0-9]{{1,2}})(?:st|nd|rd|th)?,?\s+)?(?P<{side}ny>{_YEAR})"
        rf"|{name.replace('name>', 'brief>')}\s*['’]?(?P<{side}of>2[0-9])(?![0-9]|,?\s*{_YEAR})"
        rf"|(?P<{side}short>2[0-9][./]?(?:0[1-9]|1[0-2]))(?![0-9./]))"
    )


_WINDOW: Final = re.compile(
    rf"(?<![0-9A-Za-z]){_forms('a')}\s*(?:to|until|till|through|and|-|–|—|~|→|\.\.\.?|/)\s*{_forms('b')}(?![0-9A-Za-z])",
    re.IGNORECASE | re.ASCII,
)
_RELEASE: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:release[ _-]?)?v(?P<number>[1-9][0-9]?)(?P<more>[ _-]*v[0-9]+|\.[0-9]+)?(?![A-Za-z0-9])",
    re.IGNORECASE | re.ASCII,
)
_DATED: Final = re.compile(
    rf"(?<![0-9]){_YEAR}(?![0-9])|(?<![0-9.v])2[0-9][./](?:0[1-9]|1[0-2])(?![0-9])"
    rf"|(?<![0-9./])(?:0?[1-9]|1[0-2])/2[0-9](?![0-9])|(?<![a-z])(?:{'|'.join(_MONTHS)})[a-z]{{0,6}}\.?\s*'?[0-9]{{1,2}}(?![0-9])",
    re.IGNORECASE | re.ASCII,
)
_SEALED: Final = re.compile(r"(release_v[1-9][0-9]?)(?::(20[0-9-]{8})/(20[0-9-]{8}))?", re.ASCII)
_DAY: Final = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", re.ASCII)


class Ambiguous(ValueError):
    """A text that could mean two windows, or an unknown one: the message says which, and how to write it."""


class Window(msgspec.Struct, frozen=True):
    """All items up to a release, or those of the days from ``start`` to ``end``, both counted in."""

    release: str
    start: date | None = None
    end: date | None = None

    @classmethod
    def read(cls, sealed: str) -> Window:
        """The window that a plan seals (:attr:`sealed`); raises ValueError for another text."""
        found = _SEALED.fullmatch(sealed)
        if found is None:
            raise ValueError("no window, such as release_v5:2024-10-01/2025-02-01")
        if found[2] is None:
            return cls(found[1])
        return cls(found[1], date.fromisoformat(found[2]), date.fromisoformat(found[3]))

    @property
    def sealed(self) -> str:
        """``release_v5:2024-10-01/2025-02-01``, or ``release_v5`` for all of it."""
        return self.release if self.start is None else f"{self.release}:{self.start}/{self.end}"

    def holds(self, day: date) -> bool:
        """Whether an item of this day is in the window."""
        return self.start is None or self.end is None or self.start <= day <= self.end


def is_day(text: str) -> bool:
    """Whether a text is a day of the calendar as YYYY-MM-DD."""
    try:
        return bool(_DAY.fullmatch(text)) and bool(date.fromisoformat(text))
    except ValueError:
        return False


def window_in(texts: Iterable[str], releases: Sequence[Release]) -> tuple[Window, str] | None:
    """The window that texts of a claim state, and a sentence on how it was read; None where they state none.

    Raises Ambiguous where they state two, or one that can be read in two ways.
    """
    spans: dict[tuple[date, date], str] = {}
    names: list[str] = []
    for text in (each[:_MOST] for each in texts if each):
        found = list(_WINDOW.finditer(text))
        for each in found:
            span, remark = _span(each, releases)
            spans.setdefault(span, remark)
        if dated := _DATED.search(without_window(text)):
            raise Ambiguous(f"{text[:80]!r} names {dated[0]!r} and not both ends of a window: {HOW}")
        names += [_known(each, releases) for each in _RELEASE.finditer(_WINDOW.sub(" ", text))]
        if re.search(r"release[ _-]?latest", text, re.IGNORECASE):
            raise Ambiguous(f"{text[:80]!r}: the latest release is another one with time: {HOW}")
    if len(spans) > 1 or len(set(names)) > 1:
        stated = [f"{start} to {end}" for start, end in spans] if len(spans) > 1 else sorted(set(names))
        raise Ambiguous(f"it names more than one window ({', '.join(stated)}): {HOW}")
    if not spans:
        said = "vendors also give this name to a window of it, which is asked where a claim states its dates"
        return (Window(names[0]), f"All problems up to {names[0]} are asked ({said}).") if names else None
    ((start, end), remark) = next(iter(spans.items()))
    return _window(start, end, names[0] if names else "", remark, releases)


def _window(start: date, end: date, stated: str, remark: str, releases: Sequence[Release]) -> tuple[Window, str]:
    reaching = next((each for each in releases if end <= date.fromisoformat(each.until)), releases[-1])
    release = stated or reaching.name
    if start > date.fromisoformat(release_named(release, releases).until):
        raise Ambiguous(f"the window begins on {start}, and {release} does not reach that far: {HOW}")
    how = "which the vendor states"
    if not stated:
        is_last = release == releases[-1].name
        reaches = end <= date.fromisoformat(reaching.until)
        how = "the first release that reaches its end" if reaches else "the last release that is known here"
        how += "" if is_last else "; a later one adds problems of these dates, and is asked where a claim states it"
    said = f"Problems of contests from {start} to {end} are asked, both days counted in, of {release} ({how})."
    return Window(release, start, end), f"{said}{remark}"


def window_named(definition: TaskDefinition, text: str) -> str:
    """The part of a benchmark that a user names, as a plan seals it: dates, a release, or a subset.

    Raises InputError where it names none or two, and for a task that has no parts to ask.
    """
    if definition.subsets:
        found = named_in((text,), definition.subsets)
        if len(found) == 1:
            return found[0]
        raise InputError(
            f"--window {text[:80]!r} names {len(found)} of {', '.join(s.name for s in definition.subsets)}"
        )
    if not definition.releases:
        raise InputError(f"--window: {definition.id} is asked as a whole: leave it out")
    try:
        chosen = window_in((re.sub(r"(?<=[0-9]):(?=[0-9])", " to ", text),), definition.releases)
    except Ambiguous as error:
        raise InputError(f"--window: {error}") from None
    if chosen is None:
        raise InputError(
            f"--window {text[:80]!r} names no window: write 2024-10-01:2025-02-01, or a release, release_v5"
        )
    return chosen[0].sealed


def first_of(sealed: str) -> int | None:
    """How many items a part asks from the first of the file on, sealed as ``first 200``; None for another part."""
    found = _FIRST.fullmatch(sealed)
    return int(found[1]) if found else None


def check_window(definition: TaskDefinition, sealed: str) -> None:
    """Raise InputError for a window or a subset, as a plan seals it, that a benchmark does not have."""
    if sealed in {subset.name for subset in definition.subsets}:
        return
    try:
        is_known = bool(definition.releases) and bool(release_named(Window.read(sealed).release, definition.releases))
    except ValueError:  # no window, or a release that is not known
        is_known = False
    if not is_known:
        raise InputError(f"{definition.id} has no part {sealed[:80]!r}")


def parts_named(text: str) -> list[str]:
    """The releases and windows that a text states, as they are written, in its order."""
    text = text[:_MOST]
    windows = [found.span() for found in _WINDOW.finditer(text)]
    releases = [found.span() for found in _RELEASE.finditer(_WINDOW.sub(lambda found: " " * len(found[0]), text))]
    return [text[start:end] for start, end in sorted(windows + releases)]


def without_window(text: str) -> str:
    """A text without the windows and releases that it states."""
    return _RELEASE.sub(" ", _WINDOW.sub(" ", text[:_MOST]))


def release_named(name: str, releases: Sequence[Release]) -> Release:
    """The release of this name; raises Ambiguous for another one."""
    found = next((each for each in releases if each.name == name), None)
    if found is None:
        raise Ambiguous(f"{name} is not known here, where the last is {releases[-1].name}: {HOW}")
    return found


def _known(found: re.Match[str], releases: Sequence[Release]) -> str:
    if found["more"]:
        raise Ambiguous(f"{found[0][:40]!r} is a part of a release, which is not asked here: {HOW}")
    return release_named(f"release_v{found['number']}", releases).name


def _span(found: re.Match[str], releases: Sequence[Release]) -> tuple[tuple[date, date], str]:
    """The first and the last day of a window as it is written, and a remark where its end is a month."""
    try:
        starts, (ends, remark) = _days(found, "a"), _last_days(found, releases)
        readings = {(start, end) for start, end in zip(starts, ends, strict=True) if start and end}
    except ValueError as error:
        raise Ambiguous(f"{found[0][:60]!r}: {error}: {HOW}") from None
    if not readings:
        raise Ambiguous(f"{found[0][:60]!r} has no such day: {HOW}")
    # 10/01/2024-02/01/2025 is October to February: windows begin with months, and the other reading has 10th and 2nd.
    firsts = {each for each in readings if each[0].day == each[1].day == 1}
    if len(readings) > 1 and len(firsts) != 1:
        raise Ambiguous(f"{found[0][:60]!r}: day and month may be exchanged: {HOW}")
    start, end = (firsts or readings).pop()
    if end < start:
        raise Ambiguous(f"{found[0][:60]!r} ends before it begins: {HOW}")
    of_years = bool(found["aof"]), bool(found["bof"])
    # "Aug 24 - May 25" is Kimi's own writing of 2024 and 2025; where one end has its year, 24 is a day.
    if any(of_years) and (not all(of_years) or end > date.fromisoformat(releases[-1].until)):
        raise Ambiguous(f"{found[0][:60]!r}: a number may be a day or a year: {HOW}")
    return (start, end), f"{remark} Two digits behind a month are read as its year." if all(of_years) else remark


def _last_days(found: re.Match[str], releases: Sequence[Release]) -> tuple[_Readings, str]:
    """The last day in both readings, and a remark where it is stated as a month."""
    month = _month(found, "b")
    if month is None:
        return _days(found, "b"), ""
    first = date(*month, 1)
    if any(each.until == first.isoformat() for each in releases):
        return (first, first), " The end is stated as a month, to whose first day a release reaches: it ends there."
    last = date(*month, calendar.monthrange(*month)[1])
    return (last, last), " The end is stated as a month, which is counted in whole."


def _days(found: re.Match[str], side: str) -> _Readings:
    """The day of one end, of a month its first, by month first and by day first: both are one where nothing is open."""
    if month := _month(found, side):
        day = date(*month, 1)
    elif found[f"{side}yy"]:
        year, one, two = (int(found[f"{side}{name}"]) for name in ("yy", "one", "two"))
        return _day_or_none(year, one, two), _day_or_none(year, two, one)
    elif found[f"{side}ny"]:
        number = found[f"{side}nd"] or found[f"{side}ld"]
        day = date(int(found[f"{side}ny"]), _number_of(found[f"{side}name"]), int(number))
    else:
        day = date(int(found[f"{side}y"]), int(found[f"{side}m"]), int(found[f"{side}d"]))
    return day, day


def _month(found: re.Match[str], side: str) -> tuple[int, int] | None:
    """Year and month of an end that is stated without a day; None for one with a day."""
    if found[f"{side}y"] and not found[f"{side}d"]:
        return int(found[f"{side}y"]), int(found[f"{side}m"])
    if found[f"{side}ny"] and not (found[f"{side}nd"] or found[f"{side}ld"]):
        return int(found[f"{side}ny"]), _number_of(found[f"{side}name"])
    if found[f"{side}my"]:
        return int(found[f"{side}my"]), int(found[f"{side}mm"])
    if found[f"{side}of"]:
        return 2000 + int(found[f"{side}of"]), _number_of(found[f"{side}brief"])
    if short := found[f"{side}short"]:
        return 2000 + int(short[:2]), int(short[-2:])
    return None


def _number_of(name: str) -> int:
    return _MONTHS.index(name.casefold()) + 1


def _day_or_none(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
