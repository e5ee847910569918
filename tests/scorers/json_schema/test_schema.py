"""Schemas of strangers: what is read is also checked, and the rest is refused in one line."""

from __future__ import annotations

from typing import Any

import pytest

from steelyard.errors import InputError
from steelyard.scorers.json_schema.schema import DIALECT, open_schema


@pytest.mark.parametrize(
    "schema",
    [
        True,
        {},
        {"$schema": DIALECT, "$id": "https://example.com/x", "title": "x", "type": ["object", "null"]},
        {"$defs": {"a/b": {"type": "string"}}, "$ref": "#/$defs/a~1b"},
        {"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#"}}}},
        {"properties": {"unheardOf": {"properties": {"$ref": {"type": "string"}}}}},
    ],
    ids=str,
)
def test_schemas_are_opened(schema: Any) -> None:
    open_schema(schema)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (3, "#: a schema is an object, true or false"),
        ({"requierd": ["a"]}, "#/requierd: this keyword is not known here"),
        ({"properties": {"a": {"nullable": True}}}, "#/properties/a/nullable"),
        ({"unevaluatedProperties": False}, "not known here"),
        ({"$dynamicRef": "#x"}, "not known here"),
        ({"$ref": "https://example.com/x.json"}, "only references within the schema"),
        ({"$ref": "file:///etc/passwd"}, "only references within the schema"),
        ({"$ref": "#/$defs/a"}, "where no schema is"),
        ({"$ref": "#/properties", "properties": {}}, "where no schema is"),
        ({"$ref": "#"}, "refers to itself"),
        ({"allOf": [{"anyOf": [{"$ref": "#"}]}]}, "refers to itself"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "only draft 2020-12"),
        ({"items": {"$id": "x"}}, "only the whole schema may have an id"),
        ({"type": "float"}, "needs one or several of null"),
        ({"type": []}, "needs one or several of null"),
        ({"enum": "a"}, "needs a list of values"),
        ({"required": "a"}, "needs a list of names"),
        ({"dependentRequired": []}, "needs an object of lists"),
        ({"minimum": "1"}, "needs a number"),
        ({"multipleOf": 0}, "needs a number above 0"),
        ({"maxItems": 1.5}, "needs a whole number"),
        ({"maxItems": -1}, "needs a whole number"),
        ({"uniqueItems": 1}, "needs true or false"),
        ({"allOf": []}, "needs a list of schemas"),
        ({"properties": []}, "needs an object of schemas"),
        ({"pattern": r"(a+)+\1"}, "refers back to a group"),
        ({"patternProperties": {"(?=a)": True}}, "looks ahead or behind"),
        ({"const": float("nan")}, "is no number of JSON"),
        ({"const": object()}, "is no value of JSON"),
        ({"not": {"not": {"not": 1}}}, "#/not/not/not"),
        ({"anyOf": [{"x\x1b[31m": 1}]}, "this keyword is not known"),
    ],
)
def test_what_is_refused_is_one_line_with_its_place(schema: Any, words: str) -> None:
    with pytest.raises(InputError) as caught:
        open_schema(schema)
    assert words in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_schema_is_bounded_in_depth_and_number() -> None:
    deep: Any = True
    for _ in range(25):
        deep = {"not": deep}
    endless: Any = []
    for _ in range(2000):
        endless = [endless]
    for schema in (deep, {"const": endless}, {"anyOf": [True] * 2001}):
        with pytest.raises(InputError, match="schema: "):
            open_schema(schema)
