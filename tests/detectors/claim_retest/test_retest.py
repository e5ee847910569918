"""The two thresholds of a claim, rows whose samples are asked twice, and vendors that do not state their decoding."""

from __future__ import annotations

import random
from typing import Any

import pytest

from steelyard.auditing.finders import open_finders
from steelyard.detectors.claim_retest.repeats import Noise
from steelyard.detectors.claim_retest.result import ClaimFinder
from steelyard.detectors.claim_retest.retest import FIRST_PAIRS
from steelyard.detectors.claim_retest.sealed import decode
from steelyard.detectors.claim_retest.thresholds import seal
from steelyard.records import Claim, Plan, RepeatCheck, SampleScore
from steelyard.runner.order import calls_of
from testkit.plans import claim_plan, measurement

SAMPLING_CHECK = measurement(
    id="01-t", population=200, decoding="sampled", temperature=0.7, limit=50, arm="sampled",
    repeat_check=RepeatCheck(samples=50, repeats=2),
)  # fmt: skip


def planned(population: int = 200, value: str = "80", **changes: Any) -> Plan:
    return claim_plan(Claim(task="t", value=value), population=population, **changes)


def score(position: int, value: float | None, sample: str, repeat: int = 0, name: str = "00-t") -> SampleScore:
    return SampleScore(
        measurement=name, position=position, sample=sample, repeat=repeat, value=value, scorer="exact@1", seq=0,
        status="missing" if value is None else "scored",
    )  # fmt: skip


def read(plan: Plan, answers: dict[tuple[int, int], float | None]) -> ClaimFinder:
    """Read the answers to (sample, repeat) in the plan's order, until the test needs no more."""
    finder = ClaimFinder(plan.tests[0], plan)
    for call in calls_of(plan.measurements[0]):
        if finder.decision is not None or finder.retest.suspects:
            break
        finder.observe(score(call.position, answers[call.sample, call.repeat], f"t/{call.sample}", call.repeat))
    return finder


def twice(population: int, right: int, differing: int = 0) -> dict[tuple[int, int], float | None]:
    """Both answers to each sample: the first ``right`` samples are right, the next ``differing`` once."""
    return {
        (sample, repeat): float(sample < right or (sample < right + differing and repeat == 0))
        for sample in range(population)
        for repeat in (0, 1)
    }


# ── two thresholds ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("right", [140, 150, 154])
def test_between_the_two_thresholds_a_row_is_within_noise_of_the_claim(right: int) -> None:
    """A vendor who scored 60 of 200: 69.5 % or less would be inconsistent, 77.5 % or more consistent."""
    plan = planned(sealed={"claimed_samples": 60})
    sealed = decode(plan.tests[0])
    assert (sealed.accuse, sealed.confirm) == (140, 155)
    finder = read(plan, {(n, 0): float(n < right) for n in range(200)})
    found = finder.find({}).claim
    assert found is not None
    assert (found.verdict, found.needs) == ("insufficient_power", None)
    assert found.reason == (
        "within noise of the claim: a score below 70.0 % would be inconsistent, one of 77.5 % or more consistent"
    )
    assert found.asked < 200 or right != 150  # asking stops once neither can be reached


def test_an_inflated_claim_with_few_samples_stated_is_not_consistent() -> None:
    """``samples: 30``, ten points too high, default tolerance: the vendor's noise does not help to confirm."""
    plan = planned(198, "85.0", sealed={"claimed_samples": 30})
    source = random.Random(20261126)
    words = []
    for _ in range(200):
        marks = [1.0] * 148 + [0.0] * 50
        source.shuffle(marks)
        words.append(read(plan, {(n, 0): mark for n, mark in enumerate(marks)}).decision)
    assert words.count("consistent") / 200 <= 0.05
    assert set(words) <= {"consistent", "insufficient_power", "inconsistent"}


def test_what_is_consistent_is_so_to_within_the_tolerance_and_not_the_noise() -> None:
    found = read(planned(sealed={"claimed_samples": 60}), {(n, 0): 1.0 for n in range(200)}).find({}).claim
    assert found is not None
    assert (found.verdict, found.tolerance) == ("consistent", 0.02)


# ── every sample twice ──────────────────────────────────────────────────────────────────────────────────────────────


def paired(population: int = 200, value: str = "80.0", **changes: Any) -> Plan:
    return planned(population, value, in_process=False, repeats=2, **changes)


