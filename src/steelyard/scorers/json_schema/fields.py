"""The fields of an answer against those of the right one, each by its rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from steelyard.scorers.json_schema.rules import MISSING, FieldRule, is_date, is_number
from steelyard.scorers.reading.texts import Reading

__all__ = ["Field", "fault_of_target", "read_fields"]

_EXACT: Final = FieldRule("exact")
_SURPLUS: Final = "a field that is not asked for"


@dataclass(frozen=True, slots=True)
class Field:
    """One field, its path with points (``customer.name``), and how it was read."""

    path: str
    reading: Reading


def read_fields(expected: Any, given: Any, rules: Mapping[str, FieldRule], *, refuse_extra: bool) -> list[Field]:
    """Every field of the right answer, in its order, as it was read.

    Objects are walked into, and lists of objects member by member, in order; a path names no place in a list, so
    ``items.price`` is the price of every item. A field with a rule is read whole. With ``refuse_extra`` fields that are
    not asked for are one wrong field more; where they hold nothing it is open. ``{}`` asks for no field.
    """
    found = list(_read("", expected, given, rules))
    if refuse_extra and (extra := list(_extra("", expected, given, rules))):
        found.append(Field(_SURPLUS, None if all(each in (None, "", [], {}) for each in extra) else False))
    return found


def fault_of_target(expected: Any, rules: Mapping[str, FieldRule]) -> str:
    """Why a right answer cannot be compared by these rules; empty where it can."""
    for path, value in _leaves("", expected, rules):
        name = rules.get(path, _EXACT).name
        if value is not None and (
            (name == "date" and not is_date(value)) or (name == "number" and not is_number(value))
        ):
            return f"its field {path!r} is no {name}"
    return ""


def _read(path: str, expected: Any, given: Any, rules: Mapping[str, FieldRule]) -> Iterator[Field]:
    rule = rules.get(path)
    if rule is None and isinstance(expected, dict) and (expected or not path):
        inner = given if isinstance(given, dict) else {}
        for name, value in expected.items():
            yield from _read(_joined(path, name), value, inner.get(name, MISSING), rules)
    elif rule is None and _are_objects(expected):
        members = given if isinstance(given, list) and len(given) == len(expected) else [MISSING] * len(expected)
        for value, member in zip(expected, members, strict=True):
            yield from _read(path, value, member, rules)
    elif rule is None and expected == {} and isinstance(given, dict):
        yield Field(path, True)
    elif rule is None or rule.name != "ignore":
        yield Field(path, (rule or _EXACT).read(expected, given))


def _leaves(path: str, expected: Any, rules: Mapping[str, FieldRule]) -> Iterator[tuple[str, Any]]:
    """The fields that are read, with their right values; those of several members under one path."""
    if path not in rules and isinstance(expected, dict) and expected:
        for name, value in expected.items():
            yield from _leaves(_joined(path, name), value, rules)
    elif path not in rules and _are_objects(expected):
        for value in expected:
            yield from _leaves(path, value, rules)
    else:
        yield path, expected


def _extra(path: str, expected: Any, given: Any, rules: Mapping[str, FieldRule]) -> Iterator[Any]:
    """The values of fields that only the answer has."""
    if path in rules:
        return
    if isinstance(expected, dict) and isinstance(given, dict):
        for name, value in given.items():
            inner = _joined(path, name)
            if name in expected:
                yield from _extra(inner, expected[name], value, rules)
            elif inner not in rules:
                yield value
    elif _are_objects(expected) and isinstance(given, list):
        for value, member in zip(expected, given, strict=False):
            yield from _extra(path, value, member, rules)


def _are_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
