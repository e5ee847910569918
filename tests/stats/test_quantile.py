"""The interval of a quantile: any distribution, any stop, and missing values on either side."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.stats.quantile import quantile_interval, quantile_of


@given(st.lists(st.integers(0, 50), max_size=60), st.integers(0, 10), st.sampled_from([0.1, 0.5, 0.95]))
def test_the_ends_are_values_around_the_quantile(values: list[int], missing: int, q: float) -> None:
    low, high = quantile_interval(values, missing, q)
    seen = quantile_of(values, missing, q)
    assert low == 0 or low in values
    assert high is None or high in values
    if high is not None:
        assert seen is not None
        assert seen <= high
    if seen is not None and not missing:
        assert low <= seen
    wider = quantile_interval(values, missing + 1, q)
    assert wider[0] <= low or wider[0] == 0
    assert wider[1] is None or (high is not None and wider[1] >= high)


def test_it_covers_at_every_stop() -> None:
    """800 streams of 120 exponential values, the quantile looked at after each tenth one."""
    random_ = random.Random(20261127)
    q, missed = 0.9, 0
    truth = -math.log(1 - q)
    for _ in range(800):
        values = [random_.expovariate(1) for _ in range(120)]
        ends = [quantile_interval(values[:n], 0, q) for n in range(10, 121, 10)]
        missed += any(low > truth or (high is not None and high < truth) for low, high in ends)
    assert missed <= 0.05 * 800


def test_nothing_bounds_what_is_missing() -> None:
    assert quantile_interval([], 0, 0.95) == (0.0, None)
    assert quantile_interval([1.0] * 100, 20, 0.95) == (1.0, None)
    assert quantile_of([1.0, 2.0, 3.0], 0, 0.5) == 2.0
    assert quantile_of([1.0], 1, 0.95) is None


@pytest.mark.parametrize(("q", "alpha"), [(0, 0.05), (1, 0.05), (0.5, 0), (0.5, 1)])
def test_what_is_no_quantile_or_level_is_refused(q: float, alpha: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        quantile_interval([1.0], 0, q, alpha)
