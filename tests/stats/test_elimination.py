"""The choice of the cheapest: on exact counts, with missing answers, on real answers, and cascades by hand."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.inhouse import choose as bench
from steelyard.stats.elimination import Elimination, begin, choice, evaluate_cascade, needed, observe
from steelyard.stats.sequential import stop_table

started = cache(begin)


def run(answers: list[list[float | None]], target: Fraction, width: int = 1) -> Elimination:
    state = started(len(answers[0]), target, len(answers))
    while asked := needed(state, width):
        for number in asked:
            state = observe(state, number, answers[number][state.candidates[number].n])
    return state


def spread(right: int, items: int) -> list[float | None]:
    """Right answers spread evenly over the order."""
    return [float((place + 1) * right // items - place * right // items) for place in range(items)]


def test_the_first_that_meets_is_chosen_and_no_dearer_one_is_asked() -> None:
    state = run([spread(50, 100), spread(70, 100), spread(95, 100), spread(100, 100)], Fraction(9, 10))
    found = choice(state)
    assert (found.candidate, found.cheapest, found.undecided) == (2, True, ())
    assert state.candidates[3].n == 0
    assert state.candidates[0].n < 30
    assert found.calls == sum(candidate.n for candidate in state.candidates)


def test_none_may_meet() -> None:
    found = choice(run([spread(50, 100), spread(80, 100)], Fraction(9, 10)))
    assert (found.candidate, found.undecided) == (None, ())


def test_a_candidate_with_missing_answers_stays_undecided_and_the_choice_says_so() -> None:
    state = run([[*spread(88, 96), *[None] * 4], spread(95, 100)], Fraction(9, 10))
    found = choice(state)
    assert (found.candidate, found.cheapest, found.undecided) == (1, False, (0,))


def test_levels_are_those_of_the_docstring() -> None:
    state = begin(200, Fraction(85, 100), 4, 0.05)
    assert state.threshold == 170
    assert state.table == stop_table(200, 170, 0.025, 0.05 / 8)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=5), st.integers(1, 40), st.integers(1, 3), st.randoms())
def test_it_always_ends_and_asks_nobody_dearer_than_the_choice(
    totals: list[int], threshold: int, width: int, random: Random
) -> None:
    answers: list[list[float | None]] = [[*[1.0] * total, *[0.0] * (40 - total)] for total in totals]
    for each in answers:
        random.shuffle(each)
    state = run(answers, Fraction(threshold, 40), width)
    found = choice(state)
    assert found.undecided == ()
    if width == 1 and found.candidate is not None:
        assert all(candidate.n == 0 for candidate in state.candidates[found.candidate + 1 :])
    for total, candidate in zip(totals, state.candidates, strict=True):
        if candidate.n == 40:
            assert candidate.standing == ("meets" if total >= threshold else "below")


def test_a_limit_may_leave_all_undecided() -> None:
    state = begin(100, Fraction(9, 10), 2, limit=3)
    for number in (0, 1):
        for _ in range(3):
            state = observe(state, number, 1)
    assert needed(state) == ()
    assert choice(state).undecided == (0, 1)
    with pytest.raises(ValueError, match="all 3 samples"):
        observe(state, 0, 1)


def test_what_cannot_be_chosen_from_is_refused() -> None:
    with pytest.raises(ValueError, match="no candidate"):
        begin(10, Fraction(1, 2), 0)
    with pytest.raises(ValueError, match="at least one sample"):
        begin(10, Fraction(1, 2), 1, limit=0)
    with pytest.raises(ValueError, match="threshold"):
        begin(10, Fraction(0), 1)
    with pytest.raises(ValueError, match="0, 1 or None"):
        observe(begin(10, Fraction(1, 2), 1), 0, 0.5)


def test_answers_of_a_decided_candidate_change_nothing() -> None:
    state = run([spread(10, 100)], Fraction(9, 10))
    assert observe(state, 0, 1) is state


@pytest.mark.parametrize("threshold", [170, 171])
def test_errors_at_the_edge_are_within_the_level(threshold: int) -> None:
    """Five candidates that all miss the target by one answer, or all just meet it. 150 orders each."""
    random = np.random.default_rng(threshold)
    bits = (np.arange(200) < 170).astype(int)
    wrong = 0
    for _ in range(150):
        answers: list[list[float | None]] = [random.permutation(bits).astype(float).tolist() for _ in range(5)]
        found = choice(run(answers, Fraction(threshold, 200)))
        wrong += found.candidate != (0 if threshold == 170 else None)
    assert wrong <= 15  # of 150, where 5 % are allowed: more has a probability of .005


@pytest.mark.skipif(not bench.names(), reason="no measuring data at ../shared/data/scores")
def test_on_real_answers_it_is_the_full_grids_choice_for_a_part_of_its_calls() -> None:
    bits = bench.matrix("mmlu")
    plain, sorted_by_price = bench.measure(bits, bench.PRICES[0], 30), bench.measure(bits, bench.PRICES[1], 30)
    assert plain.same >= 26
    assert sorted_by_price.same >= 26
    assert plain.calls <= 0.3
    assert sorted_by_price.calls <= 0.65


# ── cascades ──


def test_a_cascade_by_hand() -> None:
    # On the first half, the small model is wrong at signals 1 and 2; escalating these two makes all four right.
    signals = [1.0, 2.0, 3.0, 4.0, 1.5, 2.5, 2.0, 9.0]
    small, large = [0, 0, 1, 1, 0, 1, 1, 0], [1, 1, 1, 1, 1, 1, 0, 1]
    found = evaluate_cascade(signals, small, large, (1.0, 10.0), 1.0)
    assert (found.threshold, found.tuned_rate) == (2.0, 1.0)
    assert (found.samples, found.right, found.escalated) == (4, 2, 2)
    assert found.rate == 0.5
    assert found.cost == 6.0
    assert not found.meets(0.5)


def test_a_small_model_that_is_good_enough_is_left_alone() -> None:
    found = evaluate_cascade([0.5] * 40, [1] * 40, [1] * 40, (1, 10), 0.8)
    assert found.escalated == 0
    assert found.cost == 1
    assert found.meets(0.8)


def test_equal_signals_are_escalated_together() -> None:
    found = evaluate_cascade([1.0, 1.0, 1.0, 1.0] * 2, [0, 1, 0, 0] * 2, [1] * 8, (1, 10), 0.5)
    assert found.escalated == 4


@pytest.mark.parametrize(
    ("signals", "small"),
    [([0.1] * 3, [1] * 3), ([0.1] * 4, [1] * 3), ([float("nan")] * 4, [1] * 4), ([0.1] * 4, [2] * 4)],
)
def test_what_is_no_cascade_is_refused(signals: list[float], small: list[int]) -> None:
    with pytest.raises(ValueError, match=r"four samples|signals are numbers"):
        evaluate_cascade(signals, small, [1] * len(signals), (1, 2), 0.5)
