"""Curves, paired differences, data needed, each no more than its interval."""

from __future__ import annotations

import numpy as np
import pytest

from steelyard_world.evaluation.efficiency import (
    average,
    average_difference,
    compare_curves,
    curve,
    data_needed,
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


def test_data_that_never_suffices_is_infinite_and_its_upper_end_is_open() -> None:
    needed = data_needed(_tables(0.1, 0.3), 0.9)
    assert needed[1:] == (np.inf, np.inf, np.inf)
    unsure = data_needed(_tables(0.1, 0.5), 0.5)
    assert unsure.high == np.inf
    assert unsure.low < 1000


def test_the_interval_of_data_needed_holds_what_is_needed() -> None:
    """Curves that rise by chance, of five trainings that differ: the true size is inside as often as it says."""
    rng, held = np.random.default_rng(5), 0
    sizes, rates = (100.0, 1000.0, 10000.0), (0.2, 0.5, 0.8)
    for _ in range(200):
        trainings, units = rng.normal(0, 0.05, (5, 1)), rng.normal(0, 0.15, (1, 64))
        tables = {
            size: (rng.random((5, 64)) < np.clip(rate + trainings + units, 0, 1)).astype(float)
            for size, rate in zip(sizes, rates, strict=True)
        }
        needed = data_needed(tables, 0.5)
        held += needed.low <= 1000 <= needed.high
    assert held >= 180


def test_a_training_counts_once_however_many_sizes_it_has() -> None:
    """Four sizes of the same trainings are worth no more than one; as if independent they would halve the interval."""
    rng = np.random.default_rng(3)
    one = rng.normal(size=(5, 1)) + rng.normal(scale=0.1, size=(5, 64))
    single, four = average({100.0: one}), average({10.0**place: one for place in range(2, 6)})
    assert four == pytest.approx(single)
    falsely = 0
    for _ in range(200):
        first, second = ((rng.normal(size=(5, 1)) + rng.normal(scale=0.3, size=(5, 32))) for _ in range(2))
        gap = average_difference({1.0: first, 10.0: first}, {1.0: second, 10.0: second})
        falsely += not gap.low <= 0 <= gap.high
    assert falsely <= 18  # of 200 at 5 %, within Monte-Carlo error: 10 + 2.6 × 3.1


def test_tables_of_other_trainings_at_other_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="same trainings"):
        average({1.0: np.zeros((3, 4)), 2.0: np.zeros((2, 4))})
    with pytest.raises(ValueError, match="same trainings"):
        data_needed({1.0: np.zeros((3, 4)), 2.0: np.zeros((2, 4))}, 0.5)


def test_times_needed_is_a_ratio_or_none() -> None:
    soon, late = ({size: np.full((3, 200), level) for size, level in row} for row in _LEVELS)
    found = times_needed(soon, late, 0.5)
    assert found is not None
    assert found.estimate == pytest.approx(10.0)
    assert 8 < found.low < 10 < found.high < 12  # every score is equal: the exact bound of 200 units remains
    turned = times_needed(late, soon, 0.5)
    assert turned is not None
    assert tuple(turned) == pytest.approx((1 / found.estimate, 1 / found.high, 1 / found.low))
    assert times_needed(soon, late, 2.0) is None
    assert times_needed(soon, late, 0.0) is None  # both have it at once: how soon is not seen


def test_where_the_second_may_never_get_there_the_factor_has_no_upper_end() -> None:
    unsure = times_needed(_tables(0.2, 0.9), _tables(0.1, 0.55, rng_seed=4), 0.5)
    assert unsure is not None
    assert unsure.high == np.inf
    assert unsure.low > 1
