"""Guesses whose text is whose: chance accuses seldom, being right often soon, and missing pairs accuse nobody."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from steelyard_forensics.stats.told_apart import LEARNING, MARGIN, TOLERANCE, Guesses, SeveralOrders

RUNS, LENGTH, LEVEL = 200, 300, 0.05
SEEN = st.lists(st.sampled_from([True, False, None]), max_size=150)


def read(pairs: Sequence[bool | None]) -> Guesses:
    guesses = Guesses()
    for each in pairs:
        guesses.observe(each)
    return guesses


def only(guesses: Guesses) -> SeveralOrders:
    """One order, as if it were all."""
    return SeveralOrders([guesses])


def drawn(chance: float, number: int, length: int = LENGTH) -> Guesses:
    coin = random.Random(f"{chance} {number}")
    return read([coin.random() < chance for _ in range(length)])


def test_guesses_at_the_tolerance_seldom_accuse_and_those_at_the_margin_seldom_confirm() -> None:
    far = [drawn(float(TOLERANCE), number) for number in range(RUNS)]
    near = [drawn(float(MARGIN), number, 600) for number in range(RUNS)]
    assert sum(only(each).p <= LEVEL for each in far) <= 0.1 * RUNS  # .05 and three standard errors
    assert sum(each.fixed_n_p <= LEVEL for each in far) <= 0.1 * RUNS
    assert sum(only(each).is_within(LEVEL) for each in near) <= 0.1 * RUNS


def test_two_of_three_guesses_right_are_soon_found_and_chance_is_confirmed() -> None:
    found = [drawn(2 / 3, number) for number in range(60)]
    assert sum(only(each).p <= 0.01 for each in found) >= 50
    assert all((only(each).decided(LEVEL) is not None) == (only(each).p <= LEVEL) for each in found)
    assert sum(only(drawn(0.5, number, 900)).is_within(LEVEL) for number in range(60)) >= 50


def test_the_mean_of_orders_gives_the_word_and_no_single_one() -> None:
    often, seldom = read([True] * 60), read([True, False] * 30)
    assert only(often).p < 1e-6
    both = SeveralOrders([often, *[seldom] * 19])
    assert both.p == pytest.approx(20 / (often.path[-1] + 19 * seldom.path[-1]))
    assert both.share == pytest.approx((60 + 19 * 30) / 1_200)
    few = SeveralOrders([read([True] * 8), *[read([True, False] * 4)] * 19])
    assert (few.p > LEVEL, few.decided(LEVEL)) == (True, None)
    nothing = only(read([]))
    assert (nothing.p, nothing.share, nothing.is_within(LEVEL)) == (1.0, None, False)


def test_it_is_decided_from_where_the_mean_stays() -> None:
    once = only(read([True] * 30 + [False] * 60 + [True] * 120))
    decided = once.decided(LEVEL)
    assert decided is not None
    assert decided > 90
    assert only(read([True] * 30 + [False] * 60)).decided(LEVEL) is None


@given(SEEN)
def test_a_missing_pair_is_a_wrong_guess_where_it_would_accuse_and_a_right_one_where_it_would_confirm(
    pairs: list[bool | None],
) -> None:
    guesses = read(pairs)
    against = read([bool(each) for each in pairs])
    assert guesses.path == against.path
    assert guesses.fixed_n_p == against.fixed_n_p
    assert guesses.within == read([each is not False for each in pairs]).within
    assert len(guesses.guesses) + guesses.missing == len(pairs)


@given(st.lists(st.sampled_from([True, False, None, "skip"]), max_size=400))
def test_a_skipped_pair_accuses_nobody_and_is_a_right_guess_where_it_would_confirm(pairs: list[bool | str]) -> None:
    pairs = [*[False] * (LEARNING + 1), *pairs]
    guesses, without = Guesses(), read([each for each in pairs if each != "skip"])  # type: ignore[misc]
    for each in pairs:
        if each == "skip":
            guesses.skip(repeated=True)
        else:
            guesses.observe(each)  # type: ignore[arg-type]
    assert guesses.path[-1] == without.path[-1]
    assert (guesses.fixed_n_p, guesses.guesses) == (without.fixed_n_p, without.guesses)
    assert (guesses.repeated, len(guesses.path)) == (pairs.count("skip"), len(pairs))
    assert guesses.within == read([each in (True, "skip", None) for each in pairs]).within
    before = guesses.within
    guesses.skip(repeated=False)
    assert (guesses.within, guesses.path[-1]) == (before, guesses.path[-2])


def test_what_is_learned_late_is_not_confirmed_by_the_time_before() -> None:
    def late(number: int) -> Guesses:
        coin = random.Random(f"late {number}")
        return read([coin.random() < (0.5 if at < 500 else 0.65) for at in range(1_200)])

    assert sum(only(late(number)).is_within(LEVEL) for number in range(60)) <= 2


@given(st.integers(1, 200), st.data())
def test_the_p_at_a_fixed_number_is_the_binomial_tail(n: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, n))
    found = read([True] * right + [False] * (n - right)).fixed_n_p
    assert found == pytest.approx(float(binom.sf(right - 1, n, float(TOLERANCE))), rel=1e-9, abs=1e-300)


def test_nothing_is_confirmed_by_the_pairs_that_are_for_learning() -> None:
    wrong = read([False] * (LEARNING + 30))
    assert not only(read([False] * LEARNING)).is_within(LEVEL)
    assert only(wrong).is_within(LEVEL)


def test_how_many_are_needed_is_about_what_it_takes() -> None:
    assert Guesses().needed(LEVEL) is None
    often, seldom = drawn(0.62, 1, 80), drawn(0.5, 2, 80)
    for guesses in (often, seldom):
        needed = guesses.needed(LEVEL)
        assert needed is not None
        share = sum(guesses.guesses) / len(guesses.guesses)
        whole = only(read([(number * share) % 1 + share >= 1 for number in range(2 * needed)]))
        assert whole.p <= LEVEL or whole.is_within(LEVEL)
    assert (
        read([True] * 53 + [False] * 47).needed(LEVEL) is None
        or (read([True] * 53 + [False] * 47).needed(LEVEL) or 0) > 1_000
    )
    assert often.interval()[0] < 0.62 < often.interval()[1]
