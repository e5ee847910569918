"""How one field of an answer is read against the right one: right, wrong, or open where a person could call it either.

Values are JSON with fractions as numbers (:mod:`steelyard.scorers.reading.json_answers`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from steelyard.errors import InputError
from steelyard.scorers.reading.dates import dates_in, dates_of
from steelyard.scorers.reading.dress import comparable
from steelyard.scorers.reading.json_answers import json_key, number_text
from steelyard.scorers.reading.numbers import currencies_in, sole_numbers, target_number
from steelyard.scorers.reading.phrases import TRUTH_WORDS
from steelyard.scorers.reading.texts import Reading, text_reading

__all__ = ["MISSING", "FieldRule", "all_of", "field_rule", "is_date", "is_number"]

MAX_UNMATCHED: Final = 20  # members of a set that are compared one by one
_NOTHING: Final = frozenset(
    (
        "", "-", "–", "—", "n/a", "na", "none", "null", "nil", "empty", "unknown", "not specified", "not mentioned",
        "not stated", "not given", "not provided", "not available", "k.a.", "keine", "keine angabe", "nicht angegeben",
        "unbekannt", "leer",
    )
)  # fmt: skip
_INSTANT: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?) ?(Z|z|[+-][0-9]{2}:?[0-9]{2})?"
)
_SIGNS: Final = tuple("<>~≈±#+-(=")
_TOLERANCE: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*(%?)", re.ASCII)


class _Missing:
    """The value of a field that an answer does not have."""


MISSING: Final = _Missing()


@dataclass(frozen=True, slots=True)
class FieldRule:
    """A rule for one field: ``exact``, ``strict``, ``number``, ``date``, ``set`` or ``ignore``.

    ``tolerance`` is that of a number: absolute, or a share of the right value where ``relative``.
    """

    name: str
    tolerance: Fraction = Fraction(0)
    relative: bool = False

    def read(self, expected: Any, given: Any) -> Reading:
        """Read a field against the right value."""
        if self.name == "strict":
            return given is not MISSING and _strict(expected, given)
        if given is MISSING or _is_nothing(given) or _is_nothing(expected):
            return _nothing(expected, given)
        if self.name == "number":
            return _number(expected, given, self)
        return _RULES[self.name](expected, given)


def field_rule(written: object) -> FieldRule:
    """The rule that a suite writes for a field, ``date`` or ``{number: 0.01}``; raises InputError for another."""
    if isinstance(written, str) and written in (*_RULES, "number", "ignore"):
        return FieldRule(written)
    if isinstance(written, Mapping) and list(written) == ["number"]:
        found = _TOLERANCE.fullmatch(_plain(written["number"]))
        if found is not None:
            value = Fraction(found[1])
            return FieldRule("number", value / 100 if found[2] else value, relative=bool(found[2]))
    raise InputError(
        f"fields: {str(written)[:60]!r} is no rule: write {', '.join(_RULES)}, number, ignore, "
        "{number: 0.01} or {number: 1%}"
    )


def is_date(value: Any) -> bool:
    """Whether a right value is one date."""
    return isinstance(value, str) and len(dates_of(value)) == 1


def is_number(value: Any) -> bool:
    """Whether a right value is one number."""
    return isinstance(value, Fraction) or (isinstance(value, str) and target_number(value) is not None)


def all_of(*readings: Reading) -> Reading:
    """Wrong where one is wrong, else open where one is open, else right."""
    return False if False in readings else None if None in readings else True


def _plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.9f}".rstrip("0").rstrip(".")
    return str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _is_nothing(value: Any) -> bool:
    return value is None or value in ([], {}) or (isinstance(value, str) and value.strip().casefold() in _NOTHING)


def _nothing(expected: Any, given: Any) -> Reading:
    """A missing field is a wrong one, but where nothing is right: null, an empty text or *n/a* may mean the same."""
    if not _is_nothing(expected):
        return False
    if given is MISSING:
        return None
    if not _is_nothing(given):
        return False
    if isinstance(expected, str) and isinstance(given, str):
        return True if expected.strip().casefold() == given.strip().casefold() else None
    return True if json_key(expected) == json_key(given) else None


def _strict(expected: Any, given: Any) -> bool:
    if isinstance(expected, str) and isinstance(given, str):
        return _composed(expected) == _composed(given)
    return json_key(expected) == json_key(given)


def _exact(expected: Any, given: Any) -> Reading:
    match expected, given:
        case bool(), _:
            return _truth(expected, given)
        case Fraction(), Fraction():
            return expected == given
        case str(), str():
            return _text(expected, given)
        case (Fraction(), str()) | (str(), Fraction()):
            return _other_kind(expected, given)
        case str(), bool():
            return None if _truth(given, expected) is not False else False
        case list(), list():
            same = len(expected) == len(given)
            return same and all_of(*(_either(one, other) for one, other in zip(expected, given, strict=True)))
        case list(), _ if len(expected) == 1:
            return None if _either(expected[0], given) is not False else False
        case _, list() if len(given) == 1:
            return None if _either(expected, given[0]) is not False else False
        case dict(), dict():
            return set(expected) == set(given) and all_of(*(_either(expected[name], given[name]) for name in expected))
    return False


def _either(expected: Any, given: Any) -> Reading:
    return FieldRule("exact").read(expected, given)


def _truth(expected: bool, given: Any) -> Reading:
    if isinstance(given, bool):
        return expected is given
    if isinstance(given, str):
        word = comparable(given)
        return None if word in TRUTH_WORDS[0 if expected else 1] else False
    return None if isinstance(given, Fraction) and given == int(expected) else False


def _text(expected: str, given: str) -> Reading:
    """As the scorer ``exact`` compares two texts; what it would find in a longer one is open, not right."""
    if _composed(expected) == _composed(given):
        return True
    wanted = comparable(expected)
    if not any(map(str.isalnum, wanted)):
        return False
    if wanted == comparable(given):
        return True if _sign(expected) == _sign(given) else None  # "> 5" is dress in a text, and none in a field
    number = target_number(expected)
    if number is not None and (other := target_number(given)) is not None and number.value == other.value:
        return None
    return None if text_reading(given, expected, anywhere=True) is not False else False


def _sign(text: str) -> str:
    """The character at the start of a value that may be a part of it."""
    start = text.strip()[:1].replace("−", "-").replace("–", "-")
    return start if start in _SIGNS else ""


def _other_kind(expected: Any, given: Any) -> Reading:
    """A number beside a text that may be the same number: 12.5 and "12.50"."""
    number, text = (expected, given) if isinstance(expected, Fraction) else (given, expected)
    found = target_number(text)
    if found is None:
        return None if any(number in (each.value, *each.others) for each in sole_numbers(text)) else False
    return None if number in (found.value, *found.others) else False


def _number(expected: Any, given: Any, rule: FieldRule) -> Reading:
    right = expected if isinstance(expected, Fraction) else None
    if isinstance(expected, str) and (found := target_number(expected)) is not None:
        right = found.value
    if right is None or isinstance(given, bool):
        return None if right is None else False
    margin = rule.tolerance * (abs(right) if rule.relative else 1)
    if isinstance(given, Fraction):
        return abs(given - right) <= margin
    if not isinstance(given, str):
        return False
    if isinstance(expected, str):
        said, meant = currencies_in(given), currencies_in(expected)
        if said and meant and not said & meant:
            return None
    sole = target_number(given)
    if sole is not None and abs(sole.value - right) <= margin:
        return True
    read = [sole] if sole is not None else sole_numbers(given)
    return None if any(abs(value - right) <= margin for each in read for value in (each.value, *each.others)) else False


def _date(expected: Any, given: Any) -> Reading:
    days = dates_of(expected) if isinstance(expected, str) else frozenset()
    if len(days) != 1:
        return None
    text = number_text(given) if isinstance(given, Fraction) else given
    if not isinstance(text, str):
        return False
    if found := _INSTANT.fullmatch(text.strip()):
        is_start = not found[2].strip("0:.") and (found[3] or "Z") in "Zz"
        return (True if is_start else None) if dates_of(found[1]) == days else None if not is_start else False
    read = dates_of(text)
    if read:
        return True if read == days else None if read & days else False
    ((year, month, day),) = days
    if re.sub(r"[^0-9]", "", text) == f"{year:04}{month:02}{day:02}":
        return None
    return None if any(each & days for each in dates_in(text)) else False


def _set(expected: Any, given: Any) -> Reading:
    """A list without regard to order, and to members that it has twice."""
    if not isinstance(expected, list):
        expected = [expected]
    if not isinstance(given, list):
        parts = re.split(r"[,;\n]", given) if isinstance(given, str) else [given]
        return None if _set(expected, [each.strip() if isinstance(each, str) else each for each in parts]) else False
    ours = {_set_key(each): each for each in expected}
    theirs = {_set_key(each): each for each in given}
    lacking = [each for key, each in ours.items() if key not in theirs]
    further = [each for key, each in theirs.items() if key not in ours]
    if not lacking and not further:
        return True
    if max(len(lacking), len(further)) > MAX_UNMATCHED:
        return False
    is_covered = all(any(_either(one, other) is not False for other in given[:1000]) for one in lacking)
    is_needed = all(any(_either(one, other) is not False for one in expected) for other in further)
    return None if is_covered and is_needed else False


def _set_key(value: Any) -> object:
    return ("text", comparable(value) or value) if isinstance(value, str) else json_key(value)


def _composed(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


_RULES: Final[dict[str, Callable[[Any, Any], Reading]]] = {
    "exact": _exact,
    "strict": _strict,
    "date": _date,
    "set": _set,
}
