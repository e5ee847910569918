"""A gate on time at work."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from steelyard.detectors.gate.budget import Budget
from steelyard.detectors.gate.latency import LatencyMonitor, latency_null
from steelyard.records import GateVerdict, VerdictWord
from tests.detectors.gate.budget_plans import budget_plan, calls_of
from tests.detectors.gate.gate_plans import scores_of


def monitor(population: int = 400) -> LatencyMonitor:
    plan = budget_plan({"seconds": "2", "at_least": "0.95"}, population)
    found = Budget().open(plan.tests[0], plan)
    assert isinstance(found, LatencyMonitor)
    return found


def found(times: Sequence[float | None], population: int = 400) -> tuple[VerdictWord, GateVerdict]:
    at_work = monitor(population)
    for call in calls_of(times):
        at_work.observe_call(call)
    result = at_work.find({})
    assert result.gate is not None
    return result.word, result.gate


def test_fast_slow_and_at_the_limit() -> None:
    assert found([0.5] * 400)[0] is VerdictWord.CONSISTENT
    assert found([3.0, 1.0] * 200)[0] is VerdictWord.INCONSISTENT
    word, gate = found(([1.0] * 19 + [3.0]) * 20)
    assert word is VerdictWord.INSUFFICIENT_POWER
    assert gate.budget is not None
    assert (gate.budget.seen, gate.budget.limit, gate.budget.quantile) == (1.0, "2", "0.95")
    assert gate.budget.interval == (1.0, 3.0)


def test_what_failed_at_once_is_no_proof_and_what_failed_late_is_late() -> None:
    assert found([0.5, None] * 200)[0] is VerdictWord.INSUFFICIENT_POWER
    word, gate = found([None] * 400)
    assert (word, gate.missing) == (VerdictWord.INSUFFICIENT_POWER, 400)
    assert gate.budget is not None
    assert gate.budget.interval is None


def test_the_order_of_arrival_changes_nothing() -> None:
    times = [random.Random(3).uniform(0.1, 2.3) for _ in range(400)]
    calls = [*calls_of(times)]
    first, second = monitor(), monitor()
    for call in calls:
        first.observe_call(call)
    random.Random(4).shuffle(calls)
    for call in calls:
        second.observe_call(call)
    assert first.find({}) == second.find({})


def test_scores_and_further_repeats_say_nothing_about_time() -> None:
    at_work = monitor()
    for score in scores_of([0] * 400):
        at_work.observe(score)
    assert at_work.heads == {"suite-0": 0}
    assert at_work.find({}).word is VerdictWord.INSUFFICIENT_POWER


@pytest.mark.parametrize("rate", [0.95, 0.97])
def test_a_model_that_keeps_to_it_is_rarely_red(rate: float) -> None:
    """200 runs at the limit itself, and above it."""
    random_ = random.Random(20261127)
    red = 0
    for _ in range(200):
        word, _ = found([1.0 if random_.random() < rate else 3.0 for _ in range(200)], 200)
        red += word is VerdictWord.INCONSISTENT
    assert red <= 0.05 * 200


def test_the_null_is_a_sentence() -> None:
    assert latency_null("2", "0.95") == "at least 95 % of answers would come within 2 s"
