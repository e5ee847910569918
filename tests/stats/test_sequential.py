"""The sequential test: exact where it can be, simulated with fixed seeds where it cannot."""

from __future__ import annotations

import hashlib
import math
import statistics
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.stats import sequential
from steelyard.stats.sequential import (
    StopTable,
    Tracker,
    log_e_consistent,
    log_e_inconsistent,
    noise_margin,
    samples_needed,
    stop_table,
    threshold,
    within_sample_variance_upper,
)

ALPHA = 0.05
table_of = cache(stop_table)


@st.composite
def populations(draw: st.DrawFn, most: int = 40) -> tuple[int, int]:
    """A population and a threshold that is testable in it."""
    population = draw(st.integers(1, most))
    return population, draw(st.integers(1, population))


levels = st.sampled_from([0.001, 0.01, 0.05, 0.2, 0.5])


# ── the threshold ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_threshold_is_exact_where_floats_are_not() -> None:
    claim, half, margin = Fraction("88.0") / 100, Fraction(1, 2000), Fraction(2, 100)
    assert threshold(100, Fraction("0.07"), Fraction(0), Fraction(0)) == 7  # 100 * .07 is 7.000000000000001
    assert threshold(1319, claim, half, margin) == 1134
    assert threshold(1000, claim, Fraction(0), margin) == 860
    assert threshold(1319, Fraction("1.4") / 100, half, margin) <= 0


@pytest.mark.parametrize("wanted", [0, -3, 11])
def test_untestable_threshold_is_refused(wanted: int) -> None:
    with pytest.raises(ValueError, match="threshold"):
        stop_table(10, wanted, ALPHA, ALPHA)
    with pytest.raises(ValueError, match="threshold"):
        log_e_inconsistent(1, 1, 10, wanted)
    with pytest.raises(ValueError, match="threshold"):
        Tracker(10, wanted, StopTable((), ()))


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1])
def test_level_outside_the_unit_interval_is_refused(alpha: float) -> None:
    with pytest.raises(ValueError, match="level"):
        stop_table(10, 5, ALPHA, alpha)


# ── E ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def hypergeometric(population: int, total: int, n: int, right: int) -> Fraction:
    """Probability that the first ``n`` of a random order give one given sequence with ``right`` right answers."""
    wrong = n - right
    return Fraction(math.perm(total, right) * math.perm(population - total, wrong), math.perm(population, n))


def test_e_by_hand() -> None:
    # 100 samples, threshold 86: bets on 84, 82, 78 against 86; and on 86, 87, 89 against 85. Ten answers, four right.
    null = hypergeometric(100, 86, 10, 4)
    bets = [hypergeometric(100, total, 10, 4) / null for total in (84, 82, 78)]
    assert log_e_inconsistent(10, 4, 100, 86) == pytest.approx(math.log(sum(bets) / 3), abs=1e-9)
    null = hypergeometric(100, 85, 10, 10)
    bets = [hypergeometric(100, total, 10, 10) / null for total in (86, 87, 89)]
    assert log_e_consistent(10, 10, 100, 86) == pytest.approx(math.log(sum(bets) / 3), abs=1e-9)


def test_alternatives_are_clipped_and_never_empty() -> None:
    assert log_e_inconsistent(1, 0, 100, 3) == pytest.approx(math.log((99 / 97 + 100 / 97) / 2))  # bets on 1 and 0
    assert log_e_consistent(1, 1, 10, 5) == pytest.approx(math.log(5 / 4))  # all round to nothing: the bet is on 5


@settings(deadline=None)
@given(populations(), st.integers(0, 40))
def test_e_is_a_supermartingale_under_its_whole_null(case: tuple[int, int], shift: int) -> None:
    """Exact enumeration: in every state, E after the next answer is on average at most E."""
    population, boundary = case
    sides = (
        (min(population, boundary + shift), log_e_inconsistent),
        (max(0, boundary - 1 - shift), log_e_consistent),
    )
    for truth, log_e in sides:
        for n in range(population):
            for right in range(max(0, n - (population - truth)), min(n, truth) + 1):
                chance = (truth - right) / (population - n)
                after = sum(
                    share * math.exp(log_e(n + 1, right + hit, population, boundary))
                    for hit, share in ((1, chance), (0, 1 - chance))
                    if share > 0
                )
                assert after <= math.exp(log_e(n, right, population, boundary)) * (1 + 1e-9)


