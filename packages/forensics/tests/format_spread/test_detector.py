"""Which claims are shown in other prompt formats, and that a verifier plans the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from steelyard.planning.build import build_plan
from steelyard.planning.options import Detect, Options
from steelyard.records import Capabilities, Claim, ClaimSheet, ModelIdentity, Plan, PlannedModel, Protocol
from steelyard_forensics.format_spread.detector import FormatSpread

NAMED = Detect(auto=False, named=("format_spread",))


def planned(
    *claims: Claim, detect: Detect = NAMED, capabilities: Capabilities | None = None, data: Path | None = None
) -> Plan:
    model = PlannedModel(
        identity=ModelIdentity(uri="openai:m@http://h/v1", name="m"),
        capabilities=capabilities or Capabilities(chat=True, completions=True),
    )
    options = Options(detect=detect, data=data, allow_part=True)
    return build_plan(ClaimSheet(model="m", claims=claims), {"subject": model}, options).plan


def stated(task: str = "word_sequence_reversal", prompt: str = "chat", line: int = 2) -> Claim:
    return Claim(task=task, value="60", line=line, protocol=Protocol(prompt=prompt))


def test_a_claim_with_a_stated_format_is_shown_in_the_others() -> None:
    plan = planned(stated())
    (test,) = [each for each in plan.tests if each.rule == "format_spread@1"]
    asked = [plan.by_id[reads.measurement] for reads in test.reads]
    assert {each.prompt for each in asked} == {"completion"}
    assert {(each.planned, each.arm, each.repeats) for each in asked} == {(60, "spread", 1)}
    assert (test.weight, sum(each.weight for each in plan.tests)) == (0, 1)


def test_a_claim_that_states_no_format_is_asked_in_all_of_them_anyway() -> None:
    plan = planned(Claim(task="word_sequence_reversal", value="60", line=2))
    assert not [each for each in plan.tests if each.rule == "format_spread@1"]
    assert not [each for each in plan.not_planned if each.detector]


def test_nobody_is_asked_more_who_did_not_ask_for_it() -> None:
    for detect in (Detect(auto=False), Detect()):
        plan = planned(stated(), detect=detect)
        assert "spread" not in {each.arm for each in plan.measurements}
        assert "format_spread@1" not in plan.detectors


def test_formats_that_the_model_cannot_be_asked_in_are_left_out(tmp_path: Path) -> None:
    """Four of the six formats ask for log-likelihoods, which this endpoint does not give; a fifth reasons."""
    rows = tmp_path / "allenai" / "ai2_arc" / "ARC-Easy"
    rows.mkdir(parents=True)
    choices = {"text": ["one", "two", "three", "four"], "label": ["A", "B", "C", "D"]}
    lines = (json.dumps({"question": f"{n}?", "choices": choices, "answerKey": "ABCD"[n % 4]}) for n in range(30))
    (rows / "test.jsonl").write_text("\n".join(lines) + "\n")
    claim = stated("arc_easy", "letter_generate")
    plan = planned(claim, capabilities=Capabilities(chat=True), data=tmp_path)
    assert {each.prompt for each in plan.measurements} == {"letter_generate", "cot"}
    assert [each.prompt for each in plan.measurements if each.arm == "spread"] == ["cot"]


def test_two_claims_of_one_task_share_what_is_asked() -> None:
    plan = planned(stated(), stated(line=3))
    tests = [each for each in plan.tests if each.rule == "format_spread@1"]
    assert len(tests) == 2
    assert tests[0].reads == tests[1].reads


@pytest.mark.parametrize("change", [{"sealed": {"x": 1}}, {"weight": 0.1}, {"reads": ()}])
def test_a_sealed_test_of_another_kind_is_refused(change: dict[str, object]) -> None:
    plan = planned(stated())
    (test,) = [each for each in plan.tests if each.rule == "format_spread@1"]
    with pytest.raises(ValueError, match="other prompt formats"):
        FormatSpread().open(replace(test, **change), plan)


def test_the_forecast_is_all_of_its_samples() -> None:
    plan = planned(stated())
    (test,) = [each for each in plan.tests if each.rule == "format_spread@1"]
    assert FormatSpread().forecast(test, plan, 0.0) == 60
