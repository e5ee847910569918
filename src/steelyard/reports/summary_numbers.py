"""Numbers, dates and lists in the language of a summary: rounded as the report rounds them, only written otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from steelyard.records import ClaimVerdict, MeasurementResult
from steelyard.reports import words
from steelyard.reports.summary_words import Notation
from steelyard.util.text import one_line

__all__ = ["Numbers"]

_GERMAN: Final = str.maketrans({",": ".", ".": ","})
_SPACE: Final = "\N{NO-BREAK SPACE}"  # between a number and its unit
_NAMES = 3  # more names than this make a list too long to read


@dataclass(frozen=True)
class Numbers:
    """Writes numbers as one language writes them."""

    notation: Notation

    def local(self, number: str) -> str:
        """A number as English writes it (``1,234.5 %``), in this language (``1.234,5 %``)."""
        text = number.translate(_GERMAN) if self.notation.decimal_comma else number
        return text.replace(" %", f"{_SPACE}%")

    def count(self, number: int) -> str:
        """An exact count."""
        return self.local(words.count(number))

    def about(self, number: int) -> str:
        """A count that is an estimate."""
        return self.local(words.about(number))

    def share(self, value: float | None, unit: str) -> str:
        """A proportion in the claim's unit."""
        return self.local(words.share(value, unit))

    def interval(self, bounds: tuple[float, float] | None, unit: str) -> str:
        """An interval of a proportion, rounded outward."""
        return self.local(words.interval(bounds, unit))

    def measured(self, result: ClaimVerdict | MeasurementResult, unit: str) -> str:
        """A measured share, or its range where there is no point."""
        return self.local(words.measured(result, unit))

    def bounds(self, bounds: tuple[float, float], unit: str) -> dict[str, str]:
        """The two ends of an interval, as it is rounded: ``low`` without its unit, ``high`` with it."""
        low, _, high = self.interval(bounds, unit).partition("–")
        return {"low": low, "high": high or low}

    def points(self, difference: float, unit: str) -> str:
        """A difference of proportions."""
        number, _, has_unit = words.points(difference, unit).partition(" ")
        return self._points(number) if has_unit else self.local(number)

    def percent_points(self, number: str) -> str:
        """A number of percentage points, as a record's sentence has it."""
        return self._points(number)

    def _points(self, number: str) -> str:
        return self.notation.points.format(number=self.local(number)).replace(" ", _SPACE)

    def level(self, alpha: float) -> str:
        """The confidence of an interval: ``95 %``."""
        return self.local(f"{100 * (1 - alpha):g} %")

    def rate(self, alpha: float) -> str:
        """An error rate in whole numbers: ``5 of 100``."""
        whole = 100
        while abs(alpha * whole - round(alpha * whole)) > 1e-9 and whole < 10**6:
            whole *= 10
        return self.notation.out_of.format(part=self.count(round(alpha * whole)), whole=self.count(whole))

    def duration(self, seconds: float) -> str:
        """A duration in words."""
        number, _, unit = words.about_time(seconds).partition(" ")
        return f"{self.local(number)}{_SPACE}{self.notation.units[unit]}"

    def money(self, amount: float) -> str:
        """An amount in a currency that is not known: two decimals, more where it is small."""
        return self.local(f"{amount:,.2f}" if amount >= 1 or not amount else f"{amount:.2g}")

    def date(self, text: str) -> str:
        """A date of a record, with its time where it has one; what is no date stays as it is."""
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            return one_line(text, 24)
        return self._day(found) if len(text) <= len("2026-11-26") else self.moment(found)

    def moment(self, at: datetime) -> str:
        """A date with its time, in UTC."""
        utc = at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
        return self.notation.moment.format(date=self._day(utc), time=f"{utc:%H:%M}")

    def _day(self, day: datetime) -> str:
        return self.notation.date.format(day=day.day, month=self.notation.months[day.month - 1], year=day.year)

    def names(self, names: Sequence[str]) -> str:
        """Names as a list: ``A, B and 4 more``."""
        shown, left = list(names[:_NAMES]), len(names) - _NAMES
        if left > 0:
            return self.notation.more.format(names=", ".join(shown), number=self.count(left))
        if len(shown) < 2:
            return "".join(shown)
        return self.notation.two.format(first=", ".join(shown[:-1]), last=shown[-1])
