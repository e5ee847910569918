"""Curves, paired differences, data needed, and sentences that say no more than the intervals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.stats.pigeonhole import Interval
from steelyard.world.evaluation.efficiency import (
    CurveComparison,
    average,
    average_difference,
    compare_curves,
    curve,
    data_needed,
    sentence,
    times_needed,
)

_LEVELS = (((1.0, 0.0), (100.0, 1.0), (10000.0, 1.0)), ((10.0, 0.0), (1000.0, 1.0), (10000.0, 1.0)))


def _tables(*levels: float, seeds: int = 3, units: int = 64, rng_seed: int = 0) -> dict[float, np.ndarray]:
    rng = np.random.default_rng(rng_seed)
    return {
        10.0 ** (place + 2): (rng.random((seeds, units)) < level).astype(float) for place, level in enumerate(levels)
    }


def test_a_curve_has_its_sizes_ascending_and_estimates_within_intervals() -> None:
    tables = _tables(0.2, 0.5, 0.9)
    found = curve("jepa", dict(reversed(tables.items())))
    assert found.sizes == (100.0, 1000.0, 10000.0)
    assert all(score.low <= score.estimate <= score.high for score in found.scores)
    assert found.scores[1].estimate == pytest.approx(tables[1000.0].mean())


def test_the_average_weighs_sizes_by_their_reach_in_log_size() -> None:
    constant = {size: np.full((3, 8), level) for size, level in ((100.0, 0.0), (1000.0, 1.0), (10000.0, 0.0))}
    assert average(constant).estimate == pytest.approx(0.5)  # the middle reaches as far as both ends together
    assert average({100.0: np.full((3, 8), 0.25)}).estimate == pytest.approx(0.25)


def test_a_clear_difference_excludes_zero_and_the_same_tables_do_not() -> None:
    high, low = _tables(0.8, 0.9), _tables(0.2, 0.3, rng_seed=1)
    assert average_difference(high, low).low > 0
    assert average_difference(low, high).high < 0
    same = average_difference(high, high)
    assert same.low <= 0 <= same.high


def test_only_common_sizes_are_compared_and_none_is_an_error() -> None:
    found = compare_curves(("a", _tables(0.5, 0.5, 0.5)), ("b", _tables(0.5, 0.5)))
    assert found.sizes == (100.0, 1000.0)
    with pytest.raises(ValueError, match="no common size"):
        compare_curves(("a", {1.0: np.zeros((1, 2))}), ("b", {2.0: np.zeros((1, 2))}))


def test_data_needed_lies_between_sizes_on_a_logarithmic_axis() -> None:
    flat = {100.0: np.zeros((3, 8)), 10000.0: np.ones((3, 8))}
    assert data_needed(flat, 0.5).size == pytest.approx(1000.0)
    assert data_needed(flat, 0.0).size == pytest.approx(100.0)


def test_data_that_never_suffices_is_none_and_its_upper_end_is_open() -> None:
    needed = data_needed(_tables(0.1, 0.3), 0.9)
    assert (needed.size, needed.low, needed.high, needed.reached) == (None, None, None, 0.0)
    unsure = data_needed(_tables(0.1, 0.5), 0.5)
    assert unsure.high is None
    assert 0 < unsure.reached < 1


def test_a_training_counts_once_however_many_sizes_it_has() -> None:
    """Four sizes of the same trainings are worth no more than one; drawn apart they would halve the interval."""
    rng = np.random.default_rng(3)
    one = rng.normal(size=(5, 1)) + rng.normal(scale=0.1, size=(5, 64))
    single, four = average({100.0: one}), average({10.0**place: one for place in range(2, 6)})
    assert four == pytest.approx(single)
    falsely = 0
    for _ in range(200):
        first, second = ((rng.normal(size=(5, 1)) + rng.normal(scale=0.3, size=(5, 32))) for _ in range(2))
        gap = average_difference({1.0: first, 10.0: first}, {1.0: second, 10.0: second})
        falsely += not gap.low <= 0 <= gap.high
    assert falsely <= 45  # of 200: five trainings have 89 % coverage where they differ that much; apart it is 44 %


def test_tables_of_other_trainings_at_other_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="same trainings"):
        average({1.0: np.zeros((3, 4)), 2.0: np.zeros((2, 4))})
    with pytest.raises(ValueError, match="as many rows"):
        data_needed({1.0: np.zeros((3, 4)), 2.0: np.zeros((2, 4))}, 0.5)


def test_times_needed_is_a_ratio_or_none() -> None:
    soon, late = ({size: np.full((3, 8), level) for size, level in row} for row in _LEVELS)
    assert times_needed(soon, late, 0.5) == pytest.approx((10.0, 10.0, 10.0))
    assert times_needed(late, soon, 0.5) == pytest.approx((0.1, 0.1, 0.1))
    assert times_needed(soon, late, 2.0) is None
    assert times_needed(soon, late, 0.0) is None  # both have it at once: how soon is not seen
    unsure = times_needed(_tables(0.2, 0.9), _tables(0.1, 0.55), 0.5)
    assert unsure is not None
    assert unsure.high == np.inf
    assert unsure.low > 1


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1))
def test_a_sentence_calls_one_better_only_if_zero_is_outside(a: float, b: float, c: float) -> None:
    low, middle, high = sorted((a, b, c))
    gap = Interval(middle, low, high)
    words = sentence(
        CurveComparison("jepa", "pixel", (10.0,), (gap,), gap), "goals reached", "frames", seeds=3, units=64
    )
    assert ("scores higher" in words) == (low > 0)
    assert ("scores lower" in words) == (high < 0)
    assert ("do not show" in words) == (low <= 0 <= high)


def test_a_sentence_reports_single_sizes_as_taken_alone() -> None:
    sizes, gaps = (270.0, 900.0), (Interval(0.3, 0.1, 0.5), Interval(0.0, -0.1, 0.1))
    words = sentence(CurveComparison("a", "b", sizes, gaps, gaps[1]), "score", "frames", seeds=3, units=64)
    assert words.endswith("taken alone, higher at 270; undecided at 900 frames.")
