"""Daily looks: the recursion against its sum, rounding, limits, and false alarms by simulation."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.inhouse.watch import MODELS, Model, measure
from steelyard.stats.watching import MICRO, Baseline, Watch, likely_start, look, make_baseline, pass_mean

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
                product *= 1 + Fraction(bet, 1000) * Fraction(BASELINE.bound - min(mean, BASELINE.cap), MICRO)
            exact += product
    assert watch.e <= exact * 2**64
    assert watch.e >= exact * 2**64 * (1 - Fraction(1, 10**12))
    assert watch.log_e == pytest.approx(math.log(exact), abs=1e-9)


@given(means)
def test_no_bet_can_be_lost_whole_and_the_bound_is_worth_nothing(days: list[int]) -> None:
    for bet in BASELINE.bets:
        assert 1 + bet / 1000 * (BASELINE.bound - BASELINE.cap) / MICRO >= 0.1 - 1e-9
    # A day at the bound changes no stake.
    before = watched(BASELINE, days)
    after = look(BASELINE, before, BASELINE.bound)
    weight = 2**64 // ((before.day + 1) * (before.day + 2))
    assert after.stakes == tuple(stake + weight for stake in before.stakes)


def test_the_bound_is_students() -> None:
    passes = [[1.0] * k + [0.0] * (100 - k) for k in (70, 72, 68, 71, 69, 70, 73, 67, 70, 70)]
    found = make_baseline(passes)
    spread = math.sqrt(np.var([each.count(1.0) / 100 for each in passes], ddof=1) + 0.25 / 100**2)
    assert found.spread == pytest.approx(spread)
    assert found.bound / MICRO == pytest.approx(0.7 - 2.262157 * spread / math.sqrt(10), abs=2e-6)
    assert found.cap / MICRO == pytest.approx(0.7 + 3 * spread, abs=2e-6)


def test_equal_passes_leave_room_for_an_item_that_turns() -> None:
    found = make_baseline([[1.0] * 40 + [0.0] * 10] * 10)
    assert found.bound < 800_000 < found.cap
    assert watched(found, [780_000] * 3).alarm is None
    assert watched(found, [700_000] * 12).alarm is not None


def test_missing_scores_speak_for_the_model() -> None:
    assert pass_mean([1.0, None, 0.0], missing=1.0) == 666_667
    assert pass_mean([1.0, None, 0.0], missing=0.0) == 333_334
    assert pass_mean([0.1], missing=0.0) == 100_000


def test_the_alarm_stays_and_nothing_overflows() -> None:
    watch = watched(BASELINE, [300_000] * 4_000)
    assert watch.alarm is not None
    assert watch.alarm < 15
    assert 1_000 < watch.log_e < math.inf
    assert look(BASELINE, watch, MICRO).alarm == watch.alarm


def test_a_drop_in_the_second_year_is_seen_and_dated() -> None:
    steady = round(BASELINE.mean * MICRO)
    days = [steady] * 500 + [steady - 150_000] * 60
    watch = watched(BASELINE, days)
    assert watch.alarm is not None
    assert 500 < watch.alarm < 560
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
