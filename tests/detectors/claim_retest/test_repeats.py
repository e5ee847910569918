"""Samples that are asked several times: the variance that their answers show."""

from __future__ import annotations

import pytest

from steelyard.detectors.claim_retest.repeats import Mark, Noise, Pairs, Repeats
from steelyard.records import SampleScore
from steelyard.stats.bounded_bets import GRID


def test_the_variance_of_pairs() -> None:
    pairs = Pairs()
    assert pairs.upper_noise() == pairs.noise() == Noise.of(0.25)
    marks: dict[str, tuple[Mark, Mark]] = {
        "a": (1, 1), "b": (1, 0), "c": (0, "open"), "d": (1, "missing"), "e": ("open", "open"),
    }  # fmt: skip
    for sample, both in marks.items():
        for mark in both:
            pairs.take(sample, mark)
    # d shows nothing. For the vendor b, c and e differ; where open is right b and c, where it is wrong b alone.
    assert (pairs.complete, pairs.noise()) == (5, Noise(vendor=3 / 8, own=2 / 8, confirming=1 / 8))
    assert pairs.upper_noise() == Noise(vendor=4 / 10, own=3 / 10, confirming=2 / 10)
    assert pairs.noise().at_least(0.2) == Noise(vendor=3 / 8, own=2 / 8, confirming=0.2)


def answer(sample: str, mark: Mark) -> SampleScore:
    return SampleScore(
        measurement="00-t", position=-1, sample=sample, repeat=1, value=float(mark) if isinstance(mark, int) else None,
        status="scored" if isinstance(mark, int) else mark, scorer="exact@1", seq=0,  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("marks", "differ", "variance"),
    [
        ((1, 1, 1), False, 1 / 3 / 2),
        ((1, 1, "open"), True, 1 / 3),
        ((1, "open", "open"), True, 1 / 3),
        ((1, 1, "missing"), False, 1 / 2 / 2),
        ((1, "missing", "missing"), True, 0.25),  # nothing shows that they are the same
        ((), True, 0.25),
    ],
)
def test_open_answers_disagree_and_missing_ones_are_left_out(
    marks: tuple[Mark, ...], differ: bool, variance: float
) -> None:
    repeats = Repeats(3)
    for mark in marks:
        repeats.take(answer("a", mark))
    assert (repeats.left, repeats.differ) == (3 - len(marks), differ)
    assert repeats.variance(0.025) == pytest.approx(variance)
    assert repeats.noise(0.025).vendor == pytest.approx(variance)


def test_an_open_answer_of_ours_is_read_as_each_test_reads_it() -> None:
    """As right where the claim may be rejected, and as wrong where it may be confirmed."""
    repeats = Repeats(6)
    for mark in (1, 1, "open"):
        repeats.take(answer("a", mark))
    noise = repeats.noise(0.025)
    assert noise.own < noise.confirming == noise.vendor
    assert noise.own == pytest.approx(1 / 3 / 2)
    for mark in (0, 0, "open"):
        repeats.take(answer("b", mark))
    noise = repeats.noise(0.025)
    assert noise.own == noise.confirming < noise.vendor


def test_shares_vary_by_how_far_they_lie_apart() -> None:
    pairs = Pairs()
    marks: dict[str, tuple[Mark, Mark]] = {"a": (0.5, 0.7), "b": (1.0, 0.5), "c": (0.25, 0.25), "d": (0.9, "open")}
    for sample, both in marks.items():
        for mark in both:
            pairs.take(sample, mark)
    own = (0.04 / 2 + 0.25 / 2 + 0 + 0.01 / 2) / 4  # where open is right
    assert pairs.noise().own == pytest.approx(own)
    assert pairs.noise().vendor == pytest.approx((0.04 / 2 + 0.25 / 2 + 0.81 / 2) / 4)
    repeats = Repeats(4, GRID)
    for sample, value in (("a", 0.5), ("a", 0.7), ("b", 1.0), ("b", 0.5)):
        repeats.take(
            SampleScore(measurement="00-t", position=-1, sample=sample, repeat=1, value=value, status="scored",
                        scorer="exact@1", seq=0)
        )  # fmt: skip
    assert repeats.differ
    assert repeats.variance(0.025) == pytest.approx((0.02 + 0.125 + 0.5) / 3)
