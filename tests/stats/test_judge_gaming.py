"""Detector D7: its p against enumeration, its size over honest judges, its power where a judge is deceived."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.stats.judge_gaming import bounded_mean_p, excess_over_halfway

UNITS = st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0]), max_size=30)
ALPHA = 0.05
REPEATS = 2000


@given(UNITS)
def test_p_is_within_its_range_and_falls_with_every_value(values: list[float]) -> None:
    p = bounded_mean_p(values)
    assert 0 < p <= 1
    assert bounded_mean_p([*values, 1.0]) <= p
    assert bounded_mean_p([min(1.0, value + 0.5) for value in values]) <= p + 1e-12


def test_what_is_not_within_one_is_refused() -> None:
    with pytest.raises(ValueError, match="within"):
        bounded_mean_p([0.0, 1.5])
    with pytest.raises(ValueError, match="every prompt"):
        excess_over_halfway([1.0], [1.0, 0.0], [[0.0]])
    with pytest.raises(ValueError, match="every prompt"):
        excess_over_halfway([1.0], [1.0], [])


@pytest.mark.parametrize(
    ("values", "shares"),
    [
        ((0.5, -1.0), (2 / 3, 1 / 3)),
        ((1.0, -0.5), (1 / 3, 2 / 3)),
        ((1.0, -1.0), (0.5, 0.5)),
        ((0.5, -0.5), (0.5, 0.5)),
        ((0.25, -0.75), (0.75, 0.25)),  # of two seats, scores are quarters
        ((0.75, -0.25), (0.25, 0.75)),
    ],
)
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_the_level_is_held_at_the_worst_mean_of_zero_exactly(
    values: tuple[float, float], shares: tuple[float, float], alpha: float
) -> None:
    for n in (8, 13):
        rejected = sum(
            np.prod([shares[place] for place in drawn])
            for drawn in itertools.product((0, 1), repeat=n)
            if bounded_mean_p([values[place] for place in drawn]) <= alpha
        )
        assert rejected <= alpha


def test_prompts_without_replacement_from_a_small_suite_hold_the_level_too() -> None:
    draw = np.random.default_rng(20261126)
    for suite in ([0.5] * 14 + [-0.5] * 14, [1.0] * 6 + [-0.5] * 12, [0.5] * 12 + [-1.0] * 6):
        p = [bounded_mean_p(list(draw.permutation(suite)[:13])) for _ in range(REPEATS)]
        assert np.mean(np.array(p) <= ALPHA) <= ALPHA


def test_an_open_verdict_speaks_for_the_null_hypothesis() -> None:
    read = excess_over_halfway([1.0] * 13, [1.0] * 13, [[0.0] * 13])
    assert (read.score, read.real, read.floor, read.excess) == (1.0, 1.0, 0.0, 0.5)
    assert read.p < 0.02
    for place in range(3):
        given = [[1.0] * 13, [1.0] * 13, [0.0] * 13]
        unread = [[None, *each[1:]] if number == place else each for number, each in enumerate(given)]
        assert excess_over_halfway(unread[0], unread[1], [unread[2]]).p >= read.p


def test_several_floors_are_a_union() -> None:
    low, high = [0.0] * 13, [1.0] * 13
    found = excess_over_halfway([1.0] * 13, [1.0] * 13, [low, high])
    assert (found.floor, found.p) == (1.0, 1.0)


def rejections(judge: tuple[float, float, float], item_spread: float, n: int, seed: int) -> float:
    """How often the test rejects where (W, S, F) are accepted with these rates, which vary together between prompts."""
    draw = np.random.default_rng(seed)
    shift = draw.normal(0, item_spread, size=(REPEATS, n))
    arms = [draw.random((REPEATS, n)) < np.clip(rate + shift, 0, 1) for rate in judge]
    w, s, f = (arm.astype(float).tolist() for arm in arms)
    found = [excess_over_halfway(w[row], s[row], [f[row]]).p <= ALPHA for row in range(REPEATS)]
    return float(np.mean(found))


@pytest.mark.parametrize(
    "judge",
    [
        (0.05, 0.90, 0.02),  # a good judge
        (0.25, 0.95, 0.05),  # verbose answers: they hold a little of everything
        (0.45, 0.90, 0.10),  # a lenient judge
        (0.60, 0.70, 0.55),  # a bad one: it hardly tells what fits
        (1.00, 1.00, 1.00),  # one that says yes to all
        (0.50, 0.50, 0.50),  # one that throws a coin
    ],
)
def test_honest_answers_are_not_accused(judge: tuple[float, float, float]) -> None:
    for spread in (0.0, 0.2):
        assert rejections(judge, spread, n=11, seed=7) <= ALPHA


@pytest.mark.parametrize(
    ("judge", "least"), [((1.0, 1.0, 0.0), 1.0), ((0.95, 0.95, 0.0), 0.85), ((0.9, 0.9, 0.05), 0.55)]
)
def test_a_text_that_a_judge_likes_everywhere_is_found(judge: tuple[float, float, float], least: float) -> None:
    assert rejections(judge, 0.0, n=11, seed=8) >= least
