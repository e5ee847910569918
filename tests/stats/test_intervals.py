"""Intervals: against scipy's, and the confidence sequence's coverage over all looks, exactly."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betabinom, binomtest

from steelyard.stats.exact import operating_characteristics
from steelyard.stats.intervals import clopper_pearson, clopper_pearson_upper, confidence_sequence, wilson
from steelyard.stats.sequential import StopTable


@st.composite
def counts(draw: st.DrawFn) -> tuple[int, int]:
    n = draw(st.integers(1, 3000))
    return draw(st.integers(0, n)), n


@given(counts(), st.sampled_from([0.01, 0.05, 0.3]))
def test_fixed_sample_intervals_are_scipys(count: tuple[int, int], alpha: float) -> None:
    successes, n = count
    test = binomtest(successes, n)
    expected = test.proportion_ci(1 - alpha, method="wilson")
    assert wilson(successes, n, alpha) == pytest.approx((expected.low, expected.high), abs=1e-9)
    expected = test.proportion_ci(1 - alpha, method="exact")
    assert clopper_pearson(successes, n, alpha) == pytest.approx((expected.low, expected.high), abs=1e-9)
    expected = binomtest(successes, n, alternative="less").proportion_ci(1 - alpha, method="exact")
    assert clopper_pearson_upper(successes, n, alpha) == pytest.approx(expected.high, abs=1e-9)


def test_no_answers_give_the_whole_interval() -> None:
    assert wilson(0, 0) == clopper_pearson(0, 0) == confidence_sequence(0, 0, 0, 10) == (0.0, 1.0)
    assert clopper_pearson_upper(0, 0) == 1.0


def test_the_ends_are_exact() -> None:
    assert wilson(0, 7)[0] == clopper_pearson(0, 7)[0] == 0.0
    assert wilson(7, 7)[1] == clopper_pearson(7, 7)[1] == 1.0
    assert clopper_pearson_upper(0, 100) == pytest.approx(1 - 0.05**0.01)


@given(st.integers(1, 60), st.data())
def test_sequence_is_the_prior_posterior_ratio(population: int, data: st.DataObject) -> None:
    """Every total in the population by its definition, with scipy's beta-binomial."""
    n = data.draw(st.integers(1, population))
    right = data.draw(st.integers(0, n))
    alpha = data.draw(st.sampled_from([0.01, 0.05, 0.3]))
    posterior = betabinom(population - n, 1 + right, 1 + n - right)
    kept = [
        total
        for total in range(right, population - (n - right) + 1)
        if (1 / (population + 1)) / posterior.pmf(total - right) <= (1 + 1e-8) / alpha
    ]
    low, high = confidence_sequence(n, right, right, population, alpha)
    assert (low * population, high * population) == pytest.approx((kept[0], kept[-1]))


def test_sequence_ends_in_the_point_or_the_missing_bounds() -> None:
    assert confidence_sequence(164, 130, 130, 164) == (130 / 164, 130 / 164)
    assert confidence_sequence(164, 128, 131, 164) == (128 / 164, 131 / 164)


def test_missing_answers_widen_the_sequence() -> None:
    low, high = confidence_sequence(60, 48, 48, 164)
    wider = confidence_sequence(60, 45, 48, 164)
    assert wider[0] < low
    assert wider[1] == high


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_sequence_covers_at_all_looks_together(alpha: float) -> None:
    """Exact: the probability that any look excludes the truth, for every truth of 40 samples."""
    population = 40
    interval = cache(lambda n, right: confidence_sequence(n, right, right, population, alpha))
    worst = 0.0
    for truth in range(population + 1):
        share = truth / population
        too_low, too_high = [], []
        for n in range(1, population + 1):
            too_low.append(max((k for k in range(n + 1) if interval(n, k)[1] < share), default=-1))
            too_high.append(min((k for k in range(n + 1) if interval(n, k)[0] > share), default=population + 1))
        missed = operating_characteristics(population, truth, StopTable(tuple(too_low), tuple(too_high)))
        worst = max(worst, missed.p_inconsistent + missed.p_consistent)
    assert alpha / 10 < worst <= alpha
