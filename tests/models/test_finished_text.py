"""What a text and the reason for its end come to."""

from __future__ import annotations

from typing import Any

import pytest

from steelyard.models.finished_text import output_of_text
from steelyard.records import GenerateRequest, Outcome


def about(finish: str, **more: Any) -> dict[str, Any]:
    return {"finish_reason": finish, "reasoning": "", "reasoning_tokens": 0} | more


@pytest.mark.parametrize(
    ("text", "finish", "outcome"),
    [
        ("5", "stop", Outcome.OK),
        ("5", "", Outcome.OK),
        ("5", "length", Outcome.TRUNCATED),
        ("5", "STOP", Outcome.OK),
        ("5", "content_filter", Outcome.OK),  # which is read as one that a filter stopped
        ("5 and", "model_length", Outcome.TRUNCATED),
        ("5 and", "insufficient_system_resource", Outcome.TRUNCATED),
        ("5 and", "MAX_TOKENS", Outcome.TRUNCATED),
        ("5 and", "abort", Outcome.TRUNCATED),
        ("Let me compute", "tool_calls", Outcome.TRUNCATED),
        ("", "stop", Outcome.OK),
        (None, "stop", Outcome.OK),
        (None, "length", Outcome.TRUNCATED),
        (None, "tool_calls", Outcome.EMPTY),
        ("  ", "", Outcome.EMPTY),
    ],
)
def test_each_end_is_one_outcome(text: str | None, finish: str, outcome: Outcome) -> None:
    output = output_of_text(text, GenerateRequest(prompt="q", chat=True), about(finish), reasons=False)
    assert (output.outcome, output.text) == (outcome, text or "")


def test_a_stop_string_ends_a_text_that_the_limit_cut_off_later() -> None:
    request = GenerateRequest(prompt="q", chat=True, stop=("\n",))
    output = output_of_text("5\nand then", request, about("length"), reasons=False)
    assert (output.outcome, output.text, output.finish_reason) == (Outcome.OK, "5", "stop")


def test_unfinished_reasoning_without_a_tag_is_no_answer() -> None:
    request = GenerateRequest(prompt="q", chat=True)
    hidden = output_of_text("First the", request, about("length"), reasons=True)
    assert (hidden.outcome, hidden.text, hidden.reasoning) == (Outcome.TRUNCATED, "", "First the")
    shown = output_of_text("It is", request, about("length", reasoning="Hm."), reasons=True)
    assert (shown.text, shown.reasoning) == ("It is", "Hm.")
