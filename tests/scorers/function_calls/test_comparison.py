"""Calls against the right ones: kinds, texts, what may be left out, and an order that does not count in parallel."""

from __future__ import annotations

from typing import Any

import pytest

from steelyard.scorers.function_calls.comparison import fault_of

SHOP = {
    "name": "shop.order",
    "parameters": {
        "properties": {
            "what": {"type": "string"},
            "count": {"type": "integer"},
            "price": {"type": "float"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "box": {"type": "dict"},
            "boxes": {"type": "array", "items": {"type": "dict"}},
            "place": {"type": "tuple", "items": {"type": "float"}},
        },
        "required": ["what"],
    },
}
OTHER = {"name": "other", "parameters": {"properties": {}, "required": []}}
RIGHT = {
    "what": ["Lamp, red"],
    "count": [2, ""],
    "price": [5.0, ""],
    "tags": [["a-b", "c"], ""],
    "box": [{"wide": [10], "colour": ["Red", ""]}, ""],
    "boxes": [[{"wide": [1]}, {"wide": [2]}], ""],
    "place": [[1.5, 2.0], ""],
}


def fault(category: str = "simple", answers: Any = ({"shop.order": RIGHT},), *calls: dict[str, Any]) -> str:
    return fault_of(category, [SHOP, OTHER], list(calls), answers)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, ""),
        ({"what": "lamp red"}, ""),
        ({"what": "lamp, blue"}, "'what' has another value"),
        ({"what": 7}, "'what' has another value"),
        ({"count": 2}, ""),
        ({"count": 2.0}, "'count' has another value"),
        ({"price": 5}, ""),
        ({"tags": ["AB", "C"]}, ""),
        ({"tags": ["C", "AB"]}, "'tags' has another value"),
        ({"tags": ("AB", "C")}, "'tags' has another value"),
        ({"box": {"wide": 10}}, ""),
        ({"box": {"wide": 10, "colour": "red"}}, ""),
        ({"box": {"colour": "red"}}, "'box' has another value"),
        ({"box": {"wide": 10, "high": 1}}, "'box' has another value"),
        ({"boxes": [{"wide": 1}, {"wide": 2}]}, ""),
        ({"boxes": [{"wide": 2}, {"wide": 1}]}, "'boxes' has another value"),
        ({"boxes": [{"wide": 1}]}, "'boxes' has another value"),
        ({"place": (1.5, 2.0)}, ""),
        ({"size": 3}, "'size' is no argument"),
        ({None: 3}, "'None' is no argument"),
    ],
)
def test_arguments(given: dict[Any, Any], said: str) -> None:
    assert fault("simple", ({"shop.order": RIGHT},), {"shop.order": {"what": "Lamp red"} | given}) == said


def test_what_is_required_or_must_be_given() -> None:
    assert fault("simple", ({"shop.order": RIGHT},), {"shop.order": {}}) == "'what' is missing"
    needed = {"shop.order": {"what": ["x"], "count": [1]}}
    assert fault("simple", (needed,), {"shop.order": {"what": "x"}}) == "'count' is missing"


def test_a_right_value_of_another_kind_is_a_variable_and_compared_as_it_is() -> None:
    answer = {"shop.order": {"what": ["x"], "count": ["lamps.length"]}}
    assert fault("simple", (answer,), {"shop.order": {"what": "x", "count": "lamps.length"}}) == ""
    assert fault("simple", (answer,), {"shop.order": {"what": "x", "count": "Lamps.length"}}) != ""


def test_the_number_of_calls_counts_and_in_parallel_their_order_does_not() -> None:
    one, two = ({"shop.order": {"what": [each]}} for each in ("one", "two"))
    calls = [{"shop.order": {"what": each}} for each in ("two", "one")]
    assert fault("parallel", (one, two), *calls) == ""
    assert fault("parallel_multiple", (one, two), calls[0], calls[0]) != ""
    assert fault("parallel", (one, two), calls[0]) == "1 calls in place of 2"
    assert fault("simple", (one,), *calls) == "2 calls"
    assert fault("multiple", (one,), calls[1]) == ""
    assert fault("multiple", (one,), {"other": {}}) == "another function"


def test_what_the_reference_cannot_compare_is_an_error() -> None:
    with pytest.raises(LookupError):
        fault("multiple", ({"unknown": {}},), {"unknown": {}})
    with pytest.raises(AttributeError):
        fault(
            "simple",
            ({"shop.order": {"what": ["x"], "box": [{"a": [1]}, "b"]}},),
            {"shop.order": {"what": "x", "box": {}}},
        )
