"""Chance-corrected overlap of failures: by hand, and its interval by simulation."""

from __future__ import annotations

import pytest

from bench.compare import measure_kappa
from steelyard.stats.agreement import error_overlap


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
