"""The two-way bootstrap: what it covers, and what it cannot with three seeds."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays

from steelyard.stats.pigeonhole import paired_difference, pigeonhole_interval, resampled_means

TABLES = 400


def coverage(seeds: int, units: int, between_seeds: float, between_units: float, within: float) -> float:
    """The share of tables, mean 0, whose 95 % interval holds 0."""
    rng = np.random.default_rng(seeds * 1000 + units)
    held = 0
    for _ in range(TABLES):
        table = (
            rng.normal(0, between_seeds, (seeds, 1))
            + rng.normal(0, between_units, (1, units))
            + rng.normal(0, within, (seeds, units))
        )
        interval = pigeonhole_interval(table, resamples=400, rng=rng)
        held += interval.low <= 0 <= interval.high
    return held / TABLES


def test_coverage_is_nominal_where_both_factors_are_many() -> None:
    assert 0.91 <= coverage(25, 40, 0.3, 0.4, 1.0) <= 0.99


def test_with_three_seeds_that_hardly_differ_it_still_covers() -> None:
    assert coverage(3, 100, 0.02, 0.4, 0.4) >= 0.92


def test_three_differing_seeds_undercover_as_the_module_warns() -> None:
    assert 0.70 <= coverage(3, 100, 0.2, 0.3, 0.4) <= 0.90


def test_a_difference_on_shared_scenes_is_seen_more_sharply_than_the_means_are() -> None:
    rng = np.random.default_rng(1)
    scenes = rng.normal(0, 1, (1, 100))
    first = scenes + 0.3 + rng.normal(0, 0.1, (5, 100))
    second = scenes + rng.normal(0, 0.1, (5, 100))
    difference = paired_difference(first, second, rng=rng)
    alone = pigeonhole_interval(first, rng=rng)
    assert difference.low > 0
    assert difference.high - difference.low < 0.5 * (alone.high - alone.low)


def test_a_statistic_that_is_not_defined_is_refused() -> None:
    same = np.ones((1, 20))
    with pytest.raises(ValueError, match="not defined"):
        pigeonhole_interval([same, same], lambda means: np.full_like(means[0], np.nan), rng=np.random.default_rng(0))


@given(arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 12)), elements=st.floats(-5, 5)))
@settings(max_examples=30, deadline=None)
def test_the_interval_lies_within_the_data_and_is_a_function_of_the_seed(table: np.ndarray) -> None:
    first = pigeonhole_interval(table, resamples=50, rng=np.random.default_rng(3))
    assert first == pigeonhole_interval(table, resamples=50, rng=np.random.default_rng(3))
    assert table.min() - 1e-9 <= first.low <= first.high <= table.max() + 1e-9


def test_tables_of_other_units_are_refused() -> None:
    with pytest.raises(ValueError, match="same units"):
        resampled_means([np.ones((2, 5)), np.ones((2, 6))], 10, np.random.default_rng(0))
    with pytest.raises(ValueError, match="finite"):
        pigeonhole_interval(np.array([[1.0, np.nan]]), rng=np.random.default_rng(0))
