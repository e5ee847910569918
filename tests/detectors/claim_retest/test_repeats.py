"""Samples that are asked several times: what their answers show of the variance within samples."""

from __future__ import annotations

from steelyard.detectors.claim_retest.repeats import MAX_VARIANCE, MISSING, OPEN, Pairs, Repeats, mark_of
from steelyard.records import SampleScore


def score(sample: str, value: float | None, status: str = "scored") -> SampleScore:
    return SampleScore(
        measurement="m",
        position=-1,
        sample=sample,
        repeat=1,
        value=value,
        scorer="exact@2",
        seq=0,
        status=status,  # type: ignore[arg-type]
    )


def test_only_a_full_score_is_right() -> None:
    assert [mark_of(score("a", value)) for value in (1.0, 0.5, 0.0)] == [1, 0, 0]
    assert mark_of(score("a", None, "missing")) == MISSING
    assert mark_of(score("a", None, "open")) == OPEN


def test_a_check_without_two_answers_to_a_sample_shows_the_greatest_variance() -> None:
    check = Repeats(calls=2)
    check.take(score("a", 1.0))
    check.take(score("b", None, "missing"))
    assert (check.left, check.differ, check.variance()) == (0, True, MAX_VARIANCE)


def test_equal_answers_do_not_differ_and_their_upper_estimate_is_above_zero() -> None:
    check = Repeats(calls=40)
    for sample in range(20):
        for _ in range(2):
            check.take(score(f"s{sample}", float(sample % 2)))
    assert not check.differ
    assert 0 < check.variance() < 0.1


def test_an_open_answer_is_the_score_that_disagrees_most() -> None:
    pairs = Pairs()
    for mark in (1, OPEN):
        pairs.take("a", mark)
    for mark in (0, 0):
        pairs.take("b", mark)
    pairs.take("c", 1)
    assert (pairs.complete, pairs.variance()) == (2, 0.25)
    assert pairs.upper_variance() > pairs.variance()
    assert (Pairs().variance(), Pairs().upper_variance()) == (MAX_VARIANCE, MAX_VARIANCE)
