"""Averages over subtasks: which claims are tested as one, and what is said of the others."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from steelyard.planning.averages import MOST_SUBTASKS, Average, average_of, other_average
from steelyard.planning.testable import Skip
from steelyard.records import Claim, Part
from steelyard.scorers import scorer_named

EXACT, IFEVAL = "exact@5", "ifeval[average-strict]@2"
SIZES = {"b": 20, "a": 30}
SORTED = (("a", 30), ("b", 20))
INSTRUCTIONS = {"1": 305, "2": 179, "3": 57}  # of IFEval's 541 prompts: 834 together


def rows(groups: dict[str, int], part: Part | None = None) -> Any:
    return SimpleNamespace(groups=groups, population=sum(groups.values()), part=part)


def task(average: str = "") -> Any:
    return SimpleNamespace(definition=SimpleNamespace(average=average))


def claim(**changes: Any) -> Claim:
    return Claim(**{"task": "t", "value": "80", "average": "macro"} | changes)


def found(asked: Claim | None, held: Any = None, scorer: str = EXACT, average: str = "") -> Average:
    return average_of(asked, task(average), held or rows(SIZES), scorer)


def test_a_macro_average_over_unequal_subtasks_has_their_sizes() -> None:
    for each in (claim(), claim(samples=50)):
        assert (found(each).groups, found(each).weights) == (SORTED, ())


@pytest.mark.parametrize(
    ("asked", "held", "scorer"),
    [
        (None, rows(SIZES), EXACT),
        (claim(average=""), rows(SIZES), EXACT),
        (claim(average="micro"), rows(SIZES), EXACT),
        (claim(average="weighted"), rows(SIZES), EXACT),
        (claim(samples=40), rows(SIZES), EXACT),
        (claim(), rows(SIZES, Part(of=100, same=50)), EXACT),
        (claim(), rows({"a": 25, "b": 25}), EXACT),
        (claim(), rows({"": 25, "b": 20}), EXACT),
        (claim(), rows({"a": 50}), EXACT),
        (claim(), rows({f"s{n}": n + 1 for n in range(MOST_SUBTASKS + 1)}), EXACT),
        (claim(), rows(SIZES), scorer_named("code").identifier),
    ],
)
def test_any_other_claim_has_none(asked: Claim | None, held: Any, scorer: str) -> None:
    assert found(asked, held, scorer) == Average()


def test_a_task_may_be_claimed_by_the_mean_of_its_subtasks() -> None:
    unstated = found(claim(average=""), average="macro")
    assert (unstated.groups, unstated.weights) == (SORTED, (("a", 1), ("b", 1)))
    assert "The claim states no average" in unstated.said
    assert found(claim(average="micro"), average="macro") == Average()
    assert found(claim(), average="macro") == found(claim())


def test_stated_weights_are_those_of_the_subtasks() -> None:
    weighted = found(claim(average="weighted", weights=(("a", 1), ("b", 3))))
    assert (weighted.groups, weighted.weights) == (SORTED, (("a", 1), ("b", 3)))
    assert "by the weights stated" in weighted.said


@pytest.mark.parametrize(
    ("changes", "scorer", "why"),
    [
        ({"weights": (("a", 1),)}, EXACT, r"name each of the task's 2 subtasks once; see 'b'"),
        ({"weights": (("a", 1), ("b", 1), ("c", 1))}, EXACT, "see 'c'"),
        ({"weights": (("a", 1), ("b", 3)), "samples": 40}, EXACT, "about all items"),
        ({"weights": (("a", 1), ("b", 3))}, scorer_named("code").identifier, "no code is run"),
    ],
)
def test_other_weights_are_refused(changes: dict[str, Any], scorer: str, why: str) -> None:
    with pytest.raises(Skip, match=why):
        found(claim(average="weighted", **changes), scorer=scorer)


def test_ifevals_average_weighs_prompts_by_their_instructions() -> None:
    average = found(claim(average=""), rows(INSTRUCTIONS), IFEVAL)
    assert average.weights == (("1", 305 * 1375), ("2", 179 * 1916), ("3", 57 * 2457))
    assert "by prompt and by instruction" in average.said
    with pytest.raises(Skip, match="541 with 834"):
        found(claim(average=""), rows({"1": 541}), IFEVAL)
    with pytest.raises(Skip, match="for claims alone"):
        average_of(None, task(), rows(INSTRUCTIONS), IFEVAL, alone=True)
    assert average_of(None, task(), rows(INSTRUCTIONS), IFEVAL) == Average()


def test_what_is_said_of_an_average() -> None:
    said = ("x", *other_average(claim()))
    assert Average().differences(claim(), said) == said
    assert found(claim()).differences(None, said) == said
    assert found(claim()).differences(claim(), said) == (
        "x",
        "The vendor's number is a macro average; here it is over the task's 2 subtasks, each with the same weight.",
    )
    assert other_average(claim(average="micro")) == ()
    assert "a weighted average over subtasks; here every sample" in other_average(claim(average="weighted"))[0]
