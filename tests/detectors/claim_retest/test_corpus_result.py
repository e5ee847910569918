"""The judgement on a corpus score: compared when all is there and nothing varies, and else an estimate."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from steelyard.detectors.claim_retest.corpus_result import CorpusFinder
from steelyard.plugins import Monitor
from steelyard.records import SampleScore
from tests.detectors.claim_retest.corpus_plans import RIGHT, WRONG, N, corpus_of, score, sealed_plan

ANSWERS: list[str | None] = [*[RIGHT] * 12, *[WRONG] * 8]
VALUE = 100 * corpus_of([RIGHT] * 12 + [WRONG] * 8)


def finder(value: float, sealed: dict[str, Any] | None = None, **changes: Any) -> CorpusFinder:
    plan = sealed_plan(f"{value:.1f}", sealed, **changes)
    return CorpusFinder(plan.tests[0], plan)


def scores(answers: list[str | None] = ANSWERS, again: list[str | None] | None = None) -> list[SampleScore]:
    seconds = answers if again is None else again
    return [
        *(score(place, answer) for place, answer in enumerate(answers)),
        *(score(place, answer, again=True) for place, answer in enumerate(seconds)),
    ]


def judged(of: CorpusFinder, given: list[SampleScore]) -> tuple[str, str]:
    for each in given:
        of.observe(each)
    found = of.find({})
    assert found.claim is not None
    assert (found.claim.verdict, found.claim.reason) == (found.word, found.reason)
    return found.word.value, found.reason


@pytest.mark.parametrize(
    ("above", "word"),
    [(0.0, "consistent"), (-9.0, "consistent"), (1.9, "consistent"), (2.2, "insufficient_power"),
     (3.9, "insufficient_power"), (4.2, "inconsistent"), (10.0, "inconsistent")],
)  # fmt: skip
def test_all_of_it_is_compared_with_the_claim(above: float, word: str) -> None:
    of = finder(VALUE + above)
    assert judged(of, scores())[0] == word
    found = of.find({})
    assert found.claim is not None
    assert found.p == (0.05 if word == "inconsistent" else 1.0)
    assert found.claim.measured == pytest.approx(VALUE / 100)
    assert found.claim.better is (above < -2)


def test_the_order_of_arrival_changes_nothing() -> None:
    given = scores()
    found = set()
    for seed in range(5):
        random.Random(seed).shuffle(given)
        of = finder(VALUE + 10)
        judged(of, given)
        found.add(repr(of.find({})))
    assert len(found) == 1


def test_nothing_ends_it_before_all_was_asked() -> None:
    of = finder(90.0)
    assert isinstance(of, Monitor)
    for number, each in enumerate(scores()):
        assert of.closed == frozenset()
        assert of.heads == {"00-t": min(number, N)}
        of.observe(each)
    assert of.closed == {"00-t"}
    assert of.progress().decision == "inconsistent"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (scores(again=[WRONG, *ANSWERS[1:]]), "1 of 20 answers that were asked twice differ"),
        (scores()[:25], "15 answers that are asked twice were not asked again"),
        (scores()[:7], "a corpus score is that of the whole set, and 7 of 20 were asked"),
        (scores(again=[None] * N), "no answer came twice, so that nothing shows whether they vary"),
    ],
)
def test_what_is_not_whole_or_varies_is_an_estimate(given: list[SampleScore], reason: str) -> None:
    for value in (VALUE, VALUE + 20):
        of = finder(value)
        word, why = judged(of, given)
        assert word == "not_testable"
        assert why == f"{reason}: this is an estimate with a bootstrap interval, and decides nothing"
        found = of.find({})
        assert found.p == 1.0
        assert found.claim is not None
        assert found.claim.ci is not None
        assert found.claim.ci[0] <= found.claim.ci[1]


@pytest.mark.parametrize(
    ("sealed", "changes", "reason"),
    [
        ({"whole": 60}, {}, "the claim is about 60 items, and 20 are here"),
        ({"one_answer": True}, {}, "the endpoint repeats its answers as a cache does"),
        ({}, {"decoding": "sampled", "temperature": 0.7}, "the vendor sampled its answers"),
    ],
)
def test_what_a_score_cannot_show_is_said(sealed: dict[str, Any], changes: dict[str, Any], reason: str) -> None:
    of = finder(VALUE + 20, sealed, **changes)
    again = [score(place, answer, again=True) for place, answer in enumerate(ANSWERS)]
    extra = [msgspec.structs.replace(each, repeat=2) for each in again] if changes else []
    word, why = judged(of, [*scores(), *extra])
    assert word == "not_testable"
    assert why.startswith(reason)


def test_a_missing_answer_is_read_both_ways() -> None:
    answers: list[str | None] = [None, *ANSWERS[1:]]
    assert judged(finder(VALUE), scores(answers))[0] == "insufficient_power"
    assert judged(finder(VALUE + 20), scores(answers))[0] == "inconsistent"
    lowest = 5.0  # below what the score is with one answer that is long and wrong
    assert judged(finder(lowest), scores(answers))[0] == "consistent"


def test_what_the_vendor_does_not_state_is_not_held_against_it() -> None:
    unstated = {"unstated": ("decoding", "prompt format")}
    assert judged(finder(VALUE, unstated), scores())[0] == "consistent"
    word, why = judged(finder(VALUE + 10, unstated), scores())
    assert word == "not_testable"
    assert "does not state its decoding and prompt format" in why


def test_a_score_without_counts_is_refused() -> None:
    with pytest.raises(ValueError, match="no counts"):
        finder(50.0).observe(msgspec.structs.replace(score(0, RIGHT), counts=()))


def test_before_anything_was_asked_nothing_is_said() -> None:
    found = finder(50.0).find({})
    assert found.claim is not None
    assert (found.claim.measured, found.claim.bounds, found.claim.ci) == (None, None, None)
