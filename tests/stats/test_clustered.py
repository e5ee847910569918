"""Clustered standard errors, by hand and by their limits."""

from __future__ import annotations

import math
from statistics import stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.stats.clustered import clustered_interval, clustered_standard_error
from steelyard.stats.intervals import wilson

scores = st.lists(st.floats(0, 1), min_size=2, max_size=30)


def test_by_hand() -> None:
    # Deviations ±1/2, all alike within a cluster: squares 1, cross products 2 · (2 · 1/4) = 1; 1/3/4 + 1/16 = 7/48.
    assert clustered_standard_error([1, 1, 0, 0], ["a", "a", "b", "b"]) == pytest.approx(math.sqrt(7 / 48))
    # Opposite within a cluster: cross products −1, and the error shrinks to 1/12 − 1/16 = 1/48.
    assert clustered_standard_error([1, 0, 1, 0], ["a", "a", "b", "b"]) == pytest.approx(math.sqrt(1 / 48))


@given(scores)
def test_single_samples_give_the_usual_error(values: list[float]) -> None:
    expected = stdev(values) / math.sqrt(len(values))
    assert clustered_standard_error(values, range(len(values))) == pytest.approx(expected, abs=1e-9)


@given(scores, st.data())
def test_order_does_not_matter(values: list[float], data: st.DataObject) -> None:
    clusters = data.draw(st.lists(st.integers(0, 3), min_size=len(values), max_size=len(values)))
    error = clustered_standard_error(values, clusters)
    assert error >= 0
    assert clustered_standard_error(values[::-1], clusters[::-1]) == pytest.approx(error, abs=1e-9)


def test_too_little_is_refused() -> None:
    with pytest.raises(ValueError, match="two values"):
        clustered_standard_error([1.0], ["a"])
    with pytest.raises(ValueError, match="argument 2 is"):
        clustered_standard_error([1.0, 0.0], ["a"])


def test_an_interval_over_clusters() -> None:
    values, groups = [1.0] * 30 + [0.0] * 30, [place // 10 for place in range(60)]
    low, high = clustered_interval(values, groups, 60)
    # As if each of the six clusters were one answer, or fewer: their answers are all alike.
    assert low < wilson(3, 6)[0]
    assert high > wilson(3, 6)[1]
    assert clustered_interval(values[::-1], groups, 60) == pytest.approx((1 - high, 1 - low))


@given(st.integers(2, 40), st.data())
def test_it_is_never_narrower_than_that_of_independent_answers(clusters: int, data: st.DataObject) -> None:
    groups = [*range(clusters), *data.draw(st.lists(st.integers(0, clusters - 1), max_size=100))]
    values = data.draw(st.lists(st.sampled_from([0.0, 1.0]), min_size=len(groups), max_size=len(groups)))
    low, high = clustered_interval(values, groups, len(values))
    assert 0 <= low <= sum(values) / len(values) <= high <= 1
    plain = wilson(round(sum(values)), len(values))
    assert high - low >= plain[1] - plain[0] - 1e-9


def test_an_interval_needs_two_clusters() -> None:
    with pytest.raises(ValueError, match="at least two"):
        clustered_interval([1.0, 0.0], ["a", "a"], 2)
