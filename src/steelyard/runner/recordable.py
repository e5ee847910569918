"""What the journal can keep of a model output."""

from __future__ import annotations

import math

import msgspec

from steelyard.records import ModelOutput, Outcome

__all__ = ["recordable"]

# Far beyond what a model says in one answer; a line of the journal's texts must stay readable.
MAX_ANSWER = 1_000_000


def recordable(answer: ModelOutput) -> ModelOutput:
    """What a run can keep: no lone surrogates, no infinities, no flood. Marks are made on what the journal keeps."""
    if max(len(answer.text), len(answer.reasoning)) > MAX_ANSWER:
        return ModelOutput(outcome=Outcome.MALFORMED, detail=f"the answer is longer than {MAX_ANSWER:,} characters")
    if not all(math.isfinite(value) for value in answer.logprobs):
        return ModelOutput(
            outcome=Outcome.MALFORMED, detail="a log-likelihood is not finite", model=_clean(answer.model)
        )
    if not answer.outcome.answered and (answer.text or answer.logprobs):
        # A fault brings nothing: what it carried all the same could be an answer that was not liked.
        answer = msgspec.structs.replace(answer, text="", reasoning="", logprobs=())
    if min(answer.prompt_tokens, answer.completion_tokens) < 0:
        answer = msgspec.structs.replace(answer, prompt_tokens=0, completion_tokens=0)
    if answer.text.isascii() and not answer.reasoning and answer.detail.isascii() and answer.model.isascii():
        return answer
    return msgspec.structs.replace(
        answer,
        text=_clean(answer.text),
        reasoning=_clean(answer.reasoning),
        detail=_clean(answer.detail),
        model=_clean(answer.model),
    )


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
