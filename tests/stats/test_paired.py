"""Intervals of paired differences: coverage, ends that are known, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.compare import Paired, Scores, measure_paired, measure_scores
from steelyard.stats.paired import design_effect, paired_interval, tango_interval

Z = 1.959963984540054


@pytest.mark.parametrize(("n", "discordant", "difference"), [(50, 0.3, 0.1), (200, 0.06, 0.02), (1_000, 0.06, 0.06)])
def test_tango_covers(n: int, discordant: float, difference: float) -> None:
    assert measure_paired(Paired(n, discordant, difference), 2_000).missed <= 145  # at 6 %: more is .05 % likely


@pytest.mark.parametrize(
    ("n", "differ", "steps", "upwards"),
    [(30, 0.2, (0.1, 0.1, 1.0), 0.8), (100, 0.05, (0.2, 0.4), 0.9), (100, 1.0, (0.25, 0.5, 1.0), 0.5)],
)
def test_scores_are_covered_also_where_few_differ(
    n: int, differ: float, steps: tuple[float, ...], upwards: float
) -> None:
    assert measure_scores(Scores(n, differ, steps, upwards), 300).missed <= 30


def test_published_numbers() -> None:
    """Tango 1998, table II: 43 matched pairs of soft contact lenses, 1 and 0 discordant; 95 % −0.0969 … 0.0607."""
    low, high = tango_interval(0, 1, 44, Z)
    assert (low, high) == pytest.approx((-0.118, 0.060), abs=0.002)


def test_without_a_discordant_pair_there_is_still_an_interval() -> None:
    assert tango_interval(0, 0, 100, Z) == pytest.approx((-(Z**2) / (100 + Z**2), Z**2 / (100 + Z**2)))
    assert paired_interval([0.0] * 100) == tango_interval(0, 0, 100, Z)
    low, high = paired_interval([0.0] * 100, ["a", "b"] * 50)
    assert low < -0.3
    assert high > 0.3


@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 40))
def test_the_estimate_is_inside_and_sides_mirror(gains: int, losses: int, ties: int) -> None:
    n = gains + losses + ties
    low, high = tango_interval(gains, losses, n, Z)
    assert -1 <= low <= (gains - losses) / n <= high <= 1
    assert tango_interval(losses, gains, n, Z) == pytest.approx((-high, -low), abs=1e-9)


def test_single_clusters_of_one_are_no_wider_than_t_makes_them() -> None:
    differences = [1.0] * 20 + [-1.0] * 10 + [0.0] * 70
    low, high = paired_interval(differences, range(100))
    plain = paired_interval(differences)
    assert plain[0] - 0.01 <= low <= plain[0] + 1e-9
    assert plain[1] - 1e-9 <= high <= plain[1] + 0.01


def test_a_design_effect() -> None:
    alike = [1.0] * 10 + [-1.0] * 10 + [0.0] * 20
    assert design_effect(alike, [place // 10 for place in range(40)]) > 5
    assert design_effect(alike, range(40)) == pytest.approx(1.0, abs=0.06)
    assert design_effect([0.5] * 4, [0, 0, 1, 1]) == 1
    with pytest.raises(ValueError, match="clusters"):
        design_effect(alike, [1] * 40)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="counts"):
        tango_interval(6, 6, 10, Z)
    with pytest.raises(ValueError, match="difference"):
        paired_interval([])
    with pytest.raises(ValueError, match="two"):
        paired_interval([1.0, 0.0], ["a", "a"])
