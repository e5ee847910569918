"""The likeliest next tokens of a model, and whether a model gives them: two questions of our own, no sample.

Some servers send what cannot be read as log-probabilities of texts. So before any sample is sent, two beginnings are
asked, and five things must hold:

1. either list has as many tokens as are compared, with finite values of at most 0 (whoever reads the reply checks it);
2. the probabilities of a list add up to no more than 1: other logarithms and raw scores are caught here;
3. a token begins with a space: some servers leave it out, and then ``the`` and `` the`` are one text;
4. none begins as tokenisers write a space (``Ġ``, ``▁``), or as the number of a token;
5. the two lists differ: values that ignore the context are caught here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Final, Protocol, runtime_checkable

import msgspec

from steelyard.evidence.canonical import canonical
from steelyard.models.patience import pause_after
from steelyard.plugins import Model
from steelyard.records import ModelOutput, NextTokenRequest, Outcome

__all__ = ["COMPARED", "NONE_GIVEN", "NextTokenModel", "next_token_of", "next_tokens_given", "output_of_tokens"]

COMPARED: Final = 5  # tokens of the reference that are compared with an endpoint's
NONE_GIVEN: Final = "it gives no log-probabilities of the next token"
_QUESTIONS: Final = (
    "The children in the café count aloud together: one two three four five six seven eight",
    "It rained all day. The old man opened his umbrella, went out into the street, and",
)
_ATTEMPTS: Final = 3
_ROUNDING: Final = 0.01
_WRITTEN_SPACE: Final = re.compile(r"[Ġ▁]|token_id:")


@runtime_checkable
class NextTokenModel(Model, Protocol):
    """A model that says which tokens are likeliest next."""

    async def next_token(self, request: NextTokenRequest) -> ModelOutput:
        """Answer as :func:`output_of_tokens` writes it."""
        ...


def output_of_tokens(tokens: Sequence[tuple[str, float]]) -> ModelOutput:
    """An answer: texts, as a JSON list in canonical form, and log-probabilities (nats), the likeliest first."""
    ranked = sorted(tokens, key=lambda token: (-token[1], token[0]))
    texts = [text.encode("utf-8", "replace").decode() for text, _ in ranked]
    return ModelOutput(
        outcome=Outcome.OK,
        text=canonical(texts).decode(),
        logprobs=tuple(value for _, value in ranked),
        finish_reason="stop",
        completion_tokens=1,
    )


async def next_token_of(model: Model, request: NextTokenRequest) -> ModelOutput:
    """The model's answer; the outcome ``client_error`` where it is of a kind that gives no next tokens."""
    if not isinstance(model, NextTokenModel):
        return ModelOutput(outcome=Outcome.CLIENT_ERROR, detail="this kind of model gives no next tokens")
    return await model.next_token(request)


async def next_tokens_given(model: Model) -> tuple[int, str]:
    """How many of the likeliest next tokens a model gives; 0 with the reason where they cannot be compared."""
    lists = []
    for question in _QUESTIONS:
        output = await _patiently(model, NextTokenRequest(context=question))
        if output.outcome is not Outcome.OK:
            reason = output.detail or output.outcome.value
            return 0, reason if reason.startswith(NONE_GIVEN) else f"{NONE_GIVEN}: {reason}"
        tokens = dict(zip(msgspec.json.decode(output.text, type=list[str]), output.logprobs, strict=True))
        if reason := _why_not(tokens):
            return 0, f"its next tokens cannot be compared: {reason}"
        lists.append(tokens)
    if lists[0] == lists[1]:
        return 0, "its next tokens cannot be compared: they are the same after any text"
    return min(map(len, lists)), ""


def _why_not(tokens: dict[str, float]) -> str:
    if len(tokens) < COMPARED:
        return f"it gives {len(tokens)} of them, and {COMPARED} are needed"
    if (total := math.fsum(map(math.exp, tokens.values()))) > 1 + _ROUNDING:
        return f"their probabilities add up to {total:.2f}"
    if any(_WRITTEN_SPACE.match(text) for text in tokens):
        return "they are a tokeniser's own signs, not texts"
    if not any(text.startswith(" ") for text in tokens):
        return "no text of them begins with a space, so that words and their endings are one"
    return ""


async def _patiently(model: Model, request: NextTokenRequest) -> ModelOutput:
    output = ModelOutput(outcome=Outcome.DROPPED)
    for attempt in range(_ATTEMPTS):
        output = await next_token_of(model, request)
        if not output.outcome.retryable or output.fatal:
            break
        await pause_after(output, attempt)
    return output
