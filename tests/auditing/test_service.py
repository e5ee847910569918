"""How calls were served: what counts as a failure of the endpoint, and what does not."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from steelyard.auditing.service import service_of
from steelyard.models.error_replies import read_error
from steelyard.models.openai_wire import read_completion
from steelyard.records import Attempt, GenerateRequest, ModelOutput, Outcome
from steelyard.runner.batch_results import EXPIRED

CHAT = GenerateRequest(prompt="q", chat=True)


def attempt(output: ModelOutput) -> Attempt:
    return Attempt(
        measurement="00-t", position=0, sample="t/0", item="0", repeat=0, attempt=1, request="0", final=True,
        outcome=output.outcome, finish_reason=output.finish_reason, detail=output.detail, started_us=0, elapsed_us=1,
    )  # fmt: skip


def error(status: int, message: str = "no", code: str = "") -> ModelOutput:
    return read_error(status, {"error": {"message": message, "code": code}}, {})


def chat(finish: Any, **message: Any) -> ModelOutput:
    return read_completion({"choices": [{"message": message, "finish_reason": finish}]}, CHAT)


def test_what_a_provider_let_expire_is_its_failure() -> None:
    """Whoever lets expire what it gets wrong must not be taken for one that our own limit cut off."""
    expired = attempt(ModelOutput(outcome=Outcome.TIMEOUT, detail=EXPIRED))
    assert service_of(msgspec.structs.replace(expired, batch=1)) == "failed"
    assert service_of(expired) == "timed_out"
    before = attempt(ModelOutput(outcome=Outcome.TIMEOUT, detail="expired: the provider did not come to it"))
    assert service_of(msgspec.structs.replace(before, batch=1)) == "timed_out"  # as it was sealed


@pytest.mark.parametrize(
    ("output", "service"),
    [
        (chat("stop", content="4"), "answered"),
        (chat("stop", content=""), "answered"),
        (chat("length", content=""), "answered"),
        (error(500), "failed"),
        (error(503), "failed"),
        (error(429), "failed"),
        (error(408), "failed"),
        (error(504), "failed"),
        (chat(None, content=""), "failed"),
        (read_completion({"choices": []}, CHAT), "failed"),
        (read_completion([], CHAT), "failed"),
        (ModelOutput(outcome=Outcome.DROPPED, detail="connection refused"), "failed"),
        (chat("stop", content=None, refusal="I cannot"), "refused"),
        (chat("content_filter", content="half"), "filtered"),
        (error(400, code="content_filter"), "filtered"),
        (error(400, "This model's maximum context length is 4096 tokens", "context_length_exceeded"), "too_long"),
        (error(413, "Request Entity Too Large"), "too_long"),
        (error(429, "Request too large for m on tokens per min (TPM): Limit 6000, Requested 7000"), "too_long"),
        (error(400, "odd"), "rejected"),
        (chat("tool_calls", content=None, tool_calls=[]), "tools"),
        (ModelOutput(outcome=Outcome.TIMEOUT, detail="no answer within 120 s"), "timed_out"),
        (ModelOutput(outcome=Outcome.TIMEOUT, detail="no reply within 120 s"), "timed_out"),
        (ModelOutput(outcome=Outcome.MALFORMED, detail="the model's own code failed: KeyError"), "ours"),
        (ModelOutput(outcome=Outcome.MALFORMED, detail="its tokens do not join to the prompt"), "ours"),
        (ModelOutput(outcome=Outcome.DROPPED, detail="worker-2 died before it answered"), "ours"),
    ],
)  # fmt: skip
def test_each_end_of_a_call(output: ModelOutput, service: str) -> None:
    assert service_of(attempt(output)) == service
