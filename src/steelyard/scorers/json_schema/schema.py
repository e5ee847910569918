"""A JSON Schema (draft 2020-12) of a suite: read strictly, so that all that it says is also checked.

Refused are keywords that are not known, references out of the schema, and what cannot be checked in bounded time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from steelyard.errors import InputError
from steelyard.util.foreign_pattern import compiled
from steelyard.util.text import one_line

__all__ = ["IN_PLACE", "Schema", "open_schema"]

MAX_NODES: Final = 2_000
MAX_DEPTH: Final = 20
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
TYPES: Final = ("null", "boolean", "object", "array", "number", "string", "integer")

_ONE: Final = ("additionalProperties", "items", "contains", "propertyNames", "not", "if", "then", "else")
_LISTS: Final = ("allOf", "anyOf", "oneOf", "prefixItems")
_MAPS: Final = ("properties", "patternProperties", "dependentSchemas", "$defs", "definitions")
_NUMBERS: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_COUNTS: Final = (
    "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minContains", "maxContains",
)  # fmt: skip
_SAID: Final = (
    "title", "description", "default", "examples", "$comment", "format", "deprecated", "readOnly", "writeOnly",
    "contentEncoding", "contentMediaType",
)  # fmt: skip
IN_PLACE: Final = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas")
"""The keywords whose schemas are about the same value as the schema that has them."""


@dataclass(frozen=True)
class Schema:
    """A schema that was checked; ``refs`` are the schemas that its references name. Numbers are fractions."""

    root: Any
    refs: Mapping[str, Any]


def open_schema(document: Any) -> Schema:
    """Check a schema; raises InputError, in one line with the place, for one that is refused."""
    root = _exact(document, "#", 0)
    places: dict[str, Any] = {}
    for place, schema in _schemas(root, "#", 0):
        places[place] = schema
        if len(places) > MAX_NODES:
            raise InputError(f"schema: more than {MAX_NODES:,} schemas in one")
    refs = {}
    for place, schema in places.items():
        ref = schema.get("$ref") if isinstance(schema, dict) else None
        if ref is not None:
            refs[ref] = _resolved(ref, places, place)
    opened = Schema(root, refs)
    for place, schema in places.items():
        _check_ends(schema, opened, place)
    return opened


def _exact(value: Any, place: str, depth: int) -> Any:
    """The same with every number as a fraction; raises InputError for what is no JSON."""
    if depth > 3 * MAX_DEPTH:
        raise InputError("schema: nested too deep")
    if value is None or isinstance(value, str | bool | Fraction):
        return value
    if isinstance(value, int | float):
        try:
            return Fraction(repr(value))
        except ValueError:
            raise _refused(place, f"{value} is no number of JSON") from None
    if isinstance(value, list | tuple):
        return [_exact(each, place, depth + 1) for each in value]
    if isinstance(value, dict) and all(isinstance(name, str) for name in value):
        return {name: _exact(each, f"{place}/{name}", depth + 1) for name, each in value.items()}
    raise _refused(place, f"{type(value).__name__} is no value of JSON")


def _schemas(schema: Any, place: str, depth: int) -> Iterator[tuple[str, Any]]:
    """Every schema within a schema with its place; raises InputError for a keyword that is not known or not right."""
    if depth > MAX_DEPTH:
        raise InputError(f"schema: more than {MAX_DEPTH} schemas within each other")
    if not isinstance(schema, dict | bool):
        raise _refused(place, "a schema is an object, true or false")
    yield place, schema
    if isinstance(schema, bool):
        return
    for keyword, value in schema.items():
        here = f"{place}/{keyword}"
        if keyword in _ONE:
            yield from _schemas(value, here, depth + 1)
        elif keyword in _LISTS:
            if not isinstance(value, list) or not value:
                raise _refused(here, "needs a list of schemas")
            for number, each in enumerate(value):
                yield from _schemas(each, f"{here}/{number}", depth + 1)
        elif keyword in _MAPS:
            if not isinstance(value, dict):
                raise _refused(here, "needs an object of schemas")
            for name, each in value.items():
                if keyword == "patternProperties":
                    _check_pattern(name, here)
                yield from _schemas(each, f"{here}/{_escaped(name)}", depth + 1)
        else:
            _check_value(keyword, value, here)


def _check_value(keyword: str, value: Any, place: str) -> None:
    if keyword in _NUMBERS:
        if not isinstance(value, Fraction) or (keyword == "multipleOf" and value <= 0):
            raise _refused(place, "needs a number" + (" above 0" if keyword == "multipleOf" else ""))
    elif keyword in _COUNTS:
        if not isinstance(value, Fraction) or value.denominator != 1 or value < 0:
            raise _refused(place, "needs a whole number from 0 on")
    elif keyword == "type":
        names = value if isinstance(value, list) else [value]
        if not names or any(name not in TYPES for name in names):
            raise _refused(place, f"needs one or several of {', '.join(TYPES)}")
    elif keyword == "enum":
        if not isinstance(value, list):
            raise _refused(place, "needs a list of values")
    elif keyword == "required":
        _check_names(value, place)
    elif keyword == "dependentRequired":
        if not isinstance(value, dict):
            raise _refused(place, "needs an object of lists of names")
        for names in value.values():
            _check_names(names, place)
    elif keyword == "uniqueItems":
        if not isinstance(value, bool):
            raise _refused(place, "needs true or false")
    elif keyword == "pattern":
        _check_pattern(value, place)
    elif keyword == "$ref":
        if not isinstance(value, str) or not (value == "#" or value.startswith("#/")):
            raise _refused(place, "only references within the schema are followed, such as #/$defs/name")
    elif keyword == "$schema":
        if not isinstance(value, str) or value.rstrip("#") != DIALECT:
            raise _refused(place, f"only draft 2020-12 is read ({DIALECT})")
    elif keyword == "$id":
        if place != "#/$id":
            raise _refused(place, "only the whole schema may have an id")
    elif keyword not in (*_SAID, "const"):
        raise _refused(place, "this keyword is not known here, and would not be checked")


def _check_names(value: Any, place: str) -> None:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise _refused(place, "needs a list of names")


def _check_pattern(pattern: object, place: str) -> None:
    try:
        compiled(pattern)
    except InputError as error:
        raise _refused(place, str(error)) from None


def _resolved(ref: str, places: Mapping[str, Any], place: str) -> Any:
    if ref not in places:
        raise _refused(place, f"$ref names {ref!r}, where no schema is")
    return places[ref]


def _check_ends(schema: Any, opened: Schema, place: str) -> None:
    """Raises InputError for a schema that leads back to itself without going into the value: it would never end."""
    seen: set[int] = set()
    left = list(_same_value(schema, opened))
    while left:
        each = left.pop()
        if each is schema:
            raise _refused(place, "refers to itself about the same value")
        if id(each) not in seen:
            seen.add(id(each))
            left += _same_value(each, opened)


def _same_value(schema: Any, opened: Schema) -> Iterator[Any]:
    """The schemas that a schema applies to the value that it is about itself."""
    if isinstance(schema, bool):
        return
    if (ref := schema.get("$ref")) is not None:
        yield opened.refs[ref]
    for keyword in IN_PLACE:
        value = schema.get(keyword)
        if keyword == "dependentSchemas":
            yield from (value or {}).values()
        elif isinstance(value, list):
            yield from value
        elif value is not None:
            yield value


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _refused(place: str, why: str) -> InputError:
    return InputError(one_line(f"schema: {place}: {why}"))
