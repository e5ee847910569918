"""Chance-corrected overlap of failures: by hand, and its interval by simulation."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from bench.compare import measure_kappa
from steelyard.stats.agreement import ErrorOverlap, error_overlap


def test_cohens_example() -> None:
    """20 both, 15 neither, 5 and 10 on one side: agreement .7, by chance .5, κ = .4."""
    first = [1.0] * 20 + [0.0] * 15 + [1.0] * 5 + [0.0] * 10
    second = [1.0] * 20 + [0.0] * 15 + [0.0] * 5 + [1.0] * 10
    found = error_overlap(first, second, range(50))
    assert found.kappa == pytest.approx(0.4)
    assert (found.both, found.expected) == pytest.approx((0.4, 0.3))
    assert found.low < 0.2 < 0.6 < found.high < 1
    assert error_overlap(second, first, range(50)) == pytest.approx(found)


@pytest.mark.parametrize(("rates", "alike"), [((0.3, 0.3), 0.5), ((0.1, 0.2), 0.5), ((0.3, 0.5), 0.0)])
def test_coverage(rates: tuple[float, float], alike: float) -> None:
    assert measure_kappa(200, rates, alike, 300).missed <= 33  # at 6.5 %: more has a probability of .001


@pytest.mark.parametrize(("n", "runs"), [(50, 1000), (300, 300), (1000, 100)])
def test_coverage_near_one(n: int, runs: int) -> None:
    """Failures at rates of 10 and 30 %, with κ up to 1: where no sample tells two models apart, too."""
    random = np.random.default_rng(20261128)

    @cache
    def interval(both: int, one: int, other: int) -> ErrorOverlap:
        neither = [0.0] * (n - both - one - other)
        first, second = [1.0] * (both + one) + [0.0] * other, [1.0] * both + [0.0] * one + [1.0] * other
        return error_overlap(first + neither, second + neither, range(n))

    for rate in (0.1, 0.3):
        for kappa in (0.9, 0.99, 1.0):
            apart = rate * (1 - rate) * (1 - kappa)
            drawn = random.multinomial(n, [rate - apart, apart, apart, 1 - rate - apart], runs).tolist()
            found = [interval(*counts[:3]) for counts in drawn]
            defined = [each for each in found if each.kappa is not None]
            held = sum(each.low <= kappa <= each.high for each in defined) / len(defined)
            assert held >= 0.93 - 2.5 * (0.07 * 0.93 / runs) ** 0.5, (n, rate, kappa, held)


@pytest.mark.parametrize("n", [50, 300, 1000])
def test_models_that_fail_on_the_same_samples_are_told_from_independent_ones(n: int) -> None:
    failures = [1.0] * (3 * n // 10) + [0.0] * (n - 3 * n // 10)
    found = error_overlap(failures, failures, range(n))
    assert (found.kappa, found.high) == (1.0, 1.0)
    assert found.low > 0.7
    opposite = error_overlap(failures, [1 - each for each in failures], range(n))
    assert opposite.low < opposite.high < 0
    one_apart = error_overlap(failures, [0.0, *failures[1:]], range(n))
    assert one_apart.kappa is not None
    assert 0.6 < one_apart.low < one_apart.kappa < one_apart.high < 1


def test_clusters_widen_it() -> None:
    first = ([1.0] * 10 + [0.0] * 10) * 10
    second = ([1.0] * 10 + [0.0] * 10) * 5 + ([0.0] * 10 + [1.0] * 10) * 5
    plain = error_overlap(first, second, range(200))
    clustered = error_overlap(first, second, [place // 20 for place in range(200)])
    assert clustered.kappa == plain.kappa == pytest.approx(0.0)
    assert clustered.high - clustered.low > 2 * (plain.high - plain.low)


def test_scores_between_right_and_wrong() -> None:
    errors = [0.0, 0.25, 0.5, 0.75, 1.0] * 10
    assert error_overlap(errors, errors, range(50)).kappa == pytest.approx(1.0)
    opposite = error_overlap(errors, errors[::-1], range(50))
    assert opposite.kappa is not None
    assert opposite.kappa < 0


def test_without_variation_there_is_no_kappa() -> None:
    found = error_overlap([0.0] * 10, [0.0] * 10, range(10))
    assert (found.kappa, found.low, found.high) == (None, -1.0, 1.0)
    with pytest.raises(ValueError, match="two samples"):
        error_overlap([1.0], [1.0], [0])
