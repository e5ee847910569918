"""What a claim's words become in a plan, and the reason where a claim cannot be planned."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from steelyard.errors import InputError
from steelyard.planning.build import build_plan
from steelyard.planning.decoding import output_budget_of
from steelyard.planning.options import Options, planned_model
from steelyard.planning.samples import as_asked
from steelyard.records import (
    Capabilities,
    Claim,
    ClaimSheet,
    Limits,
    LoglikelihoodRequest,
    ModelIdentity,
    Protocol,
    Sample,
)

EVERYTHING = Capabilities(chat=True, completions=True, loglikelihood=True, deterministic=True)


def planned(*claims: Claim, capabilities: Capabilities = EVERYTHING, **options: Any) -> Any:
    sheet = ClaimSheet(model="m", claims=claims, digest="0" * 64)
    model = planned_model(ModelIdentity(uri="x:y"), capabilities, Options(**options))
    return build_plan(sheet, {"subject": model}, Options(**options)).plan


@pytest.mark.parametrize(
    ("words", "decoding", "temperature"),
    [
        ("", "greedy", 0.0),
        ("greedy, context 8192 tokens", "greedy", 0.0),
        ("greedy; max output 2048", "greedy", 0.0),
        ("at 32k context", "greedy", 0.0),
        ("temperature 0", "greedy", 0.0),
        ("temperature of 0.6", "sampled", 0.6),
        ("temp of 0.7, top-p 0.95", "sampled", 0.7),
        ("T=1.0", "sampled", 1.0),
        ("sampled, temperature 8192", "sampled", 0.7),
    ],
)
def test_decoding_is_read_from_the_vendors_words(words: str, decoding: str, temperature: float) -> None:
    asked = planned(Claim(task="chain_sum", value="57", protocol=Protocol(decoding=words))).measurements[0]
    assert (asked.decoding, asked.temperature) == (decoding, temperature)


@pytest.mark.parametrize(
    ("claim", "verdict", "reason"),
    [
        (Claim(task="chain_sum", value="150"), "not_testable", "outside 0 to 100"),
        (Claim(task="chain_sum", value="69.8", unit="fraction"), "not_testable", "outside 0 to 1"),
        (Claim(task="chain_sum", value="1.4"), "not_testable", "testable with --tolerance 0.7"),
        (Claim(task="chain_sum", value="57", metric="maj@64"), "not_testable", "maj@64"),
        (Claim(task="chain_sum", value="57", metric="pass@10"), "not_testable", "pass@10"),
        (Claim(task="chain_sum", value="1300", unit="elo"), "not_tested", "elo"),
        (Claim(task="chain_sums", value="57"), "not_tested", "steelyard tasks lists"),
        (Claim(task="hellaswag", value="26"), "not_testable", "chance"),
    ],
)
def test_a_claim_that_cannot_be_tested_gets_a_reason(claim: Claim, verdict: str, reason: str) -> None:
    refused = planned(claim).not_planned[0]
    assert (refused.request, refused.verdict) == ("claim/0", verdict)
    assert reason in refused.reason


def test_pass_at_1_is_one_answer_a_sample() -> None:
    assert planned(Claim(task="chain_sum", value="57", metric="pass@1")).measurements


def test_an_endpoint_without_completions_is_asked_by_chat_and_the_other_way_round() -> None:
    claim = Claim(task="chain_sum", value="57")
    found = planned(claim, capabilities=Capabilities(chat=True, completions=False))
    assert found.measurements[0].chat
    assert any("no plain completions" in difference for difference in found.served[0].differences)
    claim = Claim(task="chain_sum", value="57", protocol=Protocol(prompt="chat"))
    found = planned(claim, capabilities=Capabilities(chat=False, completions=True))
    assert not found.measurements[0].chat
    assert any("no chat" in difference for difference in found.served[0].differences)


def test_a_stated_completion_that_is_asked_as_a_message_accuses_nobody() -> None:
    messages = Capabilities(chat=True, completions=False)
    stated = Claim(task="chain_sum", value="57", protocol=Protocol(prompt="completion"))
    served = planned(stated, capabilities=messages).served[0]
    assert "messages alone" in served.confirms_only
    assert any("accuses nobody" in each for each in served.differences)
    assert not planned(stated, capabilities=Capabilities(chat=True)).served[0].confirms_only
    # Where no prompt is stated, a format that is a message by itself may be the vendor's.
    assert not any(
        each.confirms_only for each in planned(Claim(task="chain_sum", value="57"), capabilities=messages).served
    )


def test_a_model_that_reasons_gets_room_for_it() -> None:
    claim = Claim(task="chain_sum", value="57")
    reasons = Capabilities(chat=True, completions=False, reasons=True, output_tokens=16_384)
    assert planned(claim).measurements[0].output_budget is None
    found = planned(claim, capabilities=reasons)
    assert (found.measurements[0].output_budget, found.output_tokens) == (16_384, None)
    assert any("16,384 tokens" in difference for difference in found.served[0].differences)
    found = planned(claim, capabilities=reasons, output_tokens=99, reasoning_effort="low")
    assert (found.measurements[0].output_budget, found.output_tokens) == (99, 99)
    assert found.measurements[0].reasoning_effort == found.reasoning_effort == "low"
    assert "Asked with the reasoning effort low." in found.served[0].differences
    completed = planned(claim, capabilities=msgspec.structs.replace(reasons, completions=True)).measurements[0]
    assert (completed.chat, completed.output_budget) == (False, None)
    unknown = Capabilities(chat=True, completions=False, reasons=True, output_tokens=0)
    assert planned(claim, capabilities=unknown).measurements[0].output_budget is None


def test_the_limit_that_a_vendor_states_is_the_budget_as_far_as_user_and_model_allow() -> None:
    claim = Claim(task="chain_sum", value="57", protocol=Protocol(max_tokens=500))
    reasons = Capabilities(chat=True, completions=False, reasons=True, output_tokens=16_384)
    for capabilities, wanted, budget, stated in (
        (None, None, 500, True),
        (reasons, None, 500, True),
        (reasons, 4_000, 500, True),
        (reasons, 99, 99, False),
        (msgspec.structs.replace(reasons, output_tokens=256), None, 256, False),
    ):
        found = planned(claim, capabilities=capabilities or EVERYTHING, output_tokens=wanted)
        measurement, differences = found.measurements[0], " ".join(found.served[0].differences)
        assert (measurement.output_budget, measurement.budget_stated) == (budget, stated)
        assert ("instead of the 500 that the vendor states" in differences) is not stated
        assert "prompt format's" not in differences


def test_a_limit_is_stated_for_one_claim_alone() -> None:
    stated = [Protocol(prompt="completion", decoding="greedy", max_tokens=limit) for limit in (500, None, 500)]
    found = planned(*(Claim(task="chain_sum", value="57", protocol=protocol) for protocol in stated))
    assert [each.budget_stated for each in found.measurements if not each.again and not each.drawn] == [True, False]
    claims = [each for each in found.served if re.fullmatch(r"claim/\d", each.request)]
    assert [each.reads.measurement[:2] for each in claims] == ["00", "01", "00"]


def test_log_likelihoods_have_no_output_budget() -> None:
    assert output_budget_of("loglikelihood", False, Capabilities(reasons=True, output_tokens=16_384), 99, 5) is None
    samples = [
        Sample(id="a", request=LoglikelihoodRequest(context="b", continuations=("c", "d")), target="0"),
    ]
    assert as_asked(samples, 0.0, False, output_budget=99, reasoning_effort="low") is samples


def test_what_a_model_is_known_to_refuse_is_an_error() -> None:
    claim = Claim(task="chain_sum", value="57")
    with pytest.raises(InputError, match="give --output-tokens 4096"):
        planned(claim, capabilities=Capabilities(chat=True, reasons=True, output_tokens=4_096), output_tokens=8_192)
    with pytest.raises(InputError, match="does not reason before it answers: leave out --reasoning-effort high"):
        planned(claim, reasoning_effort="high")
    assert planned(claim, reasoning_effort="none").reasoning_effort == "none"
    with pytest.raises(InputError, match="--max-tokens 5000 has no room for one answer of 8,192 tokens"):
        planned(claim, limits=Limits(tokens=5000), output_tokens=8_192)


def test_an_endpoint_without_temperature_is_a_declared_difference() -> None:
    found = planned(Claim(task="chain_sum", value="57"), capabilities=Capabilities(chat=True, takes_temperature=False))
    assert "The endpoint takes no temperature: it samples at its own." in found.served[0].differences


def test_an_average_over_subtasks_is_a_declared_difference() -> None:
    found = planned(Claim(task="chain_sum", value="57", average="macro"))
    assert any("macro average" in difference for difference in found.served[0].differences)


def test_a_missing_mirror_is_an_error_not_a_claim_left_out(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        planned(Claim(task="gsm8k", value="57"), data=tmp_path / "nowhere")
