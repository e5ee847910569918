"""What finished calls took, from the attempts of a journal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from steelyard.auditing.finders import open_finders
from steelyard.auditing.spending import Spending, measured_by_call
from steelyard.errors import InputError
from steelyard.plugins import Finder
from steelyard.records import Attempt, CallSpent, DetectorResult, Outcome, Plan, PlannedTest, SampleScore, VerdictWord
from steelyard.runner.cut_off import cut_output
from steelyard.storage.journal.lines import JournalRecord, Session, Stop
from testkit.plugin_door import installed
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


def cut_off(elapsed_us: int) -> Attempt:
    cut = msgspec.structs.replace(attempt(1, Outcome.TIMEOUT, final=False), elapsed_us=elapsed_us)
    return msgspec.structs.replace(cut, detail=cut_output("deadline").detail)


def test_a_call_that_was_cut_off_counts_with_its_longest_attempt() -> None:
    for cut, longest in ((9_000_000, 9_000_000), (10, 2000)):
        spending = Spending(frozenset({"suite-0"}))
        spending.add(cut_off(cut))
        call = spending.add(attempt(2, Outcome.OK, final=True, prompt=70))
        assert call is not None
        assert (call.elapsed_us, call.time_unknown, call.usage_unknown) == (longest, True, True)
    spending = Spending(frozenset({"suite-0"}))
    spending.add(attempt(9, Outcome.TIMEOUT, final=False))  # its own limit of time: failed, and made again
    call = spending.add(attempt(2, Outcome.OK, final=True, prompt=70))
    assert call is not None
    assert (call.elapsed_us, call.time_unknown) == (2000, False)


def test_what_ended_after_a_kill_may_have_been_in_flight() -> None:
    begun = Session(started_us=0, active_us=0, machine="")
    stopped = Stop(reason="deadline", active_us=0, at_us=0)
    first, second = (attempt(1, Outcome.OK, final=True, prompt=70, sample=name) for name in "ab")

    def calls(*records: JournalRecord) -> list[CallSpent]:
        spending = Spending(frozenset({"suite-0"}))
        return [call for record in records if (call := spending.read(record)) is not None]

    assert [call.time_unknown for call in calls(begun, first, stopped, begun, second, stopped)] == [False, False]
    killed = calls(begun, first, begun, second, stopped)
    assert [(call.time_unknown, call.usage_unknown) for call in killed] == [(False, False), (True, True)]


def test_only_what_a_budget_reads_is_added_up() -> None:
    assert measured_by_call(gate_plan("0.5")) == frozenset()
    plan = budget_plan({"cost": "1"})
    assert measured_by_call(plan) == {"suite-0"}
    other = msgspec.structs.replace(attempt(1, Outcome.OK, final=True), measurement="another")
    assert Spending(measured_by_call(plan)).add(other) is None


class Counted:
    """A test of a plugin that counts calls, and may not stop early."""

    def __init__(self) -> None:
        self.calls = 0

    def observe(self, score: SampleScore) -> None: ...

    def observe_call(self, call: CallSpent) -> None:
        self.calls += 1

    def find(self, inputs: Mapping[str, Any]) -> DetectorResult:
        return DetectorResult(test="mine", rule="mine@1", word=VerdictWord.CONSISTENT)


class Silent:
    """Opens tests that take calls, and does not say so."""

    name, version, access = "silent", 1, ("text",)

    def open(self, test: PlannedTest, plan: Plan) -> Finder:
        return Counted()


class Mine(Silent):
    name, reads_calls = "mine", True


def test_a_detector_of_a_plugin_that_says_so_is_given_calls(tmp_path: Path) -> None:
    plan = budget_plan({"cost": "1"})
    points = {f"detector.{each.lower()}": f"{__name__}:{each}" for each in ("Mine", "Silent")}

    def with_rule(rule: str) -> Plan:
        return msgspec.structs.replace(plan, tests=(msgspec.structs.replace(plan.tests[0], id="mine", rule=rule),))

    with installed(tmp_path, points):
        assert measured_by_call(with_rule("mine@1")) == {"suite-0"}
        finders = open_finders(with_rule("mine@1"))
        call = Spending(frozenset({"suite-0"})).add(attempt(1, Outcome.OK, final=True))
        assert call is not None
        finders.observe_call(call)
        (counted,) = finders.by_test.values()
        assert isinstance(counted, Counted)
        assert counted.calls == 1
        assert measured_by_call(with_rule("silent@1")) == frozenset()
        with pytest.raises(InputError, match="the test mine reads what calls took: set reads_calls on the detector of"):
            open_finders(with_rule("silent@1"))