def test_e_starts_at_one_and_certainty_is_infinite() -> None:
    assert log_e_inconsistent(0, 0, 164, 142) == 0
    assert log_e_inconsistent(23, 0, 164, 142) == math.inf  # 23 wrong of 164 leave 141
    assert log_e_inconsistent(150, 143, 164, 142) == -math.inf
    assert log_e_consistent(142, 142, 164, 142) == math.inf
    assert log_e_consistent(24, 0, 164, 142) == -math.inf


# ── the stop table ──────────────────────────────────────────────────────────────────────────────────────────────────


@given(populations(), levels, levels)
def test_table_is_monotone_disjoint_and_always_ends(case: tuple[int, int], first: float, second: float) -> None:
    population, boundary = case
    table = stop_table(population, boundary, first, second)
    most_wrong = [-1 if least > population else n - least for n, least in enumerate(table.consistent, start=1)]
    for bounds in (list(table.inconsistent), most_wrong):
        steps = [after - before for before, after in zip([-1, *bounds], bounds, strict=False)]
        assert set(steps) <= {0, 1}
    assert all(low < high for low, high in zip(table.inconsistent, table.consistent, strict=True))
    assert (table.inconsistent[-1], table.consistent[-1]) == (boundary - 1, boundary)
    assert all(type(bound) is int for bound in table.inconsistent + table.consistent)


@given(populations(), levels)
def test_table_is_the_formula(case: tuple[int, int], alpha: float) -> None:
    population, boundary = case
    table = stop_table(population, boundary, alpha, alpha)
    level = -math.log(alpha)
    for n in range(1, population + 1):
        for right in range(max(0, n - population), n + 1):
            for bound_holds, log_e in (
                (right <= table.inconsistent[n - 1], log_e_inconsistent),
                (right >= table.consistent[n - 1], log_e_consistent),
            ):
                value = log_e(n, right, population, boundary)
                if abs(value - level) > 1e-8:
                    assert bound_holds == (value > level)


@given(populations(60))
def test_certain_stops_are_in_the_table(case: tuple[int, int]) -> None:
    population, boundary = case
    table = stop_table(population, boundary, 1e-6, 1e-6)
    for n in range(1, population + 1):
        assert table.inconsistent[n - 1] >= min(n, n - (population - boundary) - 1)
        assert table.consistent[n - 1] <= (boundary if n >= boundary else population + 1)


@pytest.mark.parametrize(("population", "boundary"), [(17, 9), (30, 26), (164, 142), (198, 67)])
def test_exact_integers_give_the_same_table(monkeypatch: pytest.MonkeyPatch, population: int, boundary: int) -> None:
    floats = stop_table(population, boundary, ALPHA, ALPHA)
    monkeypatch.setattr(sequential, "DOUBT", math.inf)
    assert stop_table(population, boundary, ALPHA, ALPHA) == floats


def test_a_tie_does_not_stop() -> None:
    # Two samples, at least one right: one wrong answer makes E exactly 2 (the bet on none right: 1 against 1/2).
    assert log_e_inconsistent(1, 0, 2, 1) == pytest.approx(math.log(2))
    assert stop_table(2, 1, 0.5, ALPHA).inconsistent[0] == -1
    assert stop_table(2, 1, 0.500001, ALPHA).inconsistent[0] == 0


def test_table_is_pinned() -> None:
    """Sealed plans hold this table: a change of the rule must show."""
    table = table_of(1319, 1135, ALPHA, ALPHA)
    text = ",".join(map(str, table.inconsistent + table.consistent))
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "f00b0572460e6a4f"


def test_smaller_share_of_the_level_stops_later() -> None:
    full, half = table_of(164, 142, ALPHA, ALPHA), table_of(164, 142, ALPHA / 2, ALPHA)
    assert half.consistent == full.consistent
    assert all(a <= b for a, b in zip(half.inconsistent, full.inconsistent, strict=True))
    assert half.inconsistent != full.inconsistent


# ── the tracker ─────────────────────────────────────────────────────────────────────────────────────────────────────


@given(populations(), levels, st.data())
def test_tracker_agrees_with_table_and_formula(case: tuple[int, int], alpha: float, data: st.DataObject) -> None:
    population, boundary = case
    table = stop_table(population, boundary, alpha, alpha)
    tracker = Tracker(population, boundary, table)
    scores = data.draw(st.lists(st.integers(0, 1), min_size=population, max_size=population))
    largest = 0.0
    for n, score in enumerate(scores, start=1):
        right = sum(scores[:n])
        largest = max(largest, log_e_inconsistent(n, right, population, boundary))
        decision = tracker.observe(score)
        assert decision == tracker.decision == table.decision(n, right, right)
        assert tracker.log_e == pytest.approx(largest, abs=1e-9)
        if decision is not None:
            assert (tracker.n, tracker.right, tracker.decided_at) == (n, right, n)
            break
    assert tracker.decision is not None
    assert (tracker.p <= alpha) or tracker.decision == "consistent"


