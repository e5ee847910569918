"""Whether a value keeps a schema: as the reference implementation says, and in bounded steps."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from steelyard.scorers.json_schema.schema import open_schema
from steelyard.scorers.json_schema.validate import TooManySteps, fault_of
from steelyard.scorers.reading.json_answers import parse_json

NAMES = st.sampled_from(["a", "b", "ab", ""])
SCALARS = st.none() | st.booleans() | st.integers(-3, 6) | st.sampled_from([0.5, 2.0, -1.5]) | NAMES
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)
COUNTS = st.integers(0, 3)
TYPES = st.sampled_from(["null", "boolean", "object", "array", "number", "string", "integer"])


def plain_schemas() -> st.SearchStrategy[dict[str, Any]]:
    numbers = st.integers(-2, 4) | st.sampled_from([0.5, 1.5])
    return st.fixed_dictionaries(
        {},
        optional={
            "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
            "enum": st.lists(VALUES, min_size=1, max_size=3),
            "const": VALUES,
            "minimum": numbers,
            "exclusiveMaximum": numbers,
            "multipleOf": st.sampled_from([1, 2, 0.5]),
            "minLength": COUNTS,
            "maxLength": COUNTS,
            "pattern": st.sampled_from(["^a", "b$", "a|b", "^$"]),
            "minItems": COUNTS,
            "maxItems": COUNTS,
            "uniqueItems": st.booleans(),
            "required": st.lists(NAMES, max_size=2, unique=True),
            "minProperties": COUNTS,
            "maxProperties": COUNTS,
            "dependentRequired": st.dictionaries(NAMES, st.lists(NAMES, max_size=2, unique=True), max_size=1),
        },
    )


def with_inner(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    several = st.lists(inner, min_size=1, max_size=2)
    named = st.dictionaries(NAMES, inner, max_size=2)
    return st.fixed_dictionaries(
        {},
        optional={
            "properties": named,
            "patternProperties": st.dictionaries(st.sampled_from(["^a", "b"]), inner, max_size=2),
            "additionalProperties": inner | st.booleans(),
            "propertyNames": inner,
            "dependentSchemas": named,
            "prefixItems": several,
            "items": inner | st.booleans(),
            "contains": inner,
            "minContains": COUNTS,
            "maxContains": COUNTS,
            "allOf": several,
            "anyOf": several,
            "oneOf": several,
            "not": inner,
            "if": inner,
            "then": inner,
            "else": inner,
            "type": TYPES,
        },
    )


SCHEMAS = st.recursive(plain_schemas(), with_inner, max_leaves=5)


def keeps(schema: Any, value: Any) -> bool:
    return not fault_of(open_schema(schema), parse_json(json.dumps(value)))


@settings(max_examples=40)
@given(SCHEMAS, VALUES)
def test_it_says_what_the_reference_says(schema: Any, value: Any) -> None:
    assert keeps(schema, value) == Draft202012Validator(schema).is_valid(value)


@given(VALUES)
def test_references_are_followed(value: Any) -> None:
    schema = {
        "$defs": {"list": {"type": ["array", "number"], "items": {"$ref": "#/$defs/list"}}},
        "anyOf": [{"$ref": "#/$defs/list"}, {"type": "object", "additionalProperties": {"$ref": "#"}}],
    }
    assert keeps(schema, value) == Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize(
    ("schema", "value", "fault"),
    [
        ({"properties": {"a": {"items": {"type": "string"}}}}, {"a": ["x", 1]}, "/a: type"),
        ({"required": ["a"]}, {}, "/: required"),
        ({"additionalProperties": False}, {"<script>": 1}, "/: additionalProperties"),
        ({"properties": {"a": False}}, {"a": 1}, "/a: not allowed"),
        ({"if": {"type": "string"}, "then": {"pattern": "^x"}}, "y", "/: pattern"),
        ({"multipleOf": 0.1}, 0.3, ""),
        ({"type": "integer"}, 1e300, ""),
        ({"format": "date"}, "no date", ""),
    ],
)
def test_the_first_fault_is_named_by_the_schema_alone(schema: Any, value: Any, fault: str) -> None:
    assert fault_of(open_schema(schema), parse_json(json.dumps(value))) == fault


def test_schemas_that_would_take_for_ever_end() -> None:
    doubling: dict[str, Any] = {"$defs": {"s0": {"type": "string"}}, "$ref": "#/$defs/s18"}
    for number in range(1, 19):
        below = {"$ref": f"#/$defs/s{number - 1}"}
        doubling["$defs"][f"s{number}"] = {"oneOf": [{"not": below}, {"not": {"not": below}}]}
    long = {"enum": [list(range(1500))]}
    for schema, value in ((doubling, "x"), ({"items": long}, [list(range(1500))] * 20)):
        with pytest.raises(TooManySteps, match="steps"):
            fault_of(open_schema(schema), parse_json(json.dumps(value)))


def test_schemas_that_lead_on_without_end_are_bounded_too() -> None:
    chain: dict[str, Any] = {"$defs": {"s0": True}, "$ref": "#/$defs/s130"}
    chain["$defs"] |= {f"s{number}": {"$ref": f"#/$defs/s{number - 1}"} for number in range(1, 131)}
    with pytest.raises(TooManySteps, match="schemas apply one another"):
        fault_of(open_schema(chain), None)


def test_hostile_patterns_take_bounded_time() -> None:
    schema = open_schema({"items": {"pattern": "^(a|aa)+$"}})
    assert fault_of(schema, ["a" * 40_000 + "!"]) == "/: pattern"
