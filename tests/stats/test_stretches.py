"""The error of a run's mean where values lie together, and the band that is kept free around a limit."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.budgets import in_stretches
from steelyard.stats.stretches import BATCHES, WIDTH, band_of_share, standard_error


def test_values_one_by_one_have_the_usual_error() -> None:
    values = [random.Random(1).gauss(0, 1) for _ in range(3)]
    assert standard_error(values) == pytest.approx(np.std(values, ddof=1) / math.sqrt(3))
    assert standard_error([1.5]) == 0
    assert standard_error([2.0] * 100) == 0


def test_batches_of_neighbours_are_as_they_say() -> None:
    values = [random.Random(2).random() for _ in range(100)]
    found = []
    for length in (1, 2, 4, 8, 16):
        means = np.array(values[: 100 // length * length]).reshape(-1, length).mean(axis=1)
        assert len(means) >= BATCHES
        found.append(np.std(means, ddof=1) / math.sqrt(len(means)))
    assert standard_error(values) == pytest.approx(max(found))


@given(st.lists(st.floats(0, 100), min_size=1, max_size=200), st.floats(0.1, 10))
def test_it_scales_and_is_never_below_that_of_single_values(values: list[float], factor: float) -> None:
    error = standard_error(values)
    assert standard_error([factor * each for each in values]) == pytest.approx(factor * error, rel=1e-6, abs=1e-6)
    if len(values) > 1:
        assert error >= float(np.std(values, ddof=1)) / math.sqrt(len(values)) - 1e-6


@given(st.lists(st.integers(0, 1), min_size=1, max_size=300), st.floats(0.01, 0.99))
def test_a_band_is_at_least_that_of_values_one_by_one(late: list[int], limit: float) -> None:
    assert band_of_share(late, limit) >= WIDTH * math.sqrt(limit * (1 - limit) / len(late)) * (1 - 1e-12)


@pytest.mark.parametrize(("length", "least", "most"), [(1, 1.0, 1.35), (5, 2.2, 3.2), (20, 3.5, 6.5)])
def test_stretches_widen_it(length: int, least: float, most: float) -> None:
    """The median of 100 runs of 1,000; a chain of this kind has a variance of about 2·length times the plain one."""
    runs = in_stretches(100, 1000, 0.2, length, np.random.default_rng(7))
    plain = WIDTH * math.sqrt(0.2 * 0.8 / 1000)
    assert least <= float(np.median([band_of_share([int(each) for each in run], 0.2) for run in runs])) / plain <= most


def test_what_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="no values"):
        standard_error([])
    with pytest.raises(ValueError, match="no values"):
        band_of_share([], 0.05)
    with pytest.raises(ValueError, match="between 0 and 1"):
        band_of_share([1], 1.0)
