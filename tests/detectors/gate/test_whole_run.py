"""What gates on time and cost share: they take calls in any order, each once, until all are there."""

from __future__ import annotations

import random

import msgspec
import pytest

from steelyard.detectors.gate.budget import Budget
from tests.detectors.gate.budget_plans import budget_plan, calls_of
from tests.detectors.gate.gate_plans import scores_of

SEALED = ({"seconds": "2", "quantile": "0.95"}, {"cost": "0.0001"})


@pytest.mark.parametrize("sealed", SEALED)
def test_the_order_of_arrival_changes_nothing(sealed: dict[str, object]) -> None:
    plan = budget_plan(sealed)
    times = [random.Random(3).uniform(0.1, 2.3) for _ in range(400)]
    calls = [msgspec.structs.replace(each, prompt_tokens=80 + each.position % 50) for each in calls_of(times)]
    first, second = Budget().open(plan.tests[0], plan), Budget().open(plan.tests[0], plan)
    for call in calls:
        first.observe_call(call)
    random.Random(4).shuffle(calls)
    for call in calls:
        second.observe_call(call)
    assert first.find({}) == second.find({})


@pytest.mark.parametrize("sealed", SEALED)
def test_it_asks_to_the_end_and_each_call_counts_once(sealed: dict[str, object]) -> None:
    plan = budget_plan(sealed)
    at_work, calls = Budget().open(plan.tests[0], plan), [*calls_of([0.5] * 400)]
    for call in (calls[0], calls[0], calls[2], *(msgspec.structs.replace(calls[1], repeat=1),)):
        at_work.observe_call(call)
    at_work.observe_call(msgspec.structs.replace(calls[0], position=400))
    at_work.observe_call(msgspec.structs.replace(calls[0], position=-1))
    assert (at_work.asked, at_work.closed, at_work.heads) == (2, frozenset(), {"suite-0": 1})
    assert at_work.progress().remaining == 398
    for call in calls:
        at_work.observe_call(call)
    assert at_work.closed == {"suite-0"}
    assert at_work.heads == {"suite-0": 400}


@pytest.mark.parametrize("sealed", SEALED)
def test_scores_say_nothing(sealed: dict[str, object]) -> None:
    plan = budget_plan(sealed)
    at_work = Budget().open(plan.tests[0], plan)
    for score in scores_of([0] * 400):
        at_work.observe(score)
    assert at_work.asked == 0
