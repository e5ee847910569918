"""Remarks beside the test: each by a plain rule, and none where an endpoint does not say the number."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from steelyard.records.watching import PassFacts
from steelyard.watching.changes import RULES, ChangeKind, changes_between, deep_fall

USUAL: dict[str, Any] = {
    "items": 40,
    "low": 700_000,
    "high": 700_000,
    "served": ("m",),
    "prompt_tokens": 1000,
    "answer_tokens": 20,
    "milliseconds": 200,
}
BASELINE = [PassFacts(**USUAL), PassFacts(**USUAL | {"answer_tokens": 24, "milliseconds": 300})]


def kinds(**changed: Any) -> list[str]:
    return [each.kind for each in changes_between(BASELINE, PassFacts(**USUAL | changed))]


def test_each_kind_has_a_rule_in_words() -> None:
    assert set(RULES) == set(get_args(ChangeKind))


def test_a_look_over_15_points_below_the_bound_is_a_remark() -> None:
    assert deep_fall(700_000, 550_000) == ()
    (found,) = deep_fall(700_000, 549_999)
    assert (found.kind, found.before, found.now) == ("rate", "70.0 %", "55.0 %")


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, []),
        ({"served": ("m", "m-2")}, ["served_name"]),
        ({"served": ()}, []),
        ({"prompt_tokens": 1020}, []),
        ({"prompt_tokens": 1021}, ["template"]),
        ({"prompt_tokens": 400}, ["template"]),
        ({"prompt_tokens": 400, "missing": 3}, []),
        ({"prompt_tokens": 0}, []),
        ({"answer_tokens": 36}, []),
        ({"answer_tokens": 37}, ["tokens"]),
        ({"answer_tokens": 13}, ["tokens"]),
        ({"milliseconds": 600}, []),
        ({"milliseconds": 601}, ["latency"]),
        ({"milliseconds": 99}, ["latency"]),
        ({"reasons": True}, ["thinks"]),
        ({"reasoned": 21}, ["thinks"]),
        ({"reasoned": 20}, []),
        ({"missing": 40, "served": (), "prompt_tokens": 0, "answer_tokens": 0, "milliseconds": 0}, []),
    ],
)
def test_rules(changed: dict[str, Any], expected: list[str]) -> None:
    assert kinds(**changed) == expected


def test_a_few_milliseconds_are_no_change() -> None:
    quick = [PassFacts(**USUAL | {"milliseconds": 4})]
    assert changes_between(quick, PassFacts(**USUAL | {"milliseconds": 103})) == ()
    assert [each.kind for each in changes_between(quick, PassFacts(**USUAL | {"milliseconds": 104}))] == ["latency"]
    slow = [PassFacts(**USUAL | {"milliseconds": 150})]
    assert changes_between(slow, PassFacts(**USUAL | {"milliseconds": 51})) == ()
    assert [each.kind for each in changes_between(slow, PassFacts(**USUAL | {"milliseconds": 50}))] == ["latency"]


def test_a_model_that_no_longer_thinks_is_a_change_too() -> None:
    thinking = [PassFacts(**USUAL | {"reasons": True, "reasoned": 40})]
    (change,) = changes_between(thinking, PassFacts(**USUAL))
    assert (change.kind, change.before, change.now) == ("thinks", "thinks", "does not think")


def test_a_baseline_that_thinks_now_and_then_says_nothing_of_it() -> None:
    mixed = [PassFacts(**USUAL), PassFacts(**USUAL | {"reasoned": 40})]
    assert changes_between(mixed, PassFacts(**USUAL | {"reasons": True})) == ()
