"""Which claims are asked something beside: each measurement once, and none whose model knows nothing new."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from steelyard.detectors.claimed import claims_to_ask
from steelyard.planning.options import Detect
from steelyard.records import ModelIdentity, Reads, Served
from testkit.plans import measurement, planned_model
from testkit.twin_plans import planned

NAMED = Detect(auto=False, named=("twin_gap",))


def test_two_claims_about_one_measurement_are_asked_once() -> None:
    plan = planned("word_sequence_reversal", "word_sequence_reversal", detect=NAMED)
    assert [test.rule for test in plan.tests].count("twin_gap@2") == 1


def test_a_recording_is_asked_nothing() -> None:
    plan = planned("word_sequence_reversal", detect=NAMED, identity=ModelIdentity(uri="recorded:answers.jsonl"))
    assert "twin_gap@2" not in [test.rule for test in plan.tests]


def test_a_corpus_score_has_no_right_answers_to_compare() -> None:
    claims = [
        Served(request=f"claim/{n}", reads=Reads(measurement=f"0{n}", scorer=scorer), prompt="p")
        for n, scorer in enumerate(("chrf@2", "exact@2"))
    ]
    planner: Any = SimpleNamespace(
        served=claims, models={"subject": planned_model()}, measurement=lambda served: measurement(id="x")
    )
    assert list(claims_to_ask(planner)) == claims[1:]
