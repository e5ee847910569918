"""Bets on a mean of scores in [0, 1]: the table of 0 and 1 on 0 and 1, exact at small sizes, the same integers."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.bounded import MACROS, SHAPES, Macro, Shape, draw_macro, draw_shape, stops
from steelyard.stats.bounded_bets import GRID, MeanTracker, Population, TotalBet, grid_bounds
from steelyard.stats.sequential import CONSISTENT_DISTANCES, INCONSISTENT_DISTANCES, Tracker, stop_table

DISTANCES = (INCONSISTENT_DISTANCES, CONSISTENT_DISTANCES)
# Small populations in steps of a grid of 10, with weights: so few that all orders can be counted.
FEW = [
    ([0, 10, 10, 10, 3, 10], [1] * 6),
    ([9, 9, 8, 9, 9, 0], [1] * 6),
    ([0, 0, 0, 1, 0, 10], [1] * 6),
    ([10, 0, 10, 5, 7, 10], [5, 1, 1, 1, 2, 2]),
    ([0, 10, 2, 10, 10, 10], [7, 1, 1, 1, 1, 7]),
    ([5, 5, 5, 5, 5, 5], [3, 1, 4, 1, 5, 9]),
]
ERRORS = 44  # of 500 orders, where at most 5 % may err: more has a probability of .0002


@st.composite
def audits(draw: st.DrawFn) -> tuple[int, int, int, float, float, list[int | None]]:
    size = draw(st.integers(1, 60))
    accuse = draw(st.integers(1, size))
    confirm = draw(st.integers(accuse, size + 1))
    levels = draw(st.sampled_from([(0.05, 0.05), (0.3, 0.01), (0.003, 0.2)]))
    scores = draw(st.lists(st.sampled_from([0, 1, 1, None]), min_size=size, max_size=size))
    return size, accuse, confirm, *levels, scores


@given(audits())
def test_on_scores_of_0_and_1_it_is_the_table(audit: tuple[int, int, int, float, float, list[int | None]]) -> None:
    size, accuse, confirm, accusing, confirming, scores = audit
    table = Tracker(size, accuse, stop_table(size, accuse, accusing, confirming, confirm))
    bets = MeanTracker(Population.even(size, grid=1), accuse, confirm, accusing, confirming)
    for score in scores:
        table.observe(score)
        bets.observe(0 if score is None else score, 1 if score is None else score)
        assert (bets.decision, bets.decided_at) == (table.decision, table.decided_at)
        assert bets.p == pytest.approx(table.p, rel=1e-9, abs=1e-12)


def in_order(scores: Sequence[int], weights: Sequence[int], order: Sequence[int], side: int) -> list[TotalBet]:
    """The bet after each score of one order, against the null that is just true on this side."""
    population = Population.of(weights, 10)
    read = [10 - score for score in scores] if side else [*scores]
    total = sum(weight * score for weight, score in zip(weights, read, strict=True))
    bet, found = TotalBet(population, total, DISTANCES[side]), []
    for place in order:
        bet.step(read[place], weights[place])
        found.append((bet.e, bet.wins(0.05), bet.wins(0.2), bet.wins(0.5), bet.impossible))
    return found  # type: ignore[return-value]


@pytest.mark.parametrize("side", [0, 1], ids=["accusing", "confirming"])
@pytest.mark.parametrize(("scores", "weights"), FEW)
def test_over_all_orders_the_bet_gains_nothing_and_seldom_wins(
    scores: list[int], weights: list[int], side: int
) -> None:
    runs = [in_order(scores, weights, order, side) for order in itertools.permutations(range(6))]
    for step in range(6):
        assert sum((run[step][0] for run in runs), Fraction(0)) <= len(runs)  # type: ignore[index]
    for place, alpha in ((1, 0.05), (2, 0.2), (3, 0.5)):
        assert sum(any(step[place] for step in run) for run in runs) <= alpha * len(runs)  # type: ignore[index]
    assert not any(run[-1][4] for run in runs)  # type: ignore[index]


@given(st.lists(st.tuples(st.integers(0, 10), st.integers(1, 9)), min_size=1, max_size=30), st.data())
def test_a_tracker_without_bets_says_what_is_so_in_any_order(items: list[tuple[int, int]], data: st.DataObject) -> None:
    population = Population.of([weight for _, weight in items], 10)
    total = sum(score * weight for score, weight in items)
    accuse = data.draw(st.integers(1, population.most))
    for order in (items, items[::-1], data.draw(st.permutations(items))):
        tracker = MeanTracker(population, accuse, accuse, 0.05, 0.05, bets=False)
        for score, weight in order:
            tracker.observe(score, score, weight)
        assert tracker.decision == ("consistent" if total >= accuse else "inconsistent")


@given(st.lists(st.tuples(st.integers(0, 10), st.integers(1, 9)), min_size=1, max_size=40), st.integers(2, 50))
def test_weights_that_are_all_multiplied_change_no_bet(items: list[tuple[int, int]], by: int) -> None:
    # In steps of a hundredth every distance is a whole number of them.
    plain = TotalBet(Population.of([weight for _, weight in items], 100), 70, INCONSISTENT_DISTANCES)
    larger = TotalBet(Population.of([by * weight for _, weight in items], 100), 70 * by, INCONSISTENT_DISTANCES)
    for score, weight in items:
        plain.step(10 * score, weight)
        larger.step(10 * score, by * weight)
        assert (plain.e, plain.impossible) == (larger.e, larger.impossible)


@given(st.lists(st.tuples(st.integers(0, 10), st.integers(1, 9)), min_size=1, max_size=40), st.data())
@settings(max_examples=60)
def test_a_bet_is_never_below_0_and_p_never_climbs(items: list[tuple[int, int]], data: st.DataObject) -> None:
    population = Population.of([weight for _, weight in items], 10)
    bet, p = TotalBet(population, data.draw(st.integers(1, population.most)), CONSISTENT_DISTANCES), 1.0
    for score, weight in items:
        bet.step(score, weight)
        assert bet.e >= 0
        assert 0 <= bet.p <= p
        p = bet.p
    is_so = sum(score * weight for score, weight in items) >= bet.boundary
    assert bet.impossible is not is_so


def test_what_is_missing_accuses_nobody_and_confirms_nobody() -> None:
    tracker = MeanTracker(Population.even(300), 200 * GRID, 200 * GRID, 0.05, 0.05)
    for _ in range(300):
        assert tracker.observe(0, GRID) is None
    assert tracker.p == 1.0


def test_these_integers_are_the_same_everywhere() -> None:
    bet = TotalBet(Population.of([1, 3, 7] * 40), 290 * GRID, INCONSISTENT_DISTANCES)
    score = 1
    for place in range(60):
        score = score * 48_271 % 2_147_483_647
        bet.step(score % (GRID + 1), (1, 3, 7)[place % 3])
    assert bet.e == Fraction(PINNED, 3 << 96)
    assert bet.p == PINNED_P


PINNED = 31711588692062235986103865810569804
PINNED_P = 3.4660782038476843e-06


def test_a_score_between_two_steps_is_read_both_ways() -> None:
    assert grid_bounds(0.1) == (100_000, 100_000)
    assert grid_bounds(1 / 3) == (333_333, 333_334)
    assert grid_bounds(1.0) == (GRID, GRID)
    assert grid_bounds(0.0, 1) == (0, 0)
    assert grid_bounds(1e-300) == (0, 1)
    for score in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="within"):
            grid_bounds(score)


def test_a_confirming_threshold_that_no_total_reaches_is_never_reached() -> None:
    tracker = MeanTracker(Population.even(5, 1), 5, 6, 0.05, 0.05)
    for _ in range(5):
        assert tracker.observe(1, 1) is None


def test_what_is_no_test_is_refused() -> None:
    population = Population.even(3, 10)
    for accuse, confirm in ((0, 5), (31, 31), (5, 4)):
        with pytest.raises(ValueError, match=r"must be|is within"):
            MeanTracker(population, accuse, confirm, 0.05, 0.05)
    for levels in ((0, 0.05), (0.05, 1)):
        with pytest.raises(ValueError, match="a level"):
            MeanTracker(population, 5, 5, *levels)
    tracker = MeanTracker(population, 15, 15, 1e-9, 1e-9)
    for bounds in ((3, 2), (-1, 2), (3, 11)):
        with pytest.raises(ValueError, match="must hold"):
            tracker.observe(*bounds)
    for weights in ([], [0], [1, -1]):
        with pytest.raises(ValueError, match="a population has"):
            Population.of(weights)


def test_more_scores_than_samples_are_refused() -> None:
    tracker = MeanTracker(Population.even(2, 10), 10, 21, 1e-9, 1e-9)
    tracker.observe(0, 10)
    tracker.observe(0, 10)
    with pytest.raises(ValueError, match="observed already"):
        tracker.observe(0, 10)


# ── by simulation ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_at_the_edge_neither_side_errs_more_often_than_its_level(shape: Shape) -> None:
    drawn = draw_shape(shape, 100)
    for each, distances in ((drawn, DISTANCES[0]), (drawn.lacking(), DISTANCES[1])):
        assert (stops(each, each.total, distances, 500) > 0).sum() <= ERRORS


@pytest.mark.parametrize("size", [1_000, pytest.param(5_000, marks=pytest.mark.slow)])
def test_larger_populations_hold_their_level_too(size: int) -> None:
    shapes = SHAPES if size > 1_000 else SHAPES[1::5]
    for shape in shapes:
        drawn = draw_shape(shape, size)
        assert (stops(drawn, drawn.total, DISTANCES[0], 500) > 0).sum() <= ERRORS


@pytest.mark.parametrize("macro", MACROS[3:], ids=lambda macro: macro.name)
def test_a_macro_average_holds_its_level(macro: Macro) -> None:
    drawn = draw_macro(macro)
    assert (stops(drawn, drawn.total, DISTANCES[0], 300) > 0).sum() <= 30  # more has a probability below .0003


def test_a_claim_that_is_too_high_is_seen_early_in_a_macro_average() -> None:
    drawn = draw_macro(MACROS[0])
    asked = stops(drawn, drawn.total + 6 * drawn.population.most // 100, DISTANCES[0], 60)
    assert asked.min() > 0
    assert np.median(asked) < 0.04 * len(drawn.scores)


def test_scores_that_vary_less_need_fewer_answers() -> None:
    needed = []
    for name in ("0 and 1, .88 right", "beta(5, 1)", "beta(50, 20), alike"):
        drawn = draw_shape(next(shape for shape in SHAPES if shape.name == name), 1_000)
        needed.append(stops(drawn, drawn.total + 30 * GRID, DISTANCES[0], 40).mean())
    assert needed[0] > 2 * needed[1] > 2 * needed[2]