def test_a_small_benchmark_behind_an_endpoint_is_decided_by_both_answers_to_each_sample() -> None:
    plan = paired()
    assert decode(plan.tests[0]).is_paired(plan.measurements[0])
    found = read(plan, twice(200, 160))
    assert (found.decision, found.retest.n) == ("consistent", 400)
    assert read(plan, twice(200, 130)).decision == "inconsistent"


def test_it_accuses_early_but_not_before_the_first_pairs() -> None:
    found = read(paired(), twice(200, 40))
    assert found.decision == "inconsistent"
    assert 2 * FIRST_PAIRS <= found.retest.n < 400
    assert found.retest.p == decode(found.planned).alpha_inconsistent


@pytest.mark.parametrize("population", [10, 30, 50])
def test_with_few_samples_the_first_pairs_are_all_pairs(population: int) -> None:
    found = read(paired(population, "90"), twice(population, 0))
    assert (found.decision, found.retest.n) == ("inconsistent", 2 * population)


def test_open_answers_end_a_paired_row_early_and_say_so() -> None:
    import msgspec

    plan = paired()
    finder = ClaimFinder(plan.tests[0], plan)
    for call in calls_of(plan.measurements[0]):
        if finder.decision is not None:
            break
        finder.observe(msgspec.structs.replace(score(call.position, None, f"t/{call.sample}"), status="open"))
    found = finder.find({}).claim
    assert found is not None
    assert (found.verdict, found.asked < 400) == ("insufficient_power", True)
    assert "can be read two ways or were cut off" in found.reason


# ── decoding not stated ─────────────────────────────────────────────────────────────────────────────────────────────


def unstated(population: int = 200, **changes: Any) -> Plan:
    return planned(population, "80.0", sampling_check=SAMPLING_CHECK, **changes)


def sampled(finder: ClaimFinder, varies: bool) -> None:
    for call in calls_of(SAMPLING_CHECK):
        value = float((call.sample + call.repeat) % 2) if varies else 1.0
        finder.observe(score(call.position, value, f"t/{call.sample}", call.repeat, name="01-t"))


def test_the_sampling_check_is_150_answers() -> None:
    assert len(list(calls_of(SAMPLING_CHECK))) == 150


def test_inconsistent_waits_for_the_variance_of_sampled_answers() -> None:
    plan = unstated()
    finder = read(plan, {(n, 0): 0.0 for n in range(200)})
    read_before = finder.retest.n
    assert (finder.decision, finder.retest.p, finder.closed) == (None, 1.0, frozenset())
    assert finder.heads == {"00-t": None, "01-t": 0}
    found = finder.find({}).claim
    assert found is not None
    assert (found.verdict, "does not state its decoding" in found.reason) == ("insufficient_power", True)
    sampled(finder, varies=False)
    # Half of the level is now for noise: a few more answers are needed.
    assert (finder.decision, finder.closed, finder.heads["01-t"]) == (None, frozenset({"01-t"}), None)
    for call in calls_of(plan.measurements[0]):
        if call.position >= read_before:
            finder.observe(score(call.position, 0.0, f"t/{call.sample}"))
    assert (finder.decision, finder.closed) == ("inconsistent", frozenset({"00-t", "01-t"}))
    assert read_before < finder.retest.n < read_before + 10


def test_a_consistent_claim_asks_no_sampled_answers() -> None:
    plan = unstated()
    finders = open_finders(plan)
    assert (finders.is_held("01-t"), finders.is_held("00-t"), finders.head("00-t")) == (True, False, 0)
    finder = read(plan, {(n, 0): 1.0 for n in range(200)})
    assert (finder.decision, finder.closed) == ("consistent", frozenset({"00-t", "01-t"}))


def test_a_limit_that_leaves_a_claim_undecided_asks_no_sampled_answers() -> None:
    plan = unstated(limit=20)
    finder = ClaimFinder(plan.tests[0], plan)
    for call in calls_of(plan.measurements[0]):
        assert finder.closed == frozenset()
        finder.observe(score(call.position, 1.0, f"t/{call.sample}"))
    assert (finder.decision, finder.closed) == (None, frozenset({"01-t"}))
    found = finder.find({}).claim
    assert found is not None
    assert found.reason == "stopped at the limit of 20 samples"


