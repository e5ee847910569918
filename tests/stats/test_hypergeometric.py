"""Exact bounds of a part of a population: against sums over every outcome."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom

from steelyard.stats.hypergeometric import least_drawn, least_total

levels = st.sampled_from([0.5, 0.1, 0.05, 0.025, 0.0125, 1e-4])


@st.composite
def parts(draw: st.DrawFn) -> tuple[int, int]:
    population = draw(st.integers(1, 40))
    return population, draw(st.integers(0, population))


def chance(population: int, total: int, drawn: int, outcomes: range) -> Fraction:
    """P(X in outcomes), summed term by term."""
    ways = sum(math.comb(total, x) * math.comb(population - total, drawn - x) for x in outcomes if 0 <= x <= drawn)
    return Fraction(ways, math.comb(population, drawn))


@given(parts(), st.integers(-1, 41), levels)
def test_the_least_total_is_the_first_plausible_one(case: tuple[int, int], right: int, alpha: float) -> None:
    population, drawn = case
    plausible = [
        total
        for total in range(population + 1)
        if chance(population, total, drawn, range(max(right, 0), drawn + 1)) > Fraction(alpha)
    ]
    assert least_total(population, drawn, right, alpha) == (plausible[0] if plausible else population + 1)


@given(parts(), st.data(), levels)
def test_the_least_drawn_is_the_first_plausible_one(case: tuple[int, int], data: st.DataObject, alpha: float) -> None:
    population, drawn = case
    total = data.draw(st.integers(0, population))
    plausible = [r for r in range(drawn + 1) if chance(population, total, drawn, range(r + 1)) > Fraction(alpha)]
    assert least_drawn(population, total, drawn, alpha) == plausible[0]


@settings(deadline=None)
@given(parts(), levels)
def test_a_bound_is_too_high_at_most_as_often_as_its_level(case: tuple[int, int], alpha: float) -> None:
    """Exact, for every truth: over the choice of the part, and over the totals for the other bound."""
    population, drawn = case
    bounds = [least_total(population, drawn, right, alpha) for right in range(drawn + 1)]
    for total in range(population + 1):
        missed = [right for right in range(drawn + 1) if bounds[right] > total]
        assert sum(chance(population, total, drawn, range(x, x + 1)) for x in missed) <= Fraction(alpha)
        below = least_drawn(population, total, drawn, alpha)
        assert all(
            chance(population, more, drawn, range(below)) <= Fraction(alpha) for more in range(total, population + 1)
        )


@pytest.mark.parametrize(
    ("population", "drawn", "right", "alpha"), [(1319, 20, 19, 0.025), (14042, 500, 430, 0.0125), (198, 30, 30, 0.025)]
)
def test_large_populations_agree_with_scipy(population: int, drawn: int, right: int, alpha: float) -> None:
    found = least_total(population, drawn, right, alpha)
    assert hypergeom.sf(right - 1, population, found, drawn) > alpha
    assert hypergeom.sf(right - 1, population, found - 1, drawn) <= alpha
    lowest = least_drawn(population, found, drawn, alpha)
    assert (
        hypergeom.cdf(lowest, population, found, drawn) > alpha >= hypergeom.cdf(lowest - 1, population, found, drawn)
    )


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match="part"):
        least_total(10, 11, 5, 0.05)
    with pytest.raises(ValueError, match="level"):
        least_drawn(10, 5, 5, 1.0)
    with pytest.raises(ValueError, match="total"):
        least_drawn(10, 11, 5, 0.05)
