"""Spearman's ρ against scipy's, and how often its interval holds the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import spearmanr

from steelyard.stats.rank_correlation import MIN_PAIRS, spearman


def test_rho_is_scipys_with_ties_too() -> None:
    draw = np.random.default_rng(1)
    for _ in range(50):
        first, second = draw.integers(0, 6, 40), draw.integers(0, 2, 40)
        found = spearman(first.tolist(), second.tolist())
        assert found is not None
        assert found[0] == pytest.approx(float(spearmanr(first, second).statistic))
        assert found[1] < found[0] < found[2]


def test_too_few_pairs_and_constants_have_none() -> None:
    assert spearman([1.0] * 20, list(range(20))) is None
    assert spearman(list(range(MIN_PAIRS - 1)), list(range(MIN_PAIRS - 1))) is None
    assert spearman([1, 2, 3] * 5, [2, 4, 6] * 5) == (1.0, 1.0, 1.0)
    with pytest.raises(ValueError, match="pairs"):
        spearman([1.0], [])


@pytest.mark.parametrize("rho", [0.0, 0.5])
def test_the_interval_holds_the_truth(rho: float) -> None:
    draw = np.random.default_rng(2)
    truth = 6 / math.pi * math.asin(rho / 2)  # Spearman's of a normal pair
    held = 0
    for _ in range(1500):
        pair = draw.multivariate_normal([0, 0], [[1, rho], [rho, 1]], size=60)
        found = spearman(pair[:, 0].tolist(), pair[:, 1].tolist())
        assert found is not None
        held += found[1] <= truth <= found[2]
    assert 0.93 <= held / 1500 <= 0.97
