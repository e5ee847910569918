"""Fields: walked by their paths, each by its rule."""

from __future__ import annotations

import json
from typing import Any

import pytest

from steelyard.scorers.json_schema.fields import fault_of_target, read_fields
from steelyard.scorers.json_schema.rules import field_rule
from steelyard.scorers.reading.json_answers import parse_json

ORDER = {"customer": {"name": "Ada", "city": "Bonn"}, "items": [{"price": 2}, {"price": 3}], "note": "as she wrote"}


def fields(expected: Any, given: Any, rules: dict[str, Any] | None = None, *, refuse_extra: bool = False) -> list[Any]:
    opened = {path: field_rule(rule) for path, rule in (rules or {}).items()}
    ours, theirs = parse_json(json.dumps(expected)), parse_json(json.dumps(given))
    return [(each.path, each.reading) for each in read_fields(ours, theirs, opened, refuse_extra=refuse_extra)]


def test_every_field_has_a_path() -> None:
    assert fields(ORDER, ORDER) == [
        ("customer.name", True),
        ("customer.city", True),
        ("items.price", True),
        ("items.price", True),
        ("note", True),
    ]


def test_a_path_means_every_member_of_a_list() -> None:
    given = ORDER | {"items": [{"price": 2.01}, {"price": 2.99}], "note": "else"}
    assert fields(ORDER, given, {"items.price": {"number": 0.01}, "note": "ignore"})[2:] == [
        ("items.price", True),
        ("items.price", True),
    ]


@pytest.mark.parametrize("given", [None, [], "x", {}, {"customer": "Ada", "items": [{"price": 2}], "note": 1}])
def test_what_lacks_is_wrong_field_by_field(given: Any) -> None:
    found = fields(ORDER, given)
    assert len(found) == 5
    assert not any(reading for _, reading in found)


def test_an_object_with_a_rule_is_read_whole() -> None:
    assert fields({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, {"a": "strict"}) == [("a", False)]


def test_a_value_that_is_no_object_is_one_field() -> None:
    assert fields([1, 2], [1, 2]) == [("", True)]
    assert fields({}, {"a": 1}) == fields({}, 3) == []
    assert fields({"x": {}}, {"x": {"a": 1}}) == [("x", True)]
    assert fields({"x": {}}, {"x": 3}) == [("x", False)]


@pytest.mark.parametrize(
    ("extra", "reading"), [({"more": 1}, False), ({"more": None, "less": ""}, None), ({"customer": {"age": 3}}, False)]
)
def test_fields_that_nobody_asked_for_are_one_more(extra: dict[str, Any], reading: bool | None) -> None:
    given = {**ORDER, **extra}
    if "customer" in extra:
        given["customer"] = ORDER["customer"] | extra["customer"]
    assert fields(ORDER, given) == fields(ORDER, ORDER)
    assert fields(ORDER, given, refuse_extra=True)[-1] == ("a field that is not asked for", reading)
    assert fields(ORDER, given, {"more": "ignore", "customer.age": "ignore"}, refuse_extra=True)[:5] == fields(
        ORDER, ORDER
    )


def test_members_of_a_list_may_have_fields_too_many() -> None:
    given = ORDER | {"items": [{"price": 2, "tax": 1}, {"price": 3}]}
    assert fields(ORDER, given, refuse_extra=True)[-1] == ("a field that is not asked for", False)


@pytest.mark.parametrize(
    ("expected", "fault"),
    [
        ({"when": "2026-03-04", "total": 3}, ""),
        ({"when": None, "total": None}, ""),
        ({"when": "3/4/2026", "total": 3}, "its field 'when' is no date"),
        ({"when": "2026-03-04", "total": "three or four"}, "its field 'total' is no number"),
    ],
)
def test_right_answers_fit_their_rules(expected: Any, fault: str) -> None:
    rules = {"when": field_rule("date"), "total": field_rule("number")}
    assert fault_of_target(parse_json(json.dumps(expected)), rules) == fault
