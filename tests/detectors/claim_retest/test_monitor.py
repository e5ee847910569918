"""Reading a claim: only the contiguous prefix of the committed order counts, whatever arrived first."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.detectors.claim_retest.result import ClaimFinder
from steelyard.detectors.claim_retest.sealed import ClaimTest, decode
from steelyard.records import Claim, Measurement, Plan, RepeatCheck, SampleScore
from steelyard.stats.bounded_bets import GRID
from testkit.plans import claim_plan


def planned(population: int = 200, value: str = "80", sealed: dict[str, Any] | None = None, **changes: Any) -> Plan:
    return claim_plan(Claim(task="t", value=value), sealed, population=population, **changes)


def asked(plan: Plan) -> Measurement:
    return plan.measurements[0]


def sealed_in(plan: Plan) -> ClaimTest:
    return decode(plan.tests[0])


def score(position: int, value: float | None, *, sample: str = "", repeat: int = 0) -> SampleScore:
    return SampleScore(
        measurement="00-t",
        position=position,
        sample=sample or f"t/{position}",
        repeat=repeat,
        status="missing" if value is None else "scored",
        value=value,
        scorer="exact@5",
        seq=position + 1,
    )


def read(plan: Plan, scores: list[SampleScore]) -> ClaimFinder:
    monitor = ClaimFinder(plan.tests[0], plan)
    for each in scores:
        monitor.observe(each)
    return monitor


@settings(max_examples=40, deadline=None)
@given(st.randoms(use_true_random=False), st.floats(0.3, 1.0))
def test_the_order_of_arrival_changes_nothing(source: random.Random, rate: float) -> None:
    plan = planned()
    scores = [score(n, float(source.random() < rate)) for n in range(asked(plan).population)]
    shuffled = scores[:]
    source.shuffle(shuffled)
    wrong_last = sorted(scores, key=lambda each: -(each.value or 0))
    readers = [read(plan, arrived) for arrived in (scores, shuffled, wrong_last)]
    assert len({(r.decision, r.retest.n, r.retest.p, tuple(r.retest.trace)) for r in readers}) == 1


def test_nothing_is_read_past_a_gap() -> None:
    plan = planned()
    reader = read(plan, [score(n, 0.0) for n in range(1, 150)])
    assert reader.retest.tracker is not None
    assert (reader.retest.n, reader.decision) == (0, None)
    reader.observe(score(0, 0.0))
    assert reader.decision == "inconsistent"


def test_a_missing_answer_counts_for_the_claim_on_one_side_and_against_it_on_the_other() -> None:
    plan = planned(population=100)
    all_missing = read(plan, [score(n, None) for n in range(100)])
    found = all_missing.find({}).claim
    assert found is not None
    # 78 right ones would be enough: after as many missing answers neither verdict can be reached, and asking stops.
    assert (all_missing.decision, found.missing, found.asked) == ("insufficient_power", 78, 78)
    assert "78 of 78 answers are missing" in found.reason
    few = read(plan, [score(n, None if n % 10 == 0 else 1.0) for n in range(100)])
    assert few.decision == "consistent"


def test_partial_credit_is_not_a_right_answer() -> None:
    plan = planned()
    assert read(plan, [score(n, 0.9) for n in range(200)]).decision == "inconsistent"


def test_unparsed_answers_are_counted_apart() -> None:
    import msgspec

    plan = planned()
    unparsed = [msgspec.structs.replace(score(n, 0.0), status="unparsed") for n in range(5)]
    assert read(plan, unparsed).unparsed == 5


def repeats_of(changes: bool, plan: Plan) -> list[SampleScore]:
    return [
        score(-1, float(not (changes and n == 0 and repeat == 2)), sample=f"t/{n}", repeat=repeat)
        for n in range(asked(plan).repeat_check.samples)
        for repeat in asked(plan).extra_repeats
    ]


def test_greedy_answers_that_do_not_change_keep_the_sealed_table() -> None:
    plan = planned(repeat_check=RepeatCheck(samples=4, repeats=3))
    assert len(asked(plan).extra_repeats) == 2
    reader = read(plan, [*(score(n, 1.0) for n in range(4)), *repeats_of(False, plan)])
    assert reader.retest.test is not None
    assert (reader.retest.test.noisy, reader.retest.test.consistent) == (False, sealed_in(plan).stop_consistent)


def test_greedy_answers_that_change_are_tested_as_sampled() -> None:
    plan = planned(repeat_check=RepeatCheck(samples=4, repeats=3))
    reader = read(plan, [*(score(n, 1.0) for n in range(4)), *repeats_of(True, plan)])
    assert reader.retest.test is not None
    assert reader.retest.test.noisy
    assert reader.retest.test.accuse < sealed_in(plan).accuse
    assert reader.retest.p >= sealed_in(plan).alpha_inconsistent


def test_no_test_begins_before_its_repeat_check_is_finished() -> None:
    plan = planned(repeat_check=RepeatCheck(samples=4, repeats=3))
    reader = read(plan, [score(n, 0.0) for n in range(150)])
    assert (reader.retest.tracker, reader.decision) == (None, None)
    for each in repeats_of(False, plan):
        reader.observe(each)
    assert reader.decision == "inconsistent"


def test_a_sampled_measurement_waits_for_its_variance_and_allows_for_it() -> None:
    plan = planned(decoding="sampled", repeats=2, repeat_check=RepeatCheck(samples=50, repeats=3))
    assert (asked(plan).trials, sealed_in(plan).stop_consistent, len(asked(plan).extra_repeats)) == (400, (), 3)
    reader = read(plan, repeats_of(True, plan))
    assert reader.retest.test is not None
    assert reader.retest.test.noisy
    assert len(reader.retest.test.consistent) == 400


def test_noise_that_swallows_the_claim_is_not_testable() -> None:
    plan = planned(
        population=30,
        value="20",
        decoding="sampled",
        repeats=1,
        repeat_check=RepeatCheck(samples=30, repeats=3),
        chance=0.0,
    )
    varying = [
        score(-1, float((n + repeat) % 2), sample=f"t/{n}", repeat=repeat)
        for n in range(30)
        for repeat in asked(plan).extra_repeats
    ]
    reader = read(plan, varying)
    assert (reader.decision, reader.retest.p) == ("not_testable", 1.0)
    assert read(plan, [*varying, *(score(n, 0.0) for n in range(30))]).decision == "not_testable"


def test_what_comes_after_a_decision_is_not_kept() -> None:
    plan = planned(value="99", population=10_000)
    reader = read(plan, [score(n, 0.0) for n in range(9_000)])
    assert reader.decision == "inconsistent"
    assert reader.next_position < 9_000
    assert reader._waiting.get(reader.next_position) is None


@pytest.mark.parametrize("count", [1, 59, 60, 61, 200])
def test_the_trace_is_short_and_ends_where_the_reading_does(count: int) -> None:
    plan = planned(value="50")
    reader = read(plan, [score(n, float(n % 2)) for n in range(count)])
    points = reader.trace_points(0.05)
    assert len(points) <= 61
    assert points[-1].n == reader.retest.trace[-1][0]
    assert all(point.low <= point.right / point.n <= point.high for point in points)


def test_nothing_read_is_no_trace() -> None:
    plan = planned()
    assert ClaimFinder(plan.tests[0], plan).trace_points(0.05) == ()


def false_alarms(plan: Plan, right: int, trials: int, word: str) -> float:
    source = random.Random(20261124)
    found = 0
    for _ in range(trials):
        values = [1.0] * right + [0.0] * (asked(plan).population - right)
        source.shuffle(values)
        found += read(plan, [score(n, value) for n, value in enumerate(values)]).decision == word
    return found / trials


def test_the_size_holds_end_to_end_at_the_boundary() -> None:
    plan = planned(population=164)
    error = 2.6 * (0.05 * 0.95 / 400) ** 0.5
    assert false_alarms(plan, sealed_in(plan).accuse, 400, "inconsistent") <= 0.05 + error
    assert false_alarms(plan, sealed_in(plan).accuse - 1, 400, "consistent") <= 0.05 + error
    assert false_alarms(plan, int(0.6 * 164), 200, "inconsistent") >= 0.99


def test_the_order_of_arrival_does_not_change_what_a_repeat_check_measures() -> None:
    plan = planned(repeat_check=RepeatCheck(samples=4, repeats=3))
    first = [score(n, 0.0 if n == 1 else 1.0) for n in range(4)]  # sample 1 answered otherwise when it was asked again
    repeats = repeats_of(False, plan)
    readers = [read(plan, arrived) for arrived in ([*first, *repeats], [*repeats, *first])]
    assert [reader.retest.test and reader.retest.test.noisy for reader in readers] == [True, True]
    assert readers[0].retest.test == readers[1].retest.test


@pytest.mark.parametrize("decoding", ["greedy", "sampled"])
def test_a_repeat_check_without_answers_proves_nothing(decoding: str) -> None:
    plan = planned(decoding=decoding, repeat_check=RepeatCheck(samples=4, repeats=3))
    lost = [score(-1, None, sample=f"t/{n}", repeat=repeat) for n in range(4) for repeat in asked(plan).extra_repeats]
    reader = read(plan, [*(score(n, None) for n in range(4)), *lost])
    assert reader.retest.test is not None
    assert reader.retest.test.noise.own == 0.25


def test_a_vendor_who_scored_some_of_the_samples_is_allowed_the_noise_of_that() -> None:
    plan = planned(population=1319, value="80", sealed={"claimed_samples": 200})
    reader = ClaimFinder(plan.tests[0], plan)
    assert reader.retest.test is not None
    # z.975·√(.8·.2·(1/200 − 1/1319)) = 5.1 points is near it; two points would accuse such a vendor .19 of the time.
    assert 0.05 < float(reader.retest.test.margin) < 0.065
    assert not reader.retest.test.noisy
    assert (sealed_in(plan).accuse, sealed_in(plan).confirm) == (973, 1023)  # 78 − u/2 to confirm: no noise of theirs
    assert sealed_in(plan).has_table(asked(plan))


@pytest.mark.slow
@pytest.mark.parametrize(("population", "repeats", "variance"), [(200, 5, 0.1), (1000, 1, 0.1)])
def test_a_rate_just_too_low_is_not_called_consistent_by_our_own_noise(
    population: int, repeats: int, variance: float
) -> None:
    """Sampled: the model's rate lies half a point below what still counts; its trials are one noisy draw."""
    import numpy as np

    from steelyard.detectors.claim_retest.repeats import Noise
    from steelyard.detectors.claim_retest.thresholds import sequential_test
    from steelyard.stats.sequential import StopTable, Tracker

    plan = planned(population, decoding="sampled", repeats=repeats, sealed={"claimed_repeats": 4})
    test = sequential_test(sealed_in(plan), asked(plan), Claim(task="t", value="80"), Noise.of(variance))
    rate = 0.80 - 0.005 - 0.02 - 0.005
    source = np.random.default_rng(20261124)
    called = 0
    trials = 300
    for _ in range(trials):
        # Half of the samples vary with p = .5 ± enough to give w; the rest are always right or wrong.
        varying = np.full(population, variance / 0.25) > source.random(population)
        steady = (rate - 0.5 * varying.mean()) / (1 - varying.mean())
        chances = np.where(varying, 0.5, source.permutation(np.arange(population) < steady * population))
        cells = source.permutation((source.random((population, repeats)) < chances[:, None]).ravel())
        tracker = Tracker(asked(plan).trials, test.accuse, StopTable(test.inconsistent, test.consistent))
        for cell in cells:
            if tracker.observe(int(cell)):
                break
        called += tracker.decision == "consistent"
    assert called / trials <= 0.05 + 2.6 * (0.05 * 0.95 / trials) ** 0.5


