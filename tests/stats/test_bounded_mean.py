"""The interval of a mean of bounded scores: it covers, at a stop too, and is short where scores vary little."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.stats.bounded_mean import bounded_mean_interval
from steelyard.stats.intervals import wilson


@given(st.lists(st.floats(0, 1), max_size=40), st.integers(0, 100))
def test_it_holds_the_mean_and_turns_round(values: list[float], more: int) -> None:
    low, high = bounded_mean_interval(values, len(values) + more)
    assert 0 <= low <= high <= 1
    if values:
        assert low <= sum(values) / len(values) + 1e-6
        assert high >= sum(values) / len(values) - 1e-6
    turned = bounded_mean_interval([1 - value for value in values], len(values) + more)
    assert turned == pytest.approx((1 - high, 1 - low), abs=3e-6)


# 300 draws: more than 30 misses have a probability below .0002 where at most 5 % should be.
@pytest.mark.parametrize("shape", [(8.6, 1.4), (0.3, 0.1), (0.05, 1.0)], ids=["alike", "extreme", "mostly 0"])
@pytest.mark.parametrize("stops", [False, True])
def test_it_covers_also_where_the_run_stops_at_the_worst_moment(shape: tuple[float, float], stops: bool) -> None:
    random = np.random.default_rng(3)
    mean, missed = shape[0] / sum(shape), 0
    for _ in range(300):
        values = random.beta(*shape, 120)
        looks = (20, 40, 60, 80, 100, 120) if stops else (120,)
        ends = [bounded_mean_interval(values[:look].tolist(), 120) for look in looks]
        missed += any(not low <= mean <= high for low, high in ends)
    assert missed <= 30


def test_scores_that_vary_little_have_a_shorter_interval_than_wilsons() -> None:
    values = np.random.default_rng(5).beta(86, 14, 200).tolist()
    low, high = bounded_mean_interval(values, 200)
    least, most = wilson(172, 200)
    assert high - low < (most - least) / 2


def test_what_is_no_score_is_refused() -> None:
    assert bounded_mean_interval([], 10) == (0.0, 1.0)
    for values in ([1.2], [float("nan")]):
        with pytest.raises(ValueError, match="within"):
            bounded_mean_interval(values, 1)
    with pytest.raises(ValueError, match="between 0 and 1"):
        bounded_mean_interval([0.5], 1, alpha=1)
