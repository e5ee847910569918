"""What a reply's text and the reason for its end come to, in every dialect: an answer, one cut off, or none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from steelyard.models.stops import cut_answer_at_stop
from steelyard.records import GenerateRequest, ModelOutput, Outcome
from steelyard.util.reasoning import split_reasoning

__all__ = ["output_of_text"]

# How endpoints say that the model itself ended its output; with nothing in it, that is its answer.
ENDED: Final = (
    "stop", "eos", "eos_token", "eosfound", "stop_sequence", "stop_token", "end_turn", "complete", "completed", "done",
    "finished",
)  # fmt: skip
# What a filter stopped is told apart where answers are read; a reply may say nothing of its end.
_WHOLE: Final = (*ENDED, "", "content_filter")


def output_of_text(
    text: str | None, request: GenerateRequest, about: Mapping[str, Any], *, reasons: bool
) -> ModelOutput:
    """The output of a reply with this text, None for a reply that has none; it is cut at the request's stop strings.

    ``about``: the other fields of the output, among them ``reasoning`` and the ``finish_reason`` in OpenAI's words:
    ``stop``, ``length``, ``tool_calls``. A text that ended in any other way than by the model itself (its budget, an
    abort, a call of a tool) was cut off. ``reasons``: the model reasons before it answers.
    """
    finish = about["finish_reason"]
    if text is None:
        return ModelOutput(outcome=_without_text(finish), detail="the reply has no text", **about)
    reasoned = about["reasoning"] or about["reasoning_tokens"]
    if reasons and finish == "length" and not (reasoned or split_reasoning(text)[1]):
        # Its chat template opened the reasoning, and the budget ended before the closing tag.
        return ModelOutput(outcome=Outcome.TRUNCATED, **{**about, "reasoning": text})
    text, stopped = cut_answer_at_stop(text, request.stop, after_reasoning=reasons or bool(about["reasoning"]))
    about = {**about, "finish_reason": "stop"} if stopped else about
    if not text.strip():
        return ModelOutput(outcome=_without_text(about["finish_reason"]), text=text, **about)
    return ModelOutput(
        outcome=Outcome.OK if stopped or finish.lower() in _WHOLE else Outcome.TRUNCATED, text=text, **about
    )


def _without_text(finish: str) -> Outcome:
    """A reply without text is the model's answer where the model ended it, and a fault where nothing says so."""
    if finish == "length":
        return Outcome.TRUNCATED
    return Outcome.OK if finish.lower() in ENDED else Outcome.EMPTY
