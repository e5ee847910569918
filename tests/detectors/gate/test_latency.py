"""A gate on time at work."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.detectors.gate.budget import Budget
from steelyard.detectors.gate.latency import LatencyMonitor, latency_null
from steelyard.records import BudgetVerdict, DetectorResult, VerdictWord
from tests.detectors.gate.budget_plans import budget_plan, calls_of

GREEN, RED, UNDECIDED = VerdictWord.CONSISTENT, VerdictWord.INCONSISTENT, VerdictWord.INSUFFICIENT_POWER
FAST, SLOW = 0.5, 3.0


def found(times: Sequence[float | None], population: int = 0) -> DetectorResult:
    plan = budget_plan({"seconds": "2", "quantile": "0.95"}, population or len(times))
    at_work = Budget().open(plan.tests[0], plan)
    assert isinstance(at_work, LatencyMonitor)
    for call in calls_of(times):
        at_work.observe_call(call)
    return at_work.find({})


def budget_of(result: DetectorResult) -> BudgetVerdict:
    assert result.gate is not None
    assert result.gate.budget is not None
    return result.gate.budget


def test_fast_slow_and_at_the_limit() -> None:
    assert found([FAST] * 400).word is GREEN
    red = found([SLOW, FAST] * 200)
    assert (red.word, red.p, red.findings[0].check, red.findings[0].p) == (RED, None, "too_slow", None)
    at_it = found(([1.0] * 19 + [SLOW]) * 20)
    assert at_it.word is UNDECIDED
    assert "too near to 95 % of answers within 2 s" in at_it.reason
    budget = budget_of(at_it)
    assert (budget.seen, budget.limit, budget.quantile) == (1.0, "2", "0.95")
    assert budget.band == (1.0, SLOW)


def test_nothing_is_decided_before_all_calls_are_made() -> None:
    early = found([FAST] * 399, 400)
    assert early.word is UNDECIDED
    assert "not all were made" in early.reason
    assert found([SLOW] * 399, 400).word is UNDECIDED
    assert found([], 400).gate is not None


def test_slow_answers_that_lie_together_make_the_band_wider() -> None:
    scattered = ([SLOW] + [FAST] * 49) * 20
    together = ([SLOW] * 10 + [FAST] * 490) * 2
    assert found(scattered).word is GREEN
    assert found(together).word is UNDECIDED
    band = budget_of(found(together)).band
    assert band is not None
    assert band[1] == SLOW


def test_few_answers_are_never_green() -> None:
    few = found([FAST] * 70)
    assert few.word is UNDECIDED
    assert few.reason.startswith("too few answers")
    assert found([FAST] * 80).word is GREEN


def test_what_failed_at_once_is_no_proof_and_what_failed_late_is_late() -> None:
    assert found([FAST, None] * 200).word is UNDECIDED
    nothing = found([None] * 400)
    assert (nothing.word, nothing.gate and nothing.gate.missing) == (UNDECIDED, 400)
    assert budget_of(nothing).band is None
    plan = budget_plan({"seconds": "2", "quantile": "0.95"})
    at_work = Budget().open(plan.tests[0], plan)
    for call in calls_of([SLOW] * 400):
        at_work.observe_call(msgspec.structs.replace(call, answered=False))
    assert at_work.find({}).word is RED


def test_what_was_cut_off_is_late_or_unknown() -> None:
    plan = budget_plan({"seconds": "2", "quantile": "0.95"})
    for seconds, word in ((FAST, UNDECIDED), (SLOW, RED)):
        at_work = Budget().open(plan.tests[0], plan)
        for call in calls_of([seconds, *([FAST] * 9)] * 40):
            at_work.observe_call(msgspec.structs.replace(call, time_unknown=call.position % 10 == 0))
        result = at_work.find({})
        assert result.word is word
        assert result.gate is not None
        assert (result.gate.missing, result.gate.right) == ((40, 360) if word is UNDECIDED else (0, 360))
        assert ("40 of its calls may have taken longer than 2 s" in result.reason) is (word is UNDECIDED)


@given(st.lists(st.sampled_from([FAST, 1.9, 2.0, 2.1, SLOW, None]), min_size=2, max_size=300))
def test_colour_and_band_say_the_same(times: list[float | None]) -> None:
    result = found(times)
    budget = budget_of(result)
    if budget.band is None:
        assert result.word is UNDECIDED
        return
    low, high = budget.band
    assert budget.seen is None or (low <= budget.seen and (high is None or budget.seen <= high))
    expected = GREEN if high is not None and high <= 2 else RED if low > 2 else UNDECIDED
    assert result.word is expected
    late = sum(each is not None and each > 2 for each in times) / len(times)
    assert result.word is not GREEN or late <= 0.05
    assert result.word is not RED or late > 0.05


@pytest.mark.parametrize("quantile", ["0.5", "0.99"])
def test_other_quantiles(quantile: str) -> None:
    plan = budget_plan({"seconds": "2", "quantile": quantile})
    at_work = Budget().open(plan.tests[0], plan)
    for call in calls_of([FAST, FAST, FAST, SLOW] * 100):
        at_work.observe_call(call)
    assert at_work.find({}).word is (GREEN if quantile == "0.5" else RED)


def test_the_null_is_a_sentence() -> None:
    assert latency_null("2", "0.95") == "95 % of this run's answers came within 2 s"
