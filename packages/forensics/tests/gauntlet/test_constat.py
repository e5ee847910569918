"""ConStat, written anew: its spline is scipy's, and it finds what is plain."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import make_smoothing_spline

from steelyard_forensics.gauntlet.constat import constat_p, smoothing_spline


@pytest.mark.parametrize("n", [8, 40])
def test_the_spline_is_that_of_scipy(n: int) -> None:
    random = np.random.default_rng(n)
    x = np.sort(random.random(n))
    y = x**2 + random.normal(0, 0.05, n)
    ours, _ = smoothing_spline(x, y)
    theirs = make_smoothing_spline(x, y)
    for at in np.linspace(x[0], x[-1], 20):
        assert ours(float(at)) == pytest.approx(float(theirs(at)), abs=1e-6)


def test_a_score_by_heart_is_found_and_an_honest_one_is_not() -> None:
    random = np.random.default_rng(2)
    skill = np.append(np.linspace(0.3, 0.9, 20), 0.6)
    twins = (random.random((21, 400)) < skill[:, None]).astype(float)
    for level, accuses in ((0.95, True), (0.6, False)):
        skill[-1] = level
        public = (random.random((21, 400)) < skill[:, None]).astype(float)
        assert (constat_p(public, twins, 60, random) <= 0.05) is accuses