def test_tracker_ignores_scores_after_its_decision() -> None:
    tracker = Tracker(164, 142, table_of(164, 142, ALPHA, ALPHA))
    while tracker.decision is None:
        tracker.observe(0)
    before = (tracker.n, tracker.right, tracker.log_e, tracker.decided_at)
    assert tracker.observe(1) == "inconsistent"
    assert (tracker.n, tracker.right, tracker.log_e, tracker.decided_at) == before


def test_certain_inconsistency_has_p_zero() -> None:
    table = stop_table(3, 3, 1e-9, ALPHA)
    tracker = Tracker(3, 3, table)
    assert tracker.p == 1
    assert tracker.observe(0) == "inconsistent"
    assert (tracker.log_e, tracker.p) == (math.inf, 0.0)


def test_missing_counts_as_right_against_and_as_wrong_for() -> None:
    table = stop_table(4, 2, 1e-9, 1e-9)
    tracker = Tracker(4, 2, table)
    for score in (None, 1, None, 0):
        assert tracker.observe(score) is None  # one right at least, three at most, and two are needed
    assert (tracker.n, tracker.right, tracker.missing, tracker.p) == (4, 1, 2, 1.0)
    with pytest.raises(ValueError, match="observed already"):
        tracker.observe(1)


def test_a_score_is_zero_or_one() -> None:
    with pytest.raises(ValueError, match="score"):
        Tracker(4, 2, table_of(4, 2, ALPHA, ALPHA)).observe(2)


@given(populations(), st.data())
def test_missing_answers_are_handled_conservatively(case: tuple[int, int], data: st.DataObject) -> None:
    """Whatever the missing answers would have been, the decision is the one that the table gives for them."""
    population, boundary = case
    table = stop_table(population, boundary, ALPHA, ALPHA)
    scores = data.draw(st.lists(st.sampled_from([0, 1, None]), min_size=population, max_size=population))
    truth = [data.draw(st.integers(0, 1)) if score is None else score for score in scores]
    tracker = Tracker(population, boundary, table)
    largest = 0.0
    for n, score in enumerate(scores, start=1):
        tracker.observe(score)
        right = sum(truth[:n])
        largest = max(largest, log_e_inconsistent(n, right, population, boundary))
        assert tracker.log_e <= largest + 1e-9
        if tracker.decision is not None:
            assert tracker.decision == table.decision(n, right, right)
            break


# ── what is still needed ────────────────────────────────────────────────────────────────────────────────────────────


@given(populations(), st.data())
def test_samples_needed_never_exceeds_what_is_left(case: tuple[int, int], data: st.DataObject) -> None:
    population, boundary = case
    table = stop_table(population, boundary, ALPHA, ALPHA)
    n = data.draw(st.integers(0, population))
    right = data.draw(st.integers(0, n))
    needed = samples_needed(table, n, right, population, data.draw(st.floats(0, 1)))
    assert needed is not None
    assert 0 <= needed <= population - n


def test_samples_needed_is_where_the_straight_path_stops() -> None:
    table = table_of(1319, 1135, ALPHA, ALPHA)
    needed = samples_needed(table, 100, 80, 1319, 0.8)
    assert needed is not None
    assert 80 + math.floor(0.8 * needed + 0.5) <= table.inconsistent[100 + needed - 1]
    assert 80 + math.floor(0.8 * (needed - 1) + 0.5) > table.inconsistent[100 + needed - 2]
    assert samples_needed(table, 0, 0, 1319, 0.8) == 100 + needed
    assert samples_needed(table, 400, 100, 1319, 0.8) == 0
    cut = StopTable(table.inconsistent[:110], table.consistent[:110])
    assert samples_needed(cut, 100, 80, 1319, 0.8) is None


# ── sampled decoding ────────────────────────────────────────────────────────────────────────────────────────────────


def plain_variance(scores_by_sample: Sequence[Sequence[float]]) -> float:
    """The mean over samples of the unbiased variance within them (Miller 2024), with no sample added."""
    return math.fsum(statistics.variance(scores) for scores in scores_by_sample) / len(scores_by_sample)


