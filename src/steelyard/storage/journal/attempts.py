"""A model output as the journal keeps it: its texts by digest, everything else bounded."""

from __future__ import annotations

from steelyard.records import Attempt, ModelOutput
from steelyard.storage.journal.texts import Texts

__all__ = ["attempt_of"]

MAX_REASON = 40  # characters of a finish reason
MAX_MODEL = 200
MAX_DETAIL = 300


def attempt_of(
    output: ModelOutput,
    texts: Texts,
    *,
    measurement: str,
    position: int,
    sample: str,
    item: str,
    repeat: int,
    number: int,
    request: str,
    final: bool,
    started_us: int,
    elapsed_us: int,
    batch: int = 0,
) -> Attempt:
    """The record of one attempt; the output's texts are added to ``texts``, which must be forced to disk first.

    ``item`` and ``request`` are SHA-256 digests. Raises OSError where the disk takes no more text.
    """
    return Attempt(
        measurement=measurement,
        position=position,
        sample=sample,
        item=item,
        repeat=repeat,
        attempt=number,
        request=request,
        outcome=output.outcome,
        final=final,
        answer=texts.add(output.text),
        reasoning=texts.add(output.reasoning),
        logprobs=output.logprobs,
        finish_reason=output.finish_reason[:MAX_REASON],
        prompt_tokens=output.prompt_tokens,
        completion_tokens=output.completion_tokens,
        reasoning_tokens=output.reasoning_tokens,
        cached_tokens=output.cached_tokens,
        model=output.model[:MAX_MODEL],
        detail=output.detail[:MAX_DETAIL],
        batch=batch,
        started_us=started_us,
        elapsed_us=elapsed_us,
    )