def test_open_outputs_speak_for_the_vendor_on_one_side_and_against_it_on_the_other() -> None:
    import msgspec

    plan = planned(population=100)
    unreadable = [msgspec.structs.replace(score(n, None), status="open") for n in range(100)]
    found = read(plan, unreadable).find({}).claim
    assert found is not None
    assert (found.verdict, found.open, found.missing) == ("insufficient_power", 78, 0)
    assert found.reason.startswith("78 of 78 answers can be read two ways or were cut off")


# ── scores between 0 and 1 ──────────────────────────────────────────────────────────────────────────────────────────

MEAN = {"grid": GRID}


@settings(max_examples=30, deadline=None)
@given(st.randoms(use_true_random=False), st.floats(0.3, 1.0))
def test_shares_in_any_order_of_arrival_come_to_the_same(source: random.Random, rate: float) -> None:
    plan = planned(60, sealed=MEAN)
    scores = [score(n, source.choice([None, 0.0, 1.0, min(1.0, rate * source.random())])) for n in range(60)]
    shuffled = source.sample(scores, len(scores))
    by_value = sorted(scores, key=lambda each: -(each.value or 0))
    readers = [read(plan, arrived) for arrived in (scores, shuffled, by_value)]
    assert len({(r.decision, r.retest.n, r.retest.p, tuple(r.retest.trace), r.interval) for r in readers}) == 1


