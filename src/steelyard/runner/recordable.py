"""Model outputs in a form that a journal can hold."""

from __future__ import annotations

import math

import msgspec

from steelyard.records import ModelOutput, Outcome

__all__ = ["MAX_OUTPUT_CHARACTERS", "recordable", "without_surrogates"]

# Far more than any model writes; a line of the journal's texts must stay readable.
MAX_OUTPUT_CHARACTERS = 1_000_000


def recordable(output: ModelOutput) -> ModelOutput:
    """Make an output recordable: no lone surrogates, no infinities, bounded length. Scores use the recorded form.

    An answer that is longer is cut, and final as any that was cut off: asked again, a model that runs away would get
    another try, and others none.
    """
    if output.outcome.answered and max(len(output.text), len(output.reasoning)) > MAX_OUTPUT_CHARACTERS:
        output = msgspec.structs.replace(
            output,
            outcome=Outcome.TRUNCATED,
            text=output.text[:MAX_OUTPUT_CHARACTERS],
            reasoning=output.reasoning[:MAX_OUTPUT_CHARACTERS],
            detail=f"the answer is longer than {MAX_OUTPUT_CHARACTERS:,} characters: cut there",
        )
    if not all(math.isfinite(value) for value in output.logprobs):
        malformed = ModelOutput(outcome=Outcome.MALFORMED, detail="a log-likelihood is not finite", model=output.model)
        return without_surrogates(malformed)
    if not output.outcome.answered and (output.text or output.reasoning or output.logprobs):
        # A failed call has no output: text in it could be an answer that was discarded on purpose.
        output = msgspec.structs.replace(output, text="", reasoning="", logprobs=())
    if min(output.prompt_tokens, output.completion_tokens, output.reasoning_tokens, output.cached_tokens) < 0:
        output = msgspec.structs.replace(
            output, prompt_tokens=0, completion_tokens=0, reasoning_tokens=0, cached_tokens=0
        )
    if output.cached_tokens > output.prompt_tokens or output.reasoning_tokens > output.completion_tokens:
        # A part is no more than its whole: else sums over calls would give the part of one call to another.
        output = msgspec.structs.replace(
            output,
            cached_tokens=min(output.cached_tokens, output.prompt_tokens),
            reasoning_tokens=min(output.reasoning_tokens, output.completion_tokens),
        )
    return without_surrogates(output)


def without_surrogates(output: ModelOutput) -> ModelOutput:
    """Replace lone surrogates, which neither a journal nor a wire format accepts."""
    if output.text.isascii() and output.reasoning.isascii() and output.detail.isascii() and output.model.isascii():
        return output
    texts = {name: getattr(output, name) for name in ("text", "reasoning", "detail", "model")}
    clean = {name: text.encode("utf-8", "replace").decode() for name, text in texts.items()}
    return msgspec.structs.replace(output, **clean)
