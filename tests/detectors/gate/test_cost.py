"""A gate on cost at work."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.detectors.gate.budget import Budget
from steelyard.detectors.gate.cost import CostMonitor, cost_null
from steelyard.records import CallSpent, DetectorResult, VerdictWord
from tests.detectors.gate.budget_plans import budget_plan, calls_of

GREEN, RED, UNDECIDED = VerdictWord.CONSISTENT, VerdictWord.INCONSISTENT, VerdictWord.INSUFFICIENT_POWER


def found(calls: list[CallSpent], cost: str, population: int = 0, *, steady: bool = False) -> DetectorResult:
    plan = budget_plan({"cost": cost}, population or len(calls), steady=steady)
    at_work = Budget().open(plan.tests[0], plan)
    assert isinstance(at_work, CostMonitor)
    for call in calls:
        at_work.observe_call(call)
    return at_work.find({})


def of_tokens(tokens: list[int]) -> list[CallSpent]:
    """Calls that cost a millionth for each token."""
    calls = calls_of([0.1] * len(tokens))
    return [msgspec.structs.replace(each, prompt_tokens=used) for each, used in zip(calls, tokens, strict=True)]


def test_cheap_dear_and_at_the_limit() -> None:
    calls = of_tokens([90, 110] * 200)
    green = found(calls, "0.0002")
    assert (green.word, green.p) == (GREEN, None)
    red = found(calls, "0.00005")
    assert (red.word, red.findings[0].check) == (RED, "too_dear")
    undecided = found(calls, "0.0001")
    assert undecided.word is UNDECIDED
    assert undecided.reason == "too near to 0.0001 an answer to be told apart from it"
    assert undecided.gate is not None
    assert undecided.gate.budget is not None
    assert undecided.gate.budget.seen == pytest.approx(0.0001)


def test_it_is_not_green_before_the_dear_answer_came() -> None:
    calls = of_tokens([40] * 399 + [24_040])  # 100 on average
    assert found(calls[:399], "0.0001", 400).word is UNDECIDED
    assert found(calls, "0.0001").word is UNDECIDED
    assert found(calls, "0.00009").word is UNDECIDED
    assert found(of_tokens([40, 40, 40, 24_040] * 100), "0.0001").word is RED


def test_where_answers_do_not_vary_the_mean_decides_alone() -> None:
    calls = of_tokens([90, 110] * 200)
    assert found(calls, "0.0001", steady=True).word is GREEN
    assert found(calls, "0.000099999", steady=True).word is RED


def test_unknown_costs_count_for_neither_side() -> None:
    calls = of_tokens([100] * 400)
    unknown = [msgspec.structs.replace(each, prompt_tokens=0, usage_unknown=True) for each in calls]
    assert found(unknown, "0.0002").word is UNDECIDED
    assert found([*calls_of([None] * 400)], "0.0002").word is UNDECIDED
    for count, said in ((1, "1 answer has no known cost"), (30, "30 answers have no known cost")):
        undecided = found([*unknown[:count], *calls[count:]], "0.0002")
        assert (undecided.word, undecided.gate and undecided.gate.missing) == (UNDECIDED, count)
        assert undecided.reason.startswith(said)
    assert found([unknown[0], *calls[1:]], "0.00002").word is RED


@given(st.lists(st.integers(0, 10_000), min_size=2, max_size=200), st.integers(1, 9_999))
def test_no_colour_is_wrong_about_its_run(tokens: list[int], limit: int) -> None:
    word = found(of_tokens(tokens), f"0.{limit:06d}").word
    mean = sum(tokens) / len(tokens)
    assert word is not GREEN or mean <= limit * (1 + 1e-6)
    assert word is not RED or mean > limit * (1 - 1e-6)


def test_the_null_is_a_sentence() -> None:
    assert cost_null("0.002") == "this run's answers cost at most 0.002 on average"
