"""Fields of other harnesses' logs: scores, errors, times and targets, converted to ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from steelyard.adapters.log_fields import Targets, microseconds, microseconds_since_epoch, outcome_of_error, score_of
from steelyard.errors import InputError
from steelyard.records import Outcome, Score

LOG = Path("log.json")


@pytest.mark.parametrize(
    ("value", "score"),
    [
        ("C", Score(value=1.0)),
        ("I", Score(value=0.0)),
        ("P", Score(value=0.5)),
        ("N", Score(value=0.0, parsed=False)),
        ("True", Score(value=1.0)),
        ("0.25", Score(value=0.25)),
        (True, Score(value=1.0)),
        (0.5, Score(value=0.5)),
        (None, None),
        (float("nan"), None),
    ],
)
def test_scores_are_converted(value: Any, score: Score | None) -> None:
    assert score_of(value, LOG, "s1") == score


@pytest.mark.parametrize("value", ["maybe", [1.0], {"a": 1.0}])
def test_a_score_that_is_not_one_number_is_refused(value: Any) -> None:
    with pytest.raises(InputError, match=r"the score of 's1' is .*, not one number: choose another --metric"):
        score_of(value, LOG, "s1")


@pytest.mark.parametrize(
    ("message", "outcome"),
    [
        ("Request timed out", Outcome.TIMEOUT),
        ("HTTP 429", Outcome.RATE_LIMITED),
        ("JSONDecodeError", Outcome.MALFORMED),
        ("503 Service Unavailable", Outcome.SERVER_ERROR),
        ("401 unauthorized", Outcome.CLIENT_ERROR),
        ("something else", Outcome.DROPPED),
    ],
)
def test_errors_have_an_outcome(message: str, outcome: Outcome) -> None:
    assert outcome_of_error(message) is outcome


def test_times_are_microseconds() -> None:
    assert (microseconds(1.5), microseconds(None), microseconds(-1.0)) == (1_500_000, 0, 0)
    assert microseconds_since_epoch("1970-01-01T00:00:01") == 1_000_000
    assert microseconds_since_epoch("1970-01-01T01:00:01+01:00") == 1_000_000
    assert microseconds_since_epoch("yesterday") == 0


def test_our_scorers_take_one_target() -> None:
    assert Targets("").one(["a", "b"], "s1") == "a\nb"
    assert Targets("exact@5").one(["a"], "s1") == "a"
    with pytest.raises(InputError, match="'s1' has 2 targets, and exact@5 takes one: leave --scorer out"):
        Targets("exact@5").one(["a", "b"], "s1")
