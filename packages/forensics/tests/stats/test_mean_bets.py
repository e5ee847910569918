"""Bets on the mean of scores in [0, 1]: they seldom win where it is within the tolerance, and soon beyond it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from steelyard_forensics.stats.mean_bets import BETS, MeanBets, mean_interval

RUNS, LENGTH = 2000, 100
BOUNDS = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted), max_size=60)


def reached(values: object, tolerance: float, margin: float) -> tuple[float, float]:
    """The share of runs (one a row) in which either E reaches 1/.05, by the same products on vectors."""
    x = np.asarray(values, dtype=float)
    above, within = (x - tolerance) / tolerance, (margin - x) / (1 - margin)
    found = []
    for step in (above, within):
        e = np.mean([np.cumprod(1 + bet * step, axis=1) for bet in BETS], axis=0)
        found.append(float((e.max(axis=1) >= 20).mean()))
    return found[0], found[1]


@pytest.mark.parametrize("kind", ["constant", "coin", "uniform", "rare"])
def test_a_mean_at_the_tolerance_is_seldom_accused_and_one_at_the_margin_seldom_confirmed(kind: str) -> None:
    random = np.random.default_rng(20261127)
    draws: dict[str, Callable[[float], NDArray[np.float64]]] = {
        "constant": lambda mean: np.full((RUNS, LENGTH), mean),
        "coin": lambda mean: np.where(random.random((RUNS, LENGTH)) < 2 * mean, 0.5, 0.0),
        "uniform": lambda mean: random.random((RUNS, LENGTH)) * 2 * mean,
        "rare": lambda mean: (random.random((RUNS, LENGTH)) < mean).astype(float),
    }
    assert reached(draws[kind](0.05), 0.05, 0.2)[0] <= 0.065
    assert reached(draws[kind](0.2), 0.05, 0.2)[1] <= 0.065


def test_the_vectors_above_are_the_bets() -> None:
    random = np.random.default_rng(1)
    values = random.random((20, 30)) * 0.5
    runs = []
    for row in values:
        bets = MeanBets(0.15, 0.2)
        for x in row:
            bets.observe(float(x), float(x))
        runs.append((bets.highest >= 20, bets.highest_within >= 20))
    assert tuple(np.mean(runs, axis=0)) == pytest.approx(reached(values, 0.15, 0.2))


def test_far_ones_are_seen_in_a_few_scores_and_near_ones_confirmed_in_some() -> None:
    bets = MeanBets(0.15, 0.2)
    for _ in range(8):
        bets.observe(0.5, 0.6)
    assert bets.p <= 0.001
    near = MeanBets(0.15, 0.2)
    for _ in range(50):
        near.observe(0.05, 0.05)
    assert near.highest_within >= 33
    assert near.p == 1


@given(BOUNDS)
def test_bounds_that_are_wider_prove_less_of_either(bounds: list[list[float]]) -> None:
    sharp, wide = MeanBets(0.15, 0.2), MeanBets(0.15, 0.2)
    for least, most in bounds:
        sharp.observe(least, least)
        wide.observe(0.0, most)
    assert wide.n == sharp.n == len(bounds)
    assert wide.highest <= sharp.highest * (1 + 1e-9)
    assert wide.highest_within <= sharp.highest_within * (1 + 1e-9)
    assert 0 < sharp.p <= 1


def test_what_is_missing_accuses_nobody_and_confirms_nobody() -> None:
    bets = MeanBets(0.15, 0.2)
    for _ in range(500):
        bets.observe(0.0, 1.0)
    assert (bets.p, bets.highest_within) == (1.0, 1.0)


def test_long_runs_do_not_overflow() -> None:
    bets = MeanBets(0.15, 0.2)
    for _ in range(2000):
        bets.observe(1.0, 1.0)
    assert 0 < bets.p < 1e-200


@pytest.mark.parametrize(("tolerance", "margin"), [(0.0, 0.2), (0.2, 0.2), (0.3, 0.2), (0.1, 1.0)])
def test_a_tolerance_is_below_the_margin(tolerance: float, margin: float) -> None:
    with pytest.raises(ValueError, match="must hold"):
        MeanBets(tolerance, margin)


@pytest.mark.parametrize(("least", "most"), [(0.3, 0.2), (-0.1, 0.2), (0.3, 1.1), (float("nan"), 0.5)])
def test_bounds_are_in_order_and_within_one(least: float, most: float) -> None:
    with pytest.raises(ValueError, match="must hold"):
        MeanBets(0.1, 0.2).observe(least, most)


def test_the_interval_holds_the_mean_and_closes_on_it() -> None:
    random, missed = np.random.default_rng(20261127), 0
    for _ in range(60):
        scores = [float(each) for each in random.beta(8, 2, 40)]
        low, high = mean_interval(scores)
        missed += not low <= 0.8 <= high
    assert missed <= 6
    low, high = mean_interval([1.0] * 50)
    assert low > 0.85
    assert high == 1.0
    assert mean_interval([]) == (0.0, 1.0)
    assert mean_interval([0.2, 0.3, 0.25])[1] < 1.0


def test_how_many_scores_bring_a_product_to_a_value() -> None:
    bets = MeanBets(0.5, 0.75)
    assert (bets.needed(20), bets.needed_within(20)) == (None, None)
    for _ in range(3):
        bets.observe(1, 1)
    told = bets.needed(20)
    assert told is not None
    assert bets.needed_within(20) is None
    while bets.above < 20:
        bets.observe(1, 1)
    assert told - 3 <= bets.n <= told
