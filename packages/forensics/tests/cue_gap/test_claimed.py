"""Beside fresh twins of the same claims."""

from __future__ import annotations

import pytest

from steelyard.planning.options import Detect
from steelyard.records import ModelIdentity
from testkit.twin_plans import planned

NAMED = Detect(auto=False, named=("twin_gap", "cue_gap"))


@pytest.mark.parametrize("rule", ["twin_gap@2", "cue_gap@1"])
def test_two_claims_about_one_measurement_are_asked_once(rule: str) -> None:
    plan = planned("word_sequence_reversal", "word_sequence_reversal", detect=NAMED)
    assert [test.rule for test in plan.tests].count(rule) == 1


@pytest.mark.parametrize("rule", ["twin_gap@2", "cue_gap@1"])
def test_a_recording_is_asked_nothing(rule: str) -> None:
    plan = planned("word_sequence_reversal", detect=NAMED, identity=ModelIdentity(uri="recorded:answers.jsonl"))
    assert rule not in [test.rule for test in plan.tests]