def test_sampled_answers_that_vary_leave_a_near_miss_undecided() -> None:
    plan = unstated()
    answers: dict[tuple[int, int], float | None] = {(n, 0): float(n < 146) for n in range(200)}
    finder = read(plan, answers)
    assert finder.retest.suspects
    sampled(finder, varies=True)
    for call in calls_of(plan.measurements[0]):
        if call.position >= finder.next_position and finder.decision is None:
            finder.observe(score(call.position, answers[call.sample, 0], f"t/{call.sample}"))
    assert finder.decision == "insufficient_power"  # 73 % against 80: z·√(.25/200) is 6.9 points
    found = finder.find({}).claim
    assert found is not None
    assert found.reason.startswith("within noise of the claim")


def test_the_order_of_arrival_of_both_measurements_changes_nothing() -> None:
    plan = unstated()
    scores = [score(n, float(n % 3 > 0), f"t/{n}") for n in range(200)]
    checks = [
        score(call.position, float(call.sample % 7 > 0 or call.repeat > 0), f"t/{call.sample}", call.repeat, "01-t")
        for call in calls_of(SAMPLING_CHECK)
    ]
    found = []
    for arrived in ([*scores, *checks], [*checks, *scores], [*scores[::-1], *checks[::-1]]):
        finder = ClaimFinder(plan.tests[0], plan)
        for each in arrived:
            finder.observe(each)
        found.append((finder.decision, finder.retest.n, finder.retest.p))
    assert len(set(found)) == 1


# ── a cache ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_behind_a_cache_repeats_are_one_answer_and_the_variance_is_the_greatest() -> None:
    """Sampled five times, with the same text each time: the margin is that of one pass with w = .25."""
    import msgspec

    changes: dict[str, Any] = {"decoding": "sampled", "temperature": 0.7, "repeats": 5}
    plan = planned(**changes, repeat_check=RepeatCheck(samples=4, repeats=3))
    subject = plan.models["subject"]
    cached = msgspec.structs.replace(subject.capabilities, repeats_identical=(0.7,))
    plan = msgspec.structs.replace(plan, models={"subject": msgspec.structs.replace(subject, capabilities=cached)})
    plan = msgspec.structs.replace(plan, tests=tuple(seal(test, plan) for test in plan.tests))
    finder = ClaimFinder(plan.tests[0], plan)
    for call in calls_of(plan.measurements[0]):
        if call.position < 0:
            finder.observe(score(-1, 1.0, f"t/{call.sample}", call.repeat))
    test = finder.retest.test
    assert test is not None
    assert test.noise == Noise.of(0.25)
    assert float(test.margin) == pytest.approx(1.959964 * (0.25 * 2 / 200) ** 0.5, abs=2e-6)
    assert [note.check for note in finder.find({}).notes] == ["cache"]


# ── recorded answers ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("right", "word"), [(155, "consistent"), (154, "inconsistent")])
@pytest.mark.parametrize("shuffle", range(5))
def test_recorded_answers_decide_exactly_whatever_their_order_is(right: int, word: str, shuffle: int) -> None:
    # Whoever audits a recording could know its answers: M₀ is ⌈200 · (.795 − .02)⌉ = 155 of them.
    plan = planned(200, "79.5", backend="recording")
    samples = list(range(200))
    random.Random(shuffle).shuffle(samples)
    answers: dict[tuple[int, int], float | None] = {
        (sample, 0): float(place < right) for place, sample in enumerate(samples)
    }
    answers |= {(sample, repeat): answers[sample, 0] for sample in samples for repeat in (1, 2)}
    finder = read(plan, answers)
    assert decode(finder.planned).certain
    assert finder.decision == word
    assert finder.retest.p == (1.0 if word == "consistent" else finder.sealed.alpha_inconsistent)


def test_recorded_answers_that_lead_to_a_bet_prove_nothing_before_the_end() -> None:
    plan = planned(200, backend="recording")
    finder = ClaimFinder(plan.tests[0], plan)
    for call in list(calls_of(plan.measurements[0]))[:40]:
        finder.observe(score(call.position, 0.0, f"t/{call.sample}", call.repeat))
    assert finder.decision is None
    assert finder.retest.p == 1.0


def test_a_recording_of_rows_that_are_asked_twice_waits_for_the_end() -> None:
    plan = planned(198, in_process=False, repeats=2, backend="recording")
    answers = twice(198, 100)
    finder = read(plan, answers)
    assert finder.decision == "inconsistent"
    assert finder.retest.n > 198
