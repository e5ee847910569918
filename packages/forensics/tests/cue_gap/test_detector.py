"""Which claims are asked under another prompt too, and what a sealed test of them must be."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from packages.forensics.tests.cue_gap.test_monitor import plan as sealed_plan
from steelyard.planning.options import Detect
from steelyard.records import Measurement, ModelIdentity, Plan, PlannedTest
from steelyard_forensics.cue_gap.detector import CueGap
from testkit.twin_plans import planned

NAMED = Detect(auto=False, named=("cue_gap",))


def cues(plan: Plan) -> list[str]:
    return [test.id for test in plan.tests if test.rule == "cue_gap@1"]


def test_a_generated_task_with_examples_is_asked_and_others_are_not() -> None:
    plan = planned("word_sequence_reversal", "chain_sum", detect=NAMED)
    assert cues(plan) == ["cues-00-word_sequence_reversal", "cues-01-chain_sum"]
    assert [each.drawn for each in plan.measurements if each.drawn] == ["placebo", "cue"] * 2
    assert not any(each.detector == "cue_gap" for each in plan.not_planned)


def test_two_claims_about_one_measurement_have_one_test() -> None:
    assert len(cues(planned("word_sequence_reversal", "word_sequence_reversal", detect=NAMED))) == 1


@pytest.mark.parametrize(("detect", "expected"), [(Detect(auto=False), 0), (Detect(), 0), (NAMED, 1)])
def test_a_user_says_what_is_asked(detect: Detect, expected: int) -> None:
    plan = planned("word_sequence_reversal", detect=detect)
    assert (len(cues(plan)), plan.detect) == (expected, detect.named)


def test_a_limit_holds_for_both_arms() -> None:
    plan = planned("word_sequence_reversal", limit=25, detect=NAMED)
    assert [each.planned for each in plan.measurements if each.drawn] == [25, 25]
    assert CueGap().forecast(plan.tests[-1], plan, 0.1) == 50


def test_a_recording_is_asked_nothing_new() -> None:
    assert not cues(planned("word_sequence_reversal", identity=ModelIdentity(uri="recorded:answers.jsonl")))


@pytest.mark.parametrize("uri", ["gguf:m.gguf", "python:m:f"])
def test_a_file_of_weights_and_a_function_are_asked_by_name_too(uri: str) -> None:
    identity = ModelIdentity(uri=uri, name="m", sha256="0" * 64)
    assert len(cues(planned("word_sequence_reversal", identity=identity, detect=NAMED))) == 1


def test_a_sealed_test_of_another_kind_is_refused() -> None:
    plan = sealed_plan()
    (test,), (cue, placebo) = plan.tests, plan.measurements
    assert CueGap().open(test, plan).of == 60

    def refused(other: PlannedTest, *measurements: Measurement) -> None:
        with pytest.raises(ValueError, match="both sealed"):
            CueGap().open(other, replace(plan, measurements=measurements or plan.measurements))

    refused(replace(test, sealed={"tolerance": "0.5", "margin": "0.6"}))
    refused(replace(test, reads=test.reads[::-1]))
    refused(replace(test, reads=test.reads[:1]))
    for changed in (
        replace(placebo, seed="other"), replace(placebo, drawn="twins"), replace(placebo, population=59),
        replace(placebo, beside="x"), replace(placebo, repeats=2),
    ):  # fmt: skip
        refused(test, cue, changed)
    refused(test, replace(cue, population=10**9), replace(placebo, population=10**9))
