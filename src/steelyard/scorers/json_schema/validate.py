"""Whether a value keeps a schema, in a bounded number of steps, which are the same on every machine."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, Final

from steelyard.scorers.json_schema.schema import Schema
from steelyard.scorers.reading.json_answers import json_key
from steelyard.util.foreign_pattern import compiled

__all__ = ["TooManySteps", "fault_of"]

MAX_STEPS: Final = 50_000
MAX_LEVELS: Final = 120  # of schemas that apply one another; a value has 32 levels at most
_CHARACTERS_A_STEP: Final = 64


class TooManySteps(ValueError):
    """This schema takes more steps on this value than are spent on one answer."""


def fault_of(schema: Schema, value: Any) -> str:
    """What breaks the schema first, as ``/total: type``; empty where nothing does.

    ``value`` is JSON with fractions as numbers (:mod:`steelyard.scorers.reading.json_answers`). ``format`` says
    something and checks nothing, as in the standard. Raises TooManySteps.
    """
    return _Validation(schema).fault(schema.root, value, "", 0)


class _Validation:
    """One value against one schema: each method says what breaks it, or nothing."""

    def __init__(self, schema: Schema) -> None:
        self._refs = schema.refs
        self._left = MAX_STEPS

    def fault(self, schema: Any, value: Any, place: str, level: int) -> str:
        self._spend(1)
        if level > MAX_LEVELS:
            raise TooManySteps(f"more than {MAX_LEVELS} schemas apply one another")
        if isinstance(schema, bool):
            return "" if schema else f"{place or '/'}: not allowed"
        if "$ref" in schema and (fault := self.fault(self._refs[schema["$ref"]], value, place, level + 1)):
            return fault
        for keyword, argument in schema.items():
            check = _PLAIN.get(keyword)
            if check is not None:
                self._spend(1 + _size(argument))
                if not check(argument, value):
                    return f"{place or '/'}: {keyword}"
        return (
            self._costly(schema, value, place)
            or self._combined(schema, value, place, level)
            or (self._object(schema, value, place, level) if isinstance(value, dict) else "")
            or (self._array(schema, value, place, level) if isinstance(value, list) else "")
        )

    def _spend(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise TooManySteps(f"more than {MAX_STEPS:,} steps")

    def _costly(self, schema: dict[str, Any], value: Any, place: str) -> str:
        if "enum" in schema or "const" in schema:
            allowed = schema.get("enum", []) + ([schema["const"]] if "const" in schema else [])
            self._spend(_nodes(value) + sum(map(_nodes, allowed)))
            key = json_key(value)
            if "const" in schema and key != json_key(schema["const"]):
                return f"{place or '/'}: const"
            if "enum" in schema and all(key != json_key(each) for each in schema["enum"]):
                return f"{place or '/'}: enum"
        if schema.get("uniqueItems") and isinstance(value, list):
            self._spend(_nodes(value))
            if len(set(map(json_key, value))) < len(value):
                return f"{place or '/'}: uniqueItems"
        if "pattern" in schema and isinstance(value, str) and not self._matches(schema["pattern"], value):
            return f"{place or '/'}: pattern"
        return ""

    def _matches(self, pattern: str, text: str) -> bool:
        self._spend(2 + len(text) // _CHARACTERS_A_STEP)
        return compiled(pattern).first(text) is not None

    def _keeps(self, schema: Any, value: Any, place: str, level: int) -> bool:
        return not self.fault(schema, value, place, level + 1)

    def _combined(self, schema: dict[str, Any], value: Any, place: str, level: int) -> str:
        for each in schema.get("allOf", ()):
            if fault := self.fault(each, value, place, level + 1):
                return fault
        if "anyOf" in schema and not any(self._keeps(each, value, place, level) for each in schema["anyOf"]):
            return f"{place or '/'}: anyOf"
        if "oneOf" in schema and sum(self._keeps(each, value, place, level) for each in schema["oneOf"]) != 1:
            return f"{place or '/'}: oneOf"
        if "not" in schema and self._keeps(schema["not"], value, place, level):
            return f"{place or '/'}: not"
        if "if" in schema:
            branch = "then" if self._keeps(schema["if"], value, place, level) else "else"
            return self.fault(schema[branch], value, place, level + 1) if branch in schema else ""
        return ""

    def _object(self, schema: dict[str, Any], value: dict[str, Any], place: str, level: int) -> str:
        properties, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
        for name, each in value.items():
            here = f"{place}/{name}" if name in properties else place
            applied = [properties[name]] if name in properties else []
            applied += [inner for pattern, inner in patterns.items() if self._matches(pattern, name)]
            if not applied and "additionalProperties" in schema:
                if schema["additionalProperties"] is False:
                    return f"{place or '/'}: additionalProperties"
                applied = [schema["additionalProperties"]]
            for inner in applied:
                if fault := self.fault(inner, each, here, level + 1):
                    return fault
            if "propertyNames" in schema and (fault := self.fault(schema["propertyNames"], name, place, level + 1)):
                return fault
        for name, inner in schema.get("dependentSchemas", {}).items():
            if name in value and (fault := self.fault(inner, value, place, level + 1)):
                return fault
        return ""

    def _array(self, schema: dict[str, Any], value: list[Any], place: str, level: int) -> str:
        first = schema.get("prefixItems", [])
        for inner, each in zip(first, value, strict=False):
            if fault := self.fault(inner, each, place, level + 1):
                return fault
        if "items" in schema:
            for each in value[len(first) :]:
                if fault := self.fault(schema["items"], each, place, level + 1):
                    return fault
        if "contains" in schema:
            number = sum(self._keeps(schema["contains"], each, place, level) for each in value)
            least, most = schema.get("minContains", 1), schema.get("maxContains", number)
            return "" if least <= number <= most else f"{place or '/'}: contains"
        return ""


def _size(argument: Any) -> int:
    return len(argument) if isinstance(argument, dict | list) else 0


def _nodes(value: Any) -> int:
    """How many values a value holds, itself included; a long text counts as several."""
    if isinstance(value, dict):
        return 1 + len(value) + sum(map(_nodes, value.values()))
    if isinstance(value, list):
        return 1 + sum(map(_nodes, value))
    return 1 + (len(value) // _CHARACTERS_A_STEP if isinstance(value, str) else 0)


def _is_type(argument: Any, value: Any) -> bool:
    return any(_IS[name](value) for name in ([argument] if isinstance(argument, str) else argument))


_IS: Final[dict[str, Callable[[Any], bool]]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "number": lambda value: isinstance(value, Fraction),
    "integer": lambda value: isinstance(value, Fraction) and value.denominator == 1,
    "string": lambda value: isinstance(value, str),
}


def _of(kind: type, holds: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """A check of values of one kind: others are let through."""
    return lambda argument, value: not isinstance(value, kind) or holds(argument, value)


_PLAIN: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "type": _is_type,
    "minimum": _of(Fraction, lambda bound, value: value >= bound),
    "maximum": _of(Fraction, lambda bound, value: value <= bound),
    "exclusiveMinimum": _of(Fraction, lambda bound, value: value > bound),
    "exclusiveMaximum": _of(Fraction, lambda bound, value: value < bound),
    "multipleOf": _of(Fraction, lambda step, value: (value / step).denominator == 1),
    "minLength": _of(str, lambda least, value: len(value) >= least),
    "maxLength": _of(str, lambda most, value: len(value) <= most),
    "minItems": _of(list, lambda least, value: len(value) >= least),
    "maxItems": _of(list, lambda most, value: len(value) <= most),
    "minProperties": _of(dict, lambda least, value: len(value) >= least),
    "maxProperties": _of(dict, lambda most, value: len(value) <= most),
    "required": _of(dict, lambda names, value: all(name in value for name in names)),
    "dependentRequired": _of(
        dict,
        lambda needed, value: all(each in value for name, others in needed.items() if name in value for each in others),
    ),
}