def test_within_sample_variance_by_hand() -> None:
    assert plain_variance([(1, 1, 0), (1, 1, 1), (0, 1)]) == pytest.approx((1 / 3 + 0 + 1 / 2) / 3)
    assert within_sample_variance_upper([(1, 1, 0), (1,)]) == within_sample_variance_upper([(1, 1, 0)])
    assert within_sample_variance_upper([(1, 1, 1)] * 50) == pytest.approx(1 / 3 / 51)
    assert within_sample_variance_upper([(1, 0)]) == pytest.approx(1 / 2)
    assert within_sample_variance_upper([(1, 1)] * 100, 0.1) == within_sample_variance_upper([(1, 1)] * 100)
    assert within_sample_variance_upper([(1, 1)] * 100, 0.00125) == pytest.approx(0.5 * 3.65 / 103.65, rel=0.01)
    with pytest.raises(ValueError, match="two scores"):
        within_sample_variance_upper([(1,), (0,)])


@given(st.floats(0, 1), st.integers(2, 6))
def test_within_sample_variance_is_unbiased(p: float, k: int) -> None:
    expected = sum(
        math.comb(k, right) * p**right * (1 - p) ** (k - right) * plain_variance([[1] * right + [0] * (k - right)])
        for right in range(k + 1)
    )
    assert expected == pytest.approx(p * (1 - p), abs=1e-12)


def test_noise_margin_by_hand() -> None:
    assert noise_margin(0.05, 0.05, 164, 0.025) == pytest.approx(1.959964 * math.sqrt(0.1 / 164), abs=1e-7)
    assert noise_margin(0.05 / 4, 0.05 / 2, 30, 0.05) == pytest.approx(1.644854 * math.sqrt(0.05 * 0.75 / 30), abs=1e-7)


Estimator = Callable[[Sequence[Sequence[int]]], float]


def false_alarms(population: int, variance: float, estimate: Estimator | None, trials: int = 4000) -> float:
    """Share of honest vendors called inconsistent: noisy samples are coin flips; claim and audit are one pass each.

    Without an estimator there is no noise margin, and the sequential test has the whole level.
    """
    rng = np.random.default_rng(20261124)
    noisy = round(4 * variance * population)
    steady = population - noisy
    chances = np.array([0.5] * noisy + [1.0] * round(0.85 * steady) + [0.0] * (steady - round(0.85 * steady)))
    alarms = 0
    for _ in range(trials):
        order = rng.permutation(chances)
        claimed = Fraction(int((rng.random(population) < order).sum()), population)
        if estimate is None:
            margin, alpha = Fraction(2, 100), ALPHA
        else:
            probe = (rng.random((min(50, population), 3)) < order[:50, None]).astype(int).tolist()
            estimated = estimate(probe)
            noise = noise_margin(estimated, estimated, population, ALPHA / 2)
            margin, alpha = max(Fraction(2, 100), Fraction(noise)), ALPHA / 2
        wanted = threshold(population, claimed, Fraction(0), margin)
        tracker = Tracker(population, wanted, table_of(population, wanted, alpha, ALPHA))
        for score in (rng.random(population) < order).astype(int).tolist():
            if tracker.observe(score) is not None:
                break
        alarms += tracker.decision == "inconsistent"
    return alarms / trials


@pytest.mark.parametrize("population", [30, 164, 198])
@pytest.mark.parametrize("variance", [0.01, 0.05])
def test_sampled_decoding_keeps_its_size(population: int, variance: float) -> None:
    # Without the margin the shares are 20 % and more: the longer series show it in half of the trials.
    trials = 4000 if population < 100 else 2000
    assert false_alarms(population, variance, within_sample_variance_upper, trials) <= ALPHA


def test_the_plain_estimate_of_a_short_probe_would_not() -> None:
    assert false_alarms(30, 0.01, plain_variance) > ALPHA  # exactly .0625


@pytest.mark.parametrize(("population", "expected"), [(30, 0.387), (164, 0.196), (198, 0.219)])
def test_without_the_noise_margin_honest_vendors_are_accused(population: int, expected: float) -> None:
    """What the margin is for. The expected shares are exact (dynamic programming over both passes)."""
    error = math.sqrt(expected * (1 - expected) / 2000)
    assert false_alarms(population, 0.05, None, trials=2000) == pytest.approx(expected, abs=4 * error)
