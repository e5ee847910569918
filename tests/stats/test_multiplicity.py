"""Weighted Holm: by hand, against plain Holm, and its family-wise error by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from steelyard.stats.multiplicity import adjusted_p, weighted_holm


def test_by_hand() -> None:
    # .012/.5 first: .012 ≤ .05 · 1/2. Then .04/.25 against .05 · .25/.5 = .025: stop, and the last falls with it.
    assert weighted_holm([0.012, 0.04, 0.045], [2, 1, 1], 0.05) == [True, False, False]
    assert weighted_holm([0.012, 0.04, 0.02], [2, 1, 1], 0.05) == [True, True, True]
    assert weighted_holm([0.05], [3.0], 0.05) == [True]
    assert weighted_holm([], [], 0.05) == []
    assert weighted_holm([0.0, 1.0], [1, 1], 0.05) == [True, False]


@pytest.mark.parametrize("weights", [[1.0], [1.0, 0.0]])
def test_every_p_value_needs_a_positive_weight(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="weight"):
        weighted_holm([0.1, 0.2], weights, 0.05)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.floats(0.1, 10))
def test_equal_weights_are_plain_holm(p_values: list[float], weight: float) -> None:
    count = len(p_values)
    expected = [False] * count
    for step, i in enumerate(np.argsort(p_values, kind="stable")):
        if p_values[i] > 0.05 / (count - step) * (1 - 1e-12):
            break
        expected[i] = True
    close = any(math.isclose(p, 0.05 / k, rel_tol=1e-9) for p in p_values for k in range(1, count + 1))
    assert close or weighted_holm(p_values, [weight] * count, 0.05) == expected


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.1, 5)), min_size=1, max_size=8), st.data())
def test_a_smaller_p_value_never_loses_a_rejection(rows: list[tuple[float, float]], data: st.DataObject) -> None:
    p_values, weights = [p for p, _ in rows], [w for _, w in rows]
    before = weighted_holm(p_values, weights, 0.05)
    i = data.draw(st.integers(0, len(rows) - 1))
    p_values[i] /= 2
    after = weighted_holm(p_values, weights, 0.05)
    assert all(new or not old for old, new in zip(before, after, strict=True))


@pytest.mark.parametrize("correlation", [0.0, 0.6])
@pytest.mark.parametrize("true_nulls", [10, 6])
def test_family_wise_error_is_held(correlation: float, true_nulls: int) -> None:
    """Ten rows, 6 or 10 of them honest, the rest far off: the chance that any honest one is accused."""
    rng = np.random.default_rng(7)
    trials, rows = 4000, 10
    weights = [1, 1, 1, 2, 2, 3, 1, 1, 2, 2]
    common = rng.standard_normal((trials, 1))
    scores = math.sqrt(correlation) * common + math.sqrt(1 - correlation) * rng.standard_normal((trials, rows))
    scores[:, true_nulls:] -= 4
    accused = sum(any(weighted_holm(row, weights, 0.05)[:true_nulls]) for row in ndtr(scores).tolist())
    assert accused / trials <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / trials)


@given(
    st.lists(st.tuples(st.floats(1e-6, 1.0), st.floats(0.1, 5.0)), min_size=1, max_size=8),
    st.sampled_from([0.01, 0.05, 0.2]),
)
def test_adjusted_p_values_reject_what_holm_rejects(tests: list[tuple[float, float]], alpha: float) -> None:
    p_values, weights = [p for p, _ in tests], [weight for _, weight in tests]
    adjusted = adjusted_p(p_values, weights)
    if all(abs(each - alpha) > 1e-9 for each in adjusted):
        assert [each <= alpha for each in adjusted] == weighted_holm(p_values, weights, alpha)


def test_adjusted_p_values_by_hand() -> None:
    assert adjusted_p([0.01, 0.04, 0.03], [1, 1, 1]) == pytest.approx([0.03, 0.06, 0.06])
    assert adjusted_p([0.02, 0.02], [3, 1]) == pytest.approx([0.02 * 4 / 3, 0.02 * 4 / 3])
    with pytest.raises(ValueError, match="weight"):
        adjusted_p([0.1], [0.0])
