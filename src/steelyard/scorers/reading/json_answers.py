"""The JSON of an answer: all of it, in a code fence, or within other text; read strictly and within bounds.

A number is a :class:`~fractions.Fraction`, exactly as it is written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

__all__ = ["JsonAnswer", "UnsettledJson", "json_answer", "json_key", "number_text", "parse_json"]

MAX_CHARACTERS: Final = 50_000
MAX_DEPTH: Final = 32
MAX_DIGITS: Final = 100
MAX_EXPONENT: Final = 300
MAX_STARTS: Final = 50  # places of a text at which JSON is looked for
_TOKEN: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{\]}]', re.DOTALL)
_FENCE: Final = re.compile(r"(`{3,}|~{3,})[^`]*\Z")
_ON_ONE_LINE: Final = re.compile(r"(`+)(?:json)?\s*([\[{].*)\1\Z", re.DOTALL | re.IGNORECASE)


class UnsettledJson(ValueError):
    """JSON that can be read in two ways, or that is beyond a bound; the message says which, without the text."""


@dataclass(frozen=True, slots=True)
class JsonAnswer:
    """The one JSON value of an answer; not ``alone`` where it stands within other text and in no code fence."""

    value: Any
    alone: bool = True


def json_answer(text: str) -> JsonAnswer | None:
    """The JSON of an answer; None where it has none.

    Several code fences may hold the same value, and others than JSON. Raises UnsettledJson for different values, a name
    that an object has twice with different values, and what is beyond the bounds: 50,000 characters, 32 levels, numbers
    of 100 digits.
    """
    if len(text) > MAX_CHARACTERS:
        raise UnsettledJson(f"more than {MAX_CHARACTERS:,} characters")
    text = text.strip().removeprefix("\ufeff").strip()
    for candidate in _whole(text):
        if (found := _parsed(candidate)) is not None:
            return JsonAnswer(found[0])
    if fenced := _only([found[0] for block in _blocks(text) if (found := _parsed(block)) is not None]):
        return JsonAnswer(fenced[0])
    within = _only(_embedded(text, "{") or ([] if "{" in text else _embedded(text, "[")))
    return JsonAnswer(within[0], alone=False) if within else None


def parse_json(text: str) -> Any:
    """The value of a text that is JSON; raises ValueError where it is none, UnsettledJson as :func:`json_answer`."""
    text = text.strip()
    _check_depth(text)
    return _DECODER.decode(text)


def json_key(value: Any) -> object:
    """What two values have in common exactly where JSON takes them for equal: 1 is 1.0, and not true."""
    if isinstance(value, dict):
        return "object", frozenset((name, json_key(each)) for name, each in value.items())
    if isinstance(value, list):
        return "array", tuple(map(json_key, value))
    return type(value).__name__, value


def number_text(value: Fraction) -> str:
    """A number as a text: 25, 12.5."""
    return str(value.numerator) if value.denominator == 1 else repr(float(value))


def _whole(text: str) -> Iterator[str]:
    yield text
    if found := _ON_ONE_LINE.match(text):
        yield found[2].strip()


def _parsed(text: str) -> tuple[Any] | None:
    try:
        return (parse_json(text),)
    except UnsettledJson:
        raise
    except ValueError:
        return None


def _only(values: list[Any]) -> list[Any]:
    """The one value of several that are equal; raises UnsettledJson where they differ."""
    if len({json_key(each) for each in values}) > 1:
        raise UnsettledJson("different JSON values")
    return values[:1]


def _blocks(text: str) -> Iterator[str]:
    """What stands in code fences; the last one may lack its end, where a stop sequence took it."""
    inside: list[str] | None = None
    mark = ""
    for line in text.split("\n"):
        bare = line.strip()
        if inside is None:
            if opening := _FENCE.match(bare):
                mark, inside = opening[1], []
        elif bare.startswith(mark) and not bare.strip(mark[0]):
            yield "\n".join(inside)
            inside = None
        else:
            inside.append(line)
    if inside is not None:
        yield "\n".join(inside)


def _embedded(text: str, opening: str) -> list[Any]:
    """The JSON values of a text that begin with this bracket, none within another or within what is no JSON."""
    found: list[Any] = []
    start, tried = text.find(opening), 0
    while start >= 0:
        if tried == MAX_STARTS:
            raise UnsettledJson(f"more than {MAX_STARTS} brackets that may begin JSON")
        tried += 1
        end = _check_depth(text, start)
        if (value := _parsed(text[start:end])) is not None:
            found.append(value[0])
        start = text.find(opening, end)
    return found


def _check_depth(text: str, start: int = 0) -> int:
    """Where the bracket closes that opens here; the end of the text where it does not, or where there is none.

    Raises UnsettledJson for a value that is nested too deep, before a parser recurses into it.
    """
    depth = 0
    if text[start : start + 1] not in ("[", "{"):
        return len(text)
    for token in _TOKEN.finditer(text, start):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        if depth > MAX_DEPTH:
            raise UnsettledJson(f"more than {MAX_DEPTH} levels")
        if depth == 0:
            return token.end()
    return len(text)


def _number(text: str) -> Fraction:
    digits, _, exponent = text.lower().partition("e")
    if len(digits) > MAX_DIGITS or len(exponent) > 5 or abs(int(exponent or 0)) > MAX_EXPONENT:
        raise UnsettledJson("a number that is too long")
    return Fraction(text)


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs) and any(json_key(found[name]) != json_key(value) for name, value in pairs):
        raise UnsettledJson("an object that has a name twice")
    return found


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_number, parse_int=_number, parse_constant=_constant
)
