"""Daily looks: the recursion against its sum, rounding, limits, and false alarms by simulation."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.inhouse.watch import MODELS, Model, measure
from steelyard.stats.watching import MICRO, MOST_BELOW, Baseline, Watch, likely_start, look, make_baseline, pass_mean

means = st.lists(st.integers(0, MICRO), min_size=1, max_size=30)


def sampled(items: int = 50, passes: int = 10, rate: float = 0.7) -> Baseline:
    random = np.random.default_rng(4)
    return make_baseline((random.random((passes, items)) < rate).astype(float).tolist())


BASELINE = sampled()


def watched(baseline: Baseline, days: list[int]) -> Watch:
    watch = Watch()
    for mean in days:
        watch = look(baseline, watch, mean)
    return watch


@given(means)
def test_e_is_the_sum_over_starts_rounded_down(days: list[int]) -> None:
    watch = watched(BASELINE, days)
    exact = Fraction(1, len(days) + 1)
    for bet in BASELINE.bets:
        for start in range(1, len(days) + 1):
            product = Fraction(1, start * (start + 1) * len(BASELINE.bets))
            for mean in days[start - 1 :]:
                product *= 1 + Fraction(bet, 1000) * Fraction(min(BASELINE.bound - mean, MOST_BELOW), MICRO)
            exact += product
    assert watch.e <= exact * 2**64
    assert watch.e >= exact * 2**64 * (1 - Fraction(1, 10**12))
    assert watch.log_e == pytest.approx(math.log(exact), abs=1e-9)


@given(means)
def test_no_bet_can_be_lost_whole_and_the_bound_is_worth_nothing(days: list[int]) -> None:
    for bet in BASELINE.bets:
        assert 1 + bet / 1000 * (BASELINE.bound - MICRO) / MICRO >= 0.03 - 1e-9
    # A day at the bound changes no stake.
    before = watched(BASELINE, days)
    after = look(BASELINE, before, BASELINE.bound)
    weight = 2**64 // ((before.day + 1) * (before.day + 2))
    assert after.stakes == tuple(stake + weight for stake in before.stakes)


@st.composite
def fair_days(draw: st.DrawFn) -> tuple[Baseline, list[tuple[int, int]]]:
    """A baseline, and a day's mean as pairs of value and weight, whose expectation is L or barely more."""
    rate = draw(st.sampled_from([0.3, 0.5, 0.65, 0.9, 1.0]))
    right = [round(rate * 40) - draw(st.integers(0, 3)) for _ in range(10)]
    baseline = make_baseline([[1.0] * each + [0.0] * (40 - each) for each in right])
    value = st.one_of(st.integers(0, MICRO), st.sampled_from([0, baseline.bound - 1, baseline.bound, MICRO]))
    days = draw(st.lists(st.tuples(value, st.integers(1, 1000)), min_size=1, max_size=6))
    # What lacks to an expectation of L is made good by perfect days.
    lacking = sum(weight * (baseline.bound - mean) for mean, weight in days)
    if lacking > 0:
        days.append((MICRO, -(-lacking // (MICRO - baseline.bound))))
    return baseline, days


def below(baseline: Baseline, mean: int) -> int:
    return min(baseline.bound - mean, MOST_BELOW)


@given(fair_days(), st.lists(st.integers(0, MICRO), max_size=5))
def test_no_day_of_a_fair_model_is_expected_to_win(
    fair: tuple[Baseline, list[tuple[int, int]]], before: list[int]
) -> None:
    baseline, days = fair
    total = sum(weight for _, weight in days)
    for bet in baseline.bets:
        assert 0 <= bet * (MICRO - baseline.bound) < 1000 * MICRO
        won = sum(weight * (1 + Fraction(bet * below(baseline, mean), 1000 * MICRO)) for mean, weight in days)
        assert won <= total
    # The same of E itself: at most the value before the day, but for two units of 2⁻⁶⁴ that rounding takes back.
    watch = watched(baseline, before)
    assert sum(weight * look(baseline, watch, mean).e for mean, weight in days) <= total * (watch.e + 2)


def borderline(items: int, turning: int) -> Baseline:
    """.6 of the items are always right, and in each pass of the baseline half of those that turn."""
    always = round(0.6 * items)
    return make_baseline([[1.0] * (always + turning // 2) + [0.0] * (items - always - turning // 2)] * 10)


def test_later_passes_that_vary_more_win_nothing() -> None:
    baseline, items, turning = borderline(1_000, 100), 1_000, 100
    for bet in baseline.bets:
        won = Fraction(0)
        for right in range(turning + 1):
            mean = (600 + right) * MICRO // items
            won += math.comb(turning, right) * (1 + Fraction(bet * below(baseline, mean), 1000 * MICRO))
        assert won <= 2**turning


# With bets on means that are cut off, nearly all of these years had a false alarm, and more than every third one.
@pytest.mark.parametrize(("items", "turning"), [(1_000, 100), (200, 40)])
def test_later_passes_that_vary_more_raise_no_alarm(items: int, turning: int) -> None:
    baseline, random = borderline(items, turning), np.random.default_rng(10)
    days = (round(0.6 * items) + random.binomial(turning, 0.5, (60, 365))) * MICRO // items
    assert sum(watched(baseline, year).alarm is not None for year in days.tolist()) <= 1


def test_the_bound_is_students() -> None:
    passes = [[1.0] * k + [0.0] * (100 - k) for k in (70, 72, 68, 71, 69, 70, 73, 67, 70, 70)]
    found = make_baseline(passes)
    spread = math.sqrt(np.var([each.count(1.0) / 100 for each in passes], ddof=1) + 1.785203 * 0.25 / 100**2)
    assert found.spread == pytest.approx(spread)
    assert found.bound / MICRO == pytest.approx(0.7 - 2.821438 * spread / math.sqrt(10), abs=2e-6)
    assert found.bets == tuple(math.floor(1000 * 0.97 * MICRO / (MICRO - found.bound)) for _ in found.bets)


def test_equal_passes_count_as_one() -> None:
    """Behind a cache they are one: its variance by batches is .02 within items at most."""
    found = make_baseline([[1.0] * 40 + [0.0] * 10] * 10)
    expected = 0.8 - 2.821438 * math.sqrt(1.785203 * 0.01**2 / 10 + 0.02 / 50)
    assert found.bound / MICRO == pytest.approx(expected, abs=2e-6)
    one_differs = make_baseline([[1.0] * 40 + [0.0] * 10] * 9 + [[1.0] * 41 + [0.0] * 9])
    assert one_differs.bound > found.bound
    assert watched(found, [780_000] * 30).alarm is None
    assert watched(found, [600_000] * 20).alarm is not None


def test_an_outage_counts_as_no_more_than_the_largest_drop() -> None:
    assert look(BASELINE, Watch(), 0) == look(BASELINE, Watch(), BASELINE.bound - MOST_BELOW)
    assert look(BASELINE, Watch(), 0) != look(BASELINE, Watch(), BASELINE.bound - MOST_BELOW + 1)


def test_missing_scores_speak_for_the_model() -> None:
    assert pass_mean([1.0, None, 0.0], missing=1.0) == 666_667
    assert pass_mean([1.0, None, 0.0], missing=0.0) == 333_334
    assert pass_mean([0.1], missing=0.0) == 100_000


def test_the_alarm_stays_and_nothing_overflows() -> None:
    watch = watched(BASELINE, [300_000] * 4_000)
    assert watch.alarm is not None
    assert watch.alarm < 20
    assert 1_000 < watch.log_e < math.inf
    assert look(BASELINE, watch, MICRO).alarm == watch.alarm


def test_a_drop_in_the_second_year_is_seen_and_dated() -> None:
    steady = round(BASELINE.mean * MICRO)
    days = [steady] * 500 + [steady - 150_000] * 100
    watch = watched(BASELINE, days)
    assert watch.alarm is not None
    assert 500 < watch.alarm < 600
    assert abs(likely_start(BASELINE, days) - 501) <= 3


def test_what_is_no_baseline_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 10 passes"):
        make_baseline([[1.0]] * 9)
    with pytest.raises(ValueError, match="same items"):
        make_baseline([[1.0]] * 9 + [[1.0, 0.0]])
    with pytest.raises(ValueError, match="between 0 and 1"):
        make_baseline([[1.0]] * 10, alpha=1)
    with pytest.raises(ValueError, match="not above 0"):
        make_baseline([[0.0] * 20] * 10)
    for scores in ([], [2.0], [math.nan]):
        with pytest.raises(ValueError, match=r"at least one item|within \[0, 1\]"):
            pass_mean(scores, missing=1.0)
    with pytest.raises(ValueError, match="millionths"):
        look(BASELINE, Watch(), MICRO + 1)
    with pytest.raises(ValueError, match="no day"):
        likely_start(BASELINE, [])


# Sixty years each: more than 9 false alarms have a probability below .001 where 5 % may be false.
@pytest.mark.parametrize("model", MODELS[1:5], ids=lambda model: model.name)
def test_a_year_without_a_change_raises_few_alarms(model: Model) -> None:
    assert measure(model, 50, 10, 60).early <= 9


def test_a_drop_is_seen() -> None:
    seen = measure(MODELS[1], 50, 20, 40, drop=0.15, days=60, first=1)
    assert sum(delay <= 40 for delay in seen.delays) >= 32
