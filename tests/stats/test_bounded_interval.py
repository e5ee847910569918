"""The interval of a finite population's mean: it covers at every look, and is a point after the last score."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.bounded import MACROS, SHAPES, draw_macro, draw_shape
from steelyard.stats.bounded_bets import GRID, Population
from steelyard.stats.bounded_interval import finite_mean_interval

ITEMS = st.lists(st.tuples(st.integers(0, 10), st.integers(1, 9)), min_size=1, max_size=30)


@given(ITEMS, st.integers(0, 30))
def test_it_holds_what_is_certain_and_turns_round(items: list[tuple[int, int]], read: int) -> None:
    population, read = Population.of([weight for _, weight in items], 10), min(read, len(items))
    scores, weights = [score for score, _ in items][:read], [weight for _, weight in items][:read]
    low, high = finite_mean_interval(scores, scores, population, weights=weights)
    assert 0 <= low <= high <= 1
    turned = [10 - score for score in scores]
    assert finite_mean_interval(turned, turned, population, weights=weights) == pytest.approx((1 - high, 1 - low))
    if read == len(items):
        mean = sum(score * weight for score, weight in items) / population.most
        assert (low, high) == pytest.approx((mean, mean), abs=3e-6)
        assert low <= mean + 1e-12
        assert high >= mean - 1e-12


@given(ITEMS, st.data())
def test_what_is_missing_widens_it_both_ways(items: list[tuple[int, int]], data: st.DataObject) -> None:
    population = Population.of([weight for _, weight in items], 10)
    weights = [weight for _, weight in items]
    missing = data.draw(st.sets(st.integers(0, len(items) - 1)))
    least = [0 if place in missing else score for place, (score, _) in enumerate(items)]
    most = [10 if place in missing else score for place, (score, _) in enumerate(items)]
    low, high = finite_mean_interval(least, most, population, weights=weights)
    mean = sum(score * weight for score, weight in items) / population.most
    assert low <= mean + 1e-9
    assert high >= mean - 1e-9


# 200 orders: more than 22 misses have a probability below .0004 where at most 5 % should be.
@pytest.mark.parametrize(
    "name", ["0 and 1, .88 right", "beta(5, 1)", "20th powers of uniform", ".6 and 1, one in 10 is 1"]
)
def test_it_covers_at_every_look(name: str) -> None:
    drawn = draw_shape(next(shape for shape in SHAPES if shape.name == name), 200)
    mean, population = drawn.total / drawn.population.most, drawn.population
    random, missed = np.random.default_rng(5), 0
    for _ in range(200):
        scores = drawn.scores[random.permutation(200)]
        ends = [finite_mean_interval(scores[:n], scores[:n], population) for n in range(10, 200, 15)]
        missed += any(not low <= mean <= high for low, high in ends)
    assert missed <= 22


def test_it_covers_a_macro_average_and_not_the_micro_average() -> None:
    drawn = draw_macro(MACROS[4])
    mean, population = drawn.total / drawn.population.most, drawn.population
    micro = drawn.scores.mean() / GRID
    random, missed, micro_missed = np.random.default_rng(6), 0, 0
    for _ in range(100):
        order = random.permutation(len(drawn.scores))
        scores, weights = drawn.scores[order], [drawn.weights[place] for place in order]
        ends = [
            finite_mean_interval(scores[:n], scores[:n], population, weights=weights[:n]) for n in (100, 400, 900, 999)
        ]
        missed += any(not low <= mean <= high for low, high in ends)
        micro_missed += not ends[-1][0] <= micro <= ends[-1][1]
    assert missed <= 14
    assert micro_missed == 100


def test_its_ends_are_those_of_the_bets_in_exact_numbers() -> None:
    scores, alpha = [7, 10, 3, 10, 9, 10, 0, 10, 10, 8], 0.2
    population = Population.even(14, 10)
    low, _ = finite_mean_interval(scores, scores, population, alpha)

    def capital(candidate: float) -> Fraction:
        total, e, left = Fraction(0), Fraction(1), Fraction(14)
        for t, score in enumerate(scores, start=1):
            x, rate = Fraction(score, 10), (Fraction(candidate) * 14 - total) / left
            seen = [Fraction(1, 2)] + [Fraction(each, 10) for each in scores[: t - 1]]
            means = [sum(seen[: k + 1], Fraction(0)) / (k + 1) for k in range(len(seen))]
            variance = (Fraction(1, 4) + sum((a - b) ** 2 for a, b in zip(seen[1:], means[1:], strict=True))) / t
            bet = math.sqrt(2 * math.log(2 / alpha) / (float(variance) * t * math.log(1 + t)))
            e *= 1 + min(Fraction(bet), Fraction(1, 2) / rate) * (x - rate)
            total, left = total + x, left - 1
        return e

    certain = sum(scores) / 10 / 14
    assert low > certain
    assert capital(low) >= 2 / alpha > capital(low + 2e-6)


def test_before_the_first_score_it_is_everything() -> None:
    assert finite_mean_interval([], [], Population.even(4)) == (0.0, 1.0)
    with pytest.raises(ValueError, match="a level"):
        finite_mean_interval([1], [1], Population.even(4), alpha=0)
