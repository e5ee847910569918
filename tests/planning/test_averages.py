"""Averages over subtasks: which claims are tested as one, and what is said of the others."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from steelyard.planning.averages import MOST_SUBTASKS, groups_of, other_average, with_average
from steelyard.records import Claim, Part

EXACT = "exact@3"
SIZES = {"b": 20, "a": 30}


def rows(groups: dict[str, int], part: Part | None = None) -> Any:
    return SimpleNamespace(groups=groups, population=sum(groups.values()), part=part)


def claim(**changes: Any) -> Claim:
    return Claim(**{"task": "t", "value": "80", "average": "macro"} | changes)


def test_a_macro_average_over_unequal_subtasks_has_their_sizes() -> None:
    assert groups_of(claim(), rows(SIZES), EXACT) == (("a", 30), ("b", 20))
    assert groups_of(claim(samples=50), rows(SIZES), EXACT) == (("a", 30), ("b", 20))


@pytest.mark.parametrize(
    ("asked", "held", "scorer"),
    [
        (None, rows(SIZES), EXACT),
        (claim(average="micro"), rows(SIZES), EXACT),
        (claim(average="weighted"), rows(SIZES), EXACT),
        (claim(samples=40), rows(SIZES), EXACT),
        (claim(), rows(SIZES, Part(of=100, same=50)), EXACT),
        (claim(), rows({"a": 25, "b": 25}), EXACT),
        (claim(), rows({"": 25, "b": 20}), EXACT),
        (claim(), rows({"a": 50}), EXACT),
        (claim(), rows({f"s{n}": n + 1 for n in range(MOST_SUBTASKS + 1)}), EXACT),
        (claim(), rows(SIZES), "code@3"),
    ],
)
def test_any_other_claim_has_none(asked: Claim | None, held: Any, scorer: str) -> None:
    if scorer != EXACT:
        from steelyard.scorers import scorer_named

        scorer = scorer_named("code").identifier
    assert groups_of(asked, held, scorer) == ()


def test_what_is_said_of_an_average() -> None:
    said = ("x", *other_average(claim()))
    assert with_average(claim(), said, ()) == said
    assert with_average(None, said, (("a", 1),)) == said
    found = with_average(claim(), said, (("a", 30), ("b", 20)))
    assert found[0] == "x"
    assert found[1] == (
        "The vendor's number is a macro average; here it is over the task's 2 subtasks, each with the same weight."
    )
    assert other_average(claim(average="micro")) == ()
    assert "a weighted average over subtasks; here every sample" in other_average(claim(average="weighted"))[0]
