"""The padded t: sizes where rare large differences make up for all others, its power, and its interval."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, ttest_1samp

from bench.compare_skewed import two_point_size
from steelyard.stats.padded import padded_interval, padded_p

DIFFERENCES = st.lists(st.floats(-1, 1), min_size=2, max_size=60)


@pytest.mark.parametrize("n", [10, 30, 100, 300])
@pytest.mark.parametrize(("alpha", "most"), [(0.05, 0.05), (0.025, 0.025), (0.01, 0.0105), (0.001, 0.0013)])
def test_the_size_holds_also_where_no_rare_loss_was_drawn(n: int, alpha: float, most: float) -> None:
    for loss in (1.0, 0.9, 0.5):
        assert max(two_point_size(n, gain, loss, alpha) for gain in np.geomspace(0.001, loss, 80).tolist()) <= most


def test_the_exact_size_is_what_is_simulated() -> None:
    random, gain, n = np.random.default_rng(20261129), 0.12, 60
    lost = random.random((4_000, n)) < gain / (1 + gain)
    found = sum(padded_p(each) <= 0.05 and sum(each) > 0 for each in np.where(lost, -1.0, gain).tolist())
    low, high = binom.ppf([0.0005, 0.9995], 4_000, two_point_size(n, gain, 1.0))
    assert low <= found <= high
    assert found > 40  # so that something was looked at


def test_power_is_that_of_t_where_there_are_enough_samples() -> None:
    random = np.random.default_rng(20261129)
    values = np.clip(random.normal(0.06, 0.2, (400, 200)), -1, 1)
    assert sum(padded_p(each) <= 0.05 for each in values.tolist()) >= 370  # .97; t alone .99
    p = padded_p(np.clip(random.normal(0.02, 0.3, 20_000), -1, 1).tolist())
    assert 0 < p < 1e-10


def test_many_samples_are_as_in_plain_t() -> None:
    values = np.clip(np.random.default_rng(1).normal(0.004, 0.3, 20_000), -1, 1)
    assert padded_p(values.tolist()) == pytest.approx(float(ttest_1samp(values, 0).pvalue), rel=0.02)


@given(DIFFERENCES, st.sampled_from([0.05, 0.01, 0.2]))
def test_the_interval_holds_0_where_the_test_does_not_reject(values: list[float], alpha: float) -> None:
    p, (low, high) = padded_p(values), padded_interval(values, alpha)
    assert -1 <= low <= high <= 1
    if abs(p - alpha) > 1e-6 and low > -1 and high < 1:
        assert (low <= 0 <= high) == (p > alpha)


@given(DIFFERENCES)
def test_sides_mirror(values: list[float]) -> None:
    mirrored = [-each for each in values]
    assert padded_p(mirrored) == pytest.approx(padded_p(values))
    low, high = padded_interval(values)
    assert padded_interval(mirrored) == pytest.approx((-high, -low))


def test_the_edges() -> None:
    assert padded_p([0.0] * 9) == padded_p([0.7]) == 1
    assert padded_interval([0.7]) == (-1, 1)
    assert padded_p([0.02] * 20) > 0.5  # alike as they are, one loss in 50 makes up for them
    for refused in (lambda: padded_p([]), lambda: padded_interval([]), lambda: two_point_size(9, 0.1, 1.2)):
        with pytest.raises(ValueError, match=r"difference|within"):
            refused()
