"""A straight line against saturation: size, power, and what it says of few points."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.compare import measure_line
from steelyard.stats.saturation import saturation

COSTS = [1.0, 2.0, 5.0, 20.0, 100.0, 400.0, 1_000.0]


def test_size_and_power() -> None:
    assert measure_line(8, False, 60).rejected <= 10  # of 60 at 5 %: more has a probability of .0002
    assert measure_line(8, True, 20).rejected >= 15


def test_a_curve_that_flattens() -> None:
    qualities = (0.9 - 0.5 * np.exp(-np.log10(COSTS) / 0.5)).tolist()
    found = saturation(COSTS, qualities)
    assert found is not None
    assert found.p <= 0.01
    assert found.ceiling == pytest.approx(0.9, abs=0.02)
    assert saturation(COSTS, qualities) == found


def test_a_straight_line_has_no_ceiling() -> None:
    found = saturation(COSTS, (0.2 + 0.1 * np.log10(COSTS) + 0.01 * np.array([1, -1, 0, 1, -1, -1, 1])).tolist())
    assert found is not None
    assert found.p > 0.05
    assert found.slope_low < 0.1 < found.slope_high
    assert math.isinf(found.ceiling_high)


def test_a_line_that_bends_upwards_does_not_flatten() -> None:
    found = saturation(COSTS, (0.1 + 0.05 * np.log10(COSTS) ** 2).tolist())
    assert found is not None
    assert found.p > 0.5


def test_too_little_to_say() -> None:
    assert saturation(COSTS[:4], [0.1, 0.2, 0.3, 0.4]) is None
    assert saturation([1.0] * 7, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]) is None
    assert saturation(COSTS, [0.5] * 7) is None
    with pytest.raises(ValueError, match="positive"):
        saturation([0.0, *COSTS], [0.1] * 8)
