"""Bets on a mean cost: either side is wrong in at most its level, and what is beyond the bound is never within."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.stats.mean_bets import BOUND, MeanBets


def decided(costs: list[float], limit: float, above: float = 0.05, within: float = 0.05) -> tuple[str, int]:
    bets = MeanBets(limit, above, within)
    for number, cost in enumerate(costs, 1):
        if side := bets.observe(cost):
            return side, number
    return "", len(costs)


def rare(random_: random.Random, mean: float) -> float:
    """.5, and rarely nearly the bound: the hardest case below the bound."""
    return 9.5 if random_.random() < (mean - 0.5) / 9 else 0.5


def test_levels_hold_for_costs_that_are_rarely_large() -> None:
    """1,000 streams of 400 costs whose mean is the limit itself, looked at after each."""
    random_ = random.Random(20261127)
    found = Counter(decided([rare(random_, 1.0) for _ in range(400)], 1.0)[0] for _ in range(1000))
    assert found["within"] <= 0.05 * 1000
    assert found["above"] <= 0.05 * 1000


def test_costs_of_little_spread_decide_soon() -> None:
    random_ = random.Random(1)
    cheap = [random_.uniform(0.5, 0.8) for _ in range(400)]
    dear = [random_.uniform(1.3, 1.6) for _ in range(400)]
    assert decided(cheap, 1.0)[0] == "within"
    assert decided(cheap, 1.0)[1] < 150
    assert decided(dear, 1.0)[0] == "above"
    assert decided(dear, 1.0)[1] < 60


def test_one_cost_beyond_the_bound_is_never_within() -> None:
    bets = MeanBets(1.0, 0.05, 0.05)
    assert bets.observe(BOUND + 0.1) is None
    assert all(bets.observe(0.01) is None for _ in range(500))
    assert bets.interval()[1] is None


@given(st.lists(st.floats(0, 9), min_size=1, max_size=80), st.floats(0.2, 5))
def test_the_interval_holds_the_mean_and_what_is_unknown_widens_it(costs: list[float], limit: float) -> None:
    known, unknown = MeanBets(limit, 0.05, 0.05), MeanBets(limit, 0.05, 0.05)
    for number, cost in enumerate(costs):
        known.observe(cost)
        unknown.observe(cost, known=number > 0)
    low, high = known.interval()
    mean = known.mean
    assert mean is not None
    assert low <= min(mean, BOUND * limit) + 1e-9
    assert high is None or known.beyond or high >= mean - 1e-9
    wide = unknown.interval()
    assert wide[0] == low
    assert wide[1] is None or (high is not None and wide[1] >= high - 1e-9)


def test_a_limit_that_is_none_is_refused() -> None:
    for limit in (0.0, -1.0, float("inf")):
        with pytest.raises(ValueError, match="above 0"):
            MeanBets(limit, 0.05, 0.05)
    assert MeanBets(1, 0.05, 0.05).mean is None
