"""Bets on a bounded mean: their level by exact expectation and by simulation, at the edge and beyond it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.stats.intervals import clopper_pearson
from steelyard.stats.mean_bets import BETS, MeanBets


@given(st.floats(0.01, 0.99), st.floats(0, 1), st.floats(0, 1))
def test_a_score_multiplies_every_bet_by_at_most_one_on_average_where_the_null_holds(
    bound: float, low: float, high: float
) -> None:
    low, high = min(low, high), max(low, high)
    share = 0.0 if high <= bound or high == low else max(0.0, min(1.0, (bound - low) / (high - low)))
    mean = 0.0
    for score, chance in ((low, 1 - share), (high, share)):
        bets = MeanBets(bound)
        bets.observe(score)
        mean += chance * bets._bets[-1]
    assert mean <= 1 + 1e-9 or low > bound


@pytest.mark.parametrize("draw", ["two points", "skewed", "fixed"])
def test_at_the_edge_of_the_null_few_reach_the_level(draw: str) -> None:
    random, reached, bound = np.random.default_rng(20261127), 0, 0.1
    for _ in range(3000):
        bets = MeanBets(bound)
        scores = {
            "two points": (random.random(60) < bound).astype(float),
            "skewed": random.beta(0.2, 1.8, 60),
            "fixed": np.full(60, bound),
        }[draw]
        for score in scores:
            bets.observe(float(score))
        reached += bets.p <= 0.05
    assert clopper_pearson(reached, 3000)[0] <= 0.05


def test_a_mean_beyond_the_bound_is_seen_soon() -> None:
    bets = MeanBets(0.1)
    while bets.p > 0.01:
        bets.observe(0.4)
    assert bets.n <= 5


def test_no_product_overflows_and_p_is_never_above_one() -> None:
    bets = MeanBets(0.01)
    for _ in range(400):
        bets.observe(1.0)
    assert 0 < bets.p < 1e-200
    low = MeanBets(0.5)
    low.observe(0.0)
    assert (low.p, low.n, len(BETS)) == (1.0, 1, 4)


@pytest.mark.parametrize("bound", [0.0, 1.0, -1.0, float("nan")])
def test_a_bound_lies_between_nought_and_one(bound: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        MeanBets(bound)


def test_a_score_lies_between_nought_and_one() -> None:
    with pytest.raises(ValueError, match="within"):
        MeanBets(0.5).observe(1.5)
