"""A gate on cost at work."""

from __future__ import annotations

import random

import msgspec

from steelyard.detectors.gate.budget import Budget
from steelyard.detectors.gate.cost import CostMonitor, cost_null
from steelyard.records import CallSpent, DetectorResult, VerdictWord
from tests.detectors.gate.budget_plans import budget_plan, calls_of


def monitor(cost: str, gates: int = 1) -> CostMonitor:
    plan = budget_plan({"cost": cost}, gates=gates)
    found = Budget().open(plan.tests[0], plan)
    assert isinstance(found, CostMonitor)
    return found


def found(calls: list[CallSpent], cost: str) -> DetectorResult:
    at_work = monitor(cost)
    for call in calls:
        at_work.observe_call(call)
    return at_work.find({})


def test_cheap_dear_and_at_the_limit() -> None:
    calls = [*calls_of([0.1] * 400)]  # 100 tokens at 1 a million: 0.0001 each
    assert found(calls, "0.0002").word is VerdictWord.CONSISTENT
    red = found(calls, "0.00005")
    assert red.word is VerdictWord.INCONSISTENT
    assert red.findings[0].check == "too_dear"
    undecided = found(calls, "0.0001")
    assert undecided.word is VerdictWord.INSUFFICIENT_POWER
    assert undecided.gate is not None
    assert undecided.gate.budget is not None
    assert undecided.gate.budget.seen is not None
    assert abs(undecided.gate.budget.seen - 0.0001) < 1e-12


def test_unknown_usage_and_failed_calls_are_no_proof() -> None:
    calls = [msgspec.structs.replace(each, prompt_tokens=0, usage_unknown=True) for each in calls_of([0.1] * 400)]
    assert found(calls, "0.0002").word is VerdictWord.INSUFFICIENT_POWER
    assert found([*calls_of([None] * 400)], "0.0002").word is VerdictWord.INSUFFICIENT_POWER


def test_one_answer_beyond_the_bound_is_named() -> None:
    calls = [*calls_of([0.1] * 400)]
    calls[0] = msgspec.structs.replace(calls[0], completion_tokens=5000)
    undecided = found(calls, "0.0002")
    assert undecided.word is VerdictWord.INSUFFICIENT_POWER
    assert "1 cost more than 10 times that, which is never green" in undecided.reason


def test_the_order_of_arrival_changes_nothing_and_the_level_is_shared() -> None:
    calls = [msgspec.structs.replace(each, prompt_tokens=80 + each.position % 50) for each in calls_of([0.1] * 400)]
    first = found(calls, "0.00011")
    random.Random(1).shuffle(calls)
    assert found(calls, "0.00011") == first
    assert monitor("0.0001", gates=4).level == monitor("0.0001").level / 4


def test_the_null_is_a_sentence() -> None:
    assert cost_null("0.002") == "an answer costs at most 0.002 on average"
