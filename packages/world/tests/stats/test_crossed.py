"""Intervals over few trainings: the algebra of their variance, and how often they hold the truth, by simulation."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays
from scipy import stats

from steelyard_world.stats.crossed import crossed_difference, crossed_mean, crossed_sum

TABLES = 500
_MONTE_CARLO = 0.026  # 2.6 standard errors of a share of .95 over 500 tables


def _normal(rng: np.random.Generator, seeds: int, units: int, between: tuple[float, float, float]) -> np.ndarray:
    rows, columns, cells = between
    effects = rng.normal(0, rows, (seeds, 1)) + rng.normal(0, columns, (1, units))
    return np.asarray(effects + rng.normal(0, cells, (seeds, units)))


def _coverage(seeds: int, units: int, between: tuple[float, float, float]) -> float:
    rng = np.random.default_rng(seeds * 1000 + units)
    found = [crossed_mean(_normal(rng, seeds, units, between)) for _ in range(TABLES)]
    return float(np.mean([each.low <= 0 <= each.high for each in found]))


@pytest.mark.parametrize("seeds", [3, 5, 10])
@pytest.mark.parametrize(
    "between", [(0.0, 0.4, 0.4), (0.02, 0.4, 0.4), (0.05, 0.4, 0.4), (0.2, 0.3, 0.4), (0.3, 0.3, 0.4)]
)
def test_within_its_formula_it_covers_nearly_what_it_says(seeds: int, between: tuple[float, float, float]) -> None:
    assert _coverage(seeds, 100, between) >= 0.92 - _MONTE_CARLO


def _shares(rng: np.random.Generator, effects: np.ndarray, units: np.ndarray) -> np.ndarray:
    """0/1 scores whose logit is a training's effect and a unit's."""
    return np.asarray(rng.random((len(effects), len(units))) < 1 / (1 + np.exp(-effects[:, None] - units))).astype(
        float
    )


@pytest.mark.parametrize("kind", ["normal", "skewed", "near 1", "one in five collapses"])
@pytest.mark.parametrize("seeds", [3, 5])
def test_a_difference_of_equal_kinds_is_found_at_most_as_often_as_stated(kind: str, seeds: int) -> None:
    """Scores of 0 and 1 on 64 shared units, also where effects of trainings are far from normal."""
    rng, falsely = np.random.default_rng(seeds), 0

    def effects() -> np.ndarray:
        if kind == "skewed":
            return np.asarray(1.6 - 0.8 * rng.exponential(size=seeds))
        if kind == "one in five collapses":
            return np.where(rng.random(seeds) < 0.2, -4.0, 2.0)
        return np.asarray(rng.normal(4.0 if kind == "near 1" else 0.8, 0.6, seeds))

    for _ in range(TABLES):
        units = rng.normal(0, 1.5, 64)
        falsely += crossed_difference(_shares(rng, effects(), units), _shares(rng, effects(), units)).p <= 0.05
    assert falsely / TABLES <= 0.05 + _MONTE_CARLO


def test_a_true_difference_is_found() -> None:
    rng, found = np.random.default_rng(2), 0
    for _ in range(100):
        units = rng.normal(0, 1.5, 64)
        one, other = (_shares(rng, rng.normal(level, 0.3, 5), units) for level in (1.8, 0.3))
        found += crossed_difference(one, other).p <= 0.05
    assert found >= 85


def test_where_units_do_not_differ_it_is_welchs_test_of_the_trainings_means() -> None:
    rng = np.random.default_rng(4)
    first, second = (np.repeat(rng.normal(size=(rows, 1)), 9, axis=1) for rows in (5, 3))
    found, known = crossed_difference(first, second), stats.ttest_ind(first[:, 0], second[:, 0], equal_var=False)
    assert found.p == pytest.approx(known.pvalue)
    assert found.degrees == pytest.approx(known.df)
    assert (found.low, found.high) == pytest.approx(tuple(known.confidence_interval(0.95)))


def test_with_one_training_each_it_is_students_paired_test_over_units() -> None:
    rng = np.random.default_rng(5)
    first, second = rng.normal(size=(2, 1, 30))
    found, known = crossed_difference(first, second), stats.ttest_rel(first[0], second[0])
    assert (found.p, found.degrees) == pytest.approx((known.pvalue, 29))


def test_a_difference_on_shared_scenes_is_seen_more_sharply_than_the_means_are() -> None:
    rng = np.random.default_rng(1)
    scenes = rng.normal(0, 1, (1, 100))
    first, second = (scenes + gain + rng.normal(0, 0.1, (5, 100)) for gain in (0.3, 0.0))
    difference, alone = crossed_difference(first, second), crossed_mean(first)
    assert difference.low > 0
    assert difference.high - difference.low < 0.5 * (alone.high - alone.low)


tables = arrays(np.float64, st.tuples(st.integers(1, 4), st.just(6)), elements=st.floats(-5, 5, width=16))


@given(tables, tables, st.floats(-3, 3))
@settings(max_examples=60, deadline=None)
def test_the_interval_moves_with_the_scores_and_swaps_with_the_sides(
    first: np.ndarray, second: np.ndarray, shift: float
) -> None:
    found = crossed_difference(first, second)
    assert found.low <= found.estimate <= found.high
    assert 0 <= found.p <= 1
    swapped = crossed_difference(second, first)
    assert (swapped.estimate, swapped.low, swapped.high) == pytest.approx((-found.estimate, -found.high, -found.low))
    moved = crossed_mean(first + shift)
    assert moved.estimate - moved.low == pytest.approx(crossed_mean(first).estimate - crossed_mean(first).low, abs=1e-6)
    assert crossed_sum([first, first], [0.5, -0.5]).estimate == 0


def test_where_nothing_varies_nothing_is_shown() -> None:
    found = crossed_difference(np.ones((3, 8)), np.zeros((5, 8)))
    assert (found.estimate, found.low, found.high, found.p) == (1.0, 1.0, 1.0, 1.0)


def test_tables_of_other_units_are_refused() -> None:
    with pytest.raises(ValueError, match="same units"):
        crossed_difference(np.ones((2, 5)), np.ones((2, 6)))
    with pytest.raises(ValueError, match="same units"):
        crossed_mean(np.ones((0, 5)))
    with pytest.raises(ValueError, match="finite"):
        crossed_mean(np.array([[1.0, np.nan]]))