def test_a_mean_of_thirds_that_is_just_the_claim_is_not_below_it() -> None:
    """Without a tolerance: 1/3 is no whole number of steps, and its rounding must not accuse."""
    plan = claim_plan(Claim(task="t", value="33.3333333333"), {"grid": GRID, "tolerance": "0"}, population=60)
    found = read(plan, [score(n, 1 / 3) for n in range(60)])
    assert found.decision != "inconsistent"
    assert read(plan, [score(n, 0.3333) for n in range(60)]).decision == "inconsistent"


def test_all_that_is_missing_leaves_both_means_possible() -> None:
    reader = read(planned(60, sealed=MEAN), [score(n, None) for n in range(60)])
    found = reader.find({}).claim
    assert found is not None
    assert (reader.decision, found.measured) == ("insufficient_power", None)
    assert "answers are missing: neither verdict can be reached any more" in found.reason


def test_a_mean_is_measured_and_its_chart_ends_in_it() -> None:
    reader = read(planned(60, sealed=MEAN), [score(n, 0.75 + 0.1 * (n % 2)) for n in range(60)])
    found = reader.find({}).claim
    assert found is not None
    assert found.verdict == "consistent"
    assert found.measured == pytest.approx(0.8, abs=0.01)
    assert found.trace[-1].right / found.trace[-1].n == pytest.approx(found.measured)
    assert found.ci == (found.trace[-1].low, found.trace[-1].high)


def test_shares_that_change_between_repeats_have_their_own_noise() -> None:
    """900 samples at an endpoint, 100 of them twice: small changes of a score are little noise, large ones much."""
    check = RepeatCheck(samples=100, repeats=2)
    plan = planned(900, "80", {"grid": GRID}, in_process=False, repeat_check=check)
    margins = []
    for change in (0.0, 0.02, 0.6):
        reader = ClaimFinder(plan.tests[0], plan)
        for n in range(100):
            again = score(-1, 0.8 - change * (n % 2), sample=f"t/{n}", repeat=1)
            reader.observe(again)
        for n in range(100):
            reader.observe(score(n, 0.8))
        assert reader.retest.test is not None
        margins.append(float(reader.retest.test.margin))
    assert margins[0] <= margins[1] < margins[2]
    assert margins[1] < margins[0] + 0.001


def test_a_recording_of_shares_is_decided_when_no_answer_could_change_it() -> None:
    plan = planned(60, "80", {"grid": GRID}, backend="recording")
    assert sealed_in(plan).certain
    reader = read(plan, [score(n, 0.5) for n in range(60)])
    assert reader.decision == "inconsistent"
    assert reader.retest.n == 28  # 46.5 of 60 are enough: 14 that are lost leave fewer
