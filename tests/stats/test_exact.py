"""Exact operating characteristics: the issue's table, and the dynamic programme against full enumeration."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.stats.exact import characteristics_at_rate, operating_characteristics
from steelyard.stats.sequential import StopTable, Tracker, stop_table, threshold

ALPHA = 0.05
SIZES = (164, 1319, 14042)
table_of = cache(stop_table)


def boundary_of(population: int) -> int:
    """A claim of 88 % to within 2 points."""
    return threshold(population, Fraction(88, 100), Fraction(0), Fraction(2, 100))


@pytest.mark.parametrize("population", SIZES)
def test_both_errors_are_held_at_every_look(population: int) -> None:
    boundary = boundary_of(population)
    table = table_of(population, boundary, ALPHA, ALPHA)
    holds = operating_characteristics(population, boundary, table)
    fails = operating_characteristics(population, boundary - 1, table)
    assert 0 < holds.p_inconsistent <= ALPHA
    assert 0 < fails.p_consistent <= ALPHA
    for found in (holds, fails):
        assert found.p_inconsistent + found.p_consistent == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize(
    ("population", "shares"),
    [(164, (0.49, 0.85, 0.96)), (1319, (0.13, 0.54, 0.55)), (14042, (0.014, 0.106, 0.101))],
)
def test_what_an_audit_costs(population: int, shares: tuple[float, ...]) -> None:
    """The median share asked for truths of 80, 84 and 88 %, as DETECTORS.md prints them."""
    table = table_of(population, boundary_of(population), ALPHA, ALPHA)
    for percent, share in zip((80, 84, 88), shares, strict=True):
        found = operating_characteristics(population, round(population * percent / 100), table)
        assert found.median_share == pytest.approx(share, abs=0.01)
        right = found.p_consistent if percent == 88 else found.p_inconsistent
        assert right > 0.95


def test_a_limit_leaves_the_rest_undecided() -> None:
    full = table_of(164, boundary_of(164), ALPHA, ALPHA)
    cut = StopTable(full.inconsistent[:60], full.consistent[:60])
    found = operating_characteristics(164, 131, cut)
    assert found.p_consistent < 0.001
    assert 0.1 < found.p_inconsistent < 0.5  # the whole table: > .99
    assert found.median_share == 60 / 164
    assert found.mean_share < 60 / 164


@given(st.integers(1, 120), st.data())
def test_errors_are_held_in_any_population(population: int, data: st.DataObject) -> None:
    boundary = data.draw(st.integers(1, population))
    alpha = data.draw(st.sampled_from([0.01, 0.05, 0.2]))
    table = stop_table(population, boundary, alpha, alpha / 2)
    above = data.draw(st.integers(boundary, population))
    below = data.draw(st.integers(0, boundary - 1))
    assert operating_characteristics(population, above, table).p_inconsistent <= alpha
    assert operating_characteristics(population, below, table).p_consistent <= alpha / 2


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 9), st.data())
def test_programme_is_the_enumeration_of_all_orders(population: int, data: st.DataObject) -> None:
    boundary, truth = data.draw(st.integers(1, population)), data.draw(st.integers(0, population))
    table = stop_table(population, boundary, 0.3, 0.4)
    ends: list[tuple[str | None, int]] = []
    for places in combinations(range(population), truth):
        tracker = Tracker(population, boundary, table)
        for place in range(population):
            tracker.observe(int(place in places))
        assert tracker.decided_at is not None
        ends.append((tracker.decision, tracker.decided_at))
    found = operating_characteristics(population, truth, table)
    looks = sorted(at for _, at in ends)
    assert found.p_inconsistent == pytest.approx(sum(word == "inconsistent" for word, _ in ends) / len(ends))
    assert found.p_consistent == pytest.approx(sum(word == "consistent" for word, _ in ends) / len(ends))
    assert found.mean_share == pytest.approx(sum(looks) / len(looks) / population)
    middle = round(found.median_share * population)
    assert sum(at <= middle for at in looks) * 2 >= len(looks) * (1 - 1e-9)
    assert sum(at < middle for at in looks) * 2 <= len(looks) * (1 + 1e-9)


def test_answers_that_vary_are_binomial() -> None:
    """Without early stops the chances at the end are those of the binomial distribution."""
    n = 30
    table = StopTable(inconsistent=(-1,) * (n - 1) + (9,), consistent=(n + 1,) * (n - 1) + (20,))
    found = characteristics_at_rate(n, 0.6, table)
    chance = [math.comb(n, k) * 0.6**k * 0.4 ** (n - k) for k in range(n + 1)]
    assert found.p_inconsistent == pytest.approx(sum(chance[:10]))
    assert found.p_consistent == pytest.approx(sum(chance[20:]))
