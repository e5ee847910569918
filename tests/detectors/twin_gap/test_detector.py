"""Which claims get twins, and what a sealed test of them must be."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from steelyard.detectors.twin_gap.detector import TwinGap
from steelyard.planning.options import Detect
from steelyard.records import ModelIdentity, Plan
from testkit.twin_plans import planned
from tests.detectors.twin_gap.test_monitor import plan as sealed_plan


def twins(plan: Plan) -> list[str]:
    return [test.id for test in plan.tests if test.rule == "twin_gap@2"]


def test_a_generated_task_gets_twins_and_others_do_not() -> None:
    plan = planned("word_sequence_reversal", "chain_sum")
    assert twins(plan) == ["twins-00-word_sequence_reversal"]
    (refused,) = [each for each in plan.not_planned if each.detector]
    assert (refused.task, refused.detector, refused.verdict) == ("chain_sum", "twin_gap", "not_testable")


def test_two_claims_about_one_measurement_have_one_test() -> None:
    assert len(twins(planned("word_sequence_reversal", "word_sequence_reversal"))) == 1


def test_a_limit_holds_for_twins_too() -> None:
    (fresh,) = [each for each in planned("word_sequence_reversal", limit=25).measurements if each.drawn == "twins"]
    assert fresh.planned == 25


@pytest.mark.parametrize(
    ("detect", "expected"), [(Detect(auto=False), 0), (Detect(), 1), (Detect(auto=False, named=("twin_gap",)), 1)]
)
def test_a_user_says_what_is_asked(detect: Detect, expected: int) -> None:
    plan = planned("word_sequence_reversal", detect=detect)
    assert (len(twins(plan)), plan.detect) == (expected, detect.named)


def test_a_recording_is_asked_nothing_new() -> None:
    assert not twins(planned("word_sequence_reversal", identity=ModelIdentity(uri="recorded:answers.jsonl")))


def test_a_sealed_test_of_another_kind_is_refused() -> None:
    plan = sealed_plan()
    (test,) = plan.tests
    for other in (replace(test, sealed={"margin": "0.5"}), replace(test, reads=test.reads[::-1]),
                  replace(test, reads=test.reads[:1])):  # fmt: skip
        with pytest.raises(ValueError, match="fresh twins beside them"):
            TwinGap().open(other, plan)
    assert TwinGap().forecast(test, plan, 0.1) == 300
