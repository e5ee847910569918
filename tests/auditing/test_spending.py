"""What finished calls took, from the attempts of a journal."""

from __future__ import annotations

import msgspec

from steelyard.auditing.spending import Spending, measured_by_call
from steelyard.records import Attempt, Outcome
from tests.detectors.gate.budget_plans import budget_plan
from tests.detectors.gate.gate_plans import gate_plan


def attempt(number: int, outcome: Outcome, *, final: bool, prompt: int = 0, sample: str = "s") -> Attempt:
    return Attempt(
        measurement="suite-0", position=3, sample=sample, item="i", repeat=0, attempt=number, request="r",
        outcome=outcome, final=final, prompt_tokens=prompt, completion_tokens=prompt // 10, started_us=0,
        elapsed_us=1000 * number,
    )  # fmt: skip


def test_tokens_of_all_attempts_and_the_time_of_the_last() -> None:
    spending = Spending(frozenset({"suite-0"}))
    assert spending.add(attempt(1, Outcome.EMPTY, final=False, prompt=50)) is None
    assert spending.add(attempt(1, Outcome.RATE_LIMITED, final=False, sample="other")) is None
    call = spending.add(attempt(2, Outcome.OK, final=True, prompt=70))
    assert call is not None
    assert (call.prompt_tokens, call.completion_tokens, call.elapsed_us) == (120, 12, 2000)
    assert (call.answered, call.usage_unknown, call.position) == (True, False, 3)
    other = spending.add(attempt(2, Outcome.CLIENT_ERROR, final=True, sample="other"))
    assert other is not None
    assert (other.answered, other.usage_unknown) == (False, False)


def test_what_may_have_been_spent_unseen_is_named() -> None:
    spending = Spending(frozenset({"suite-0"}))
    spending.add(attempt(1, Outcome.TIMEOUT, final=False))
    call = spending.add(attempt(2, Outcome.OK, final=True, prompt=70))
    assert call is not None
    assert call.usage_unknown


def test_a_text_without_one_of_its_counts_is_no_known_cost() -> None:
    for half in ({"completion_tokens": 0}, {"prompt_tokens": 0}):
        text = msgspec.structs.replace(attempt(1, Outcome.OK, final=True, prompt=70), answer="ab", **half)
        call = Spending(frozenset({"suite-0"})).add(text)
        assert call is not None
        assert call.usage_unknown


def test_only_what_a_budget_reads_is_added_up() -> None:
    assert measured_by_call(gate_plan("0.5")) == frozenset()
    plan = budget_plan({"cost": "1"})
    assert measured_by_call(plan) == {"suite-0"}
    other = msgspec.structs.replace(attempt(1, Outcome.OK, final=True), measurement="another")
    assert Spending(measured_by_call(plan)).add(other) is None
