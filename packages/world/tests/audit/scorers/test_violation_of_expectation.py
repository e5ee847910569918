"""Scores of surprise: the impossible clip must be the more surprising of its pair."""

from __future__ import annotations

import json

import pytest

from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample
from steelyard_world.audit.scorers.violation_of_expectation import ViolationOfExpectation

ASKED = Sample(id="t/0", request=GenerateRequest(prompt="{}"), target="")


def score(answer: object) -> tuple[float | None, bool]:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    found = ViolationOfExpectation().score(ASKED, ModelOutput(outcome=Outcome.OK, text=text))
    return found.value, found.parsed


def test_the_more_surprising_clip_is_named_by_its_sum_and_a_tie_is_wrong() -> None:
    assert score({"possible": [1, 2], "impossible": [0, 3.5]}) == (1.0, True)
    assert score({"possible": [1, 2], "impossible": [0, 2.5]}) == (0.0, True)
    assert score({"possible": [0.1, 0.2], "impossible": [0.2, 0.1 + 1e-8]}) == (0.0, True)
    assert score({"possible": [0.1, 0.2], "impossible": [0.2, 0.1 + 1e-6]}) == (1.0, True)


@pytest.mark.parametrize(
    "answer",
    [
        "the second",
        {"possible": [1]},
        {"possible": [1], "impossible": [1, 2]},
        {"possible": [], "impossible": []},
        {"possible": [1], "impossible": [None]},
        '{"possible":[1],"impossible":[1e999]}',
        '{"possible":[-1e300],"impossible":[1e300]}',
        {"possible": [1], "impossible": [2], "sure": [1]},
    ],
)
def test_what_is_no_pair_of_surprises_is_unparsed(answer: object) -> None:
    assert score(answer) == (0.0, False)
