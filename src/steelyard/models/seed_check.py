"""Whether a seed fixes an answer: the same open question at temperature 1, twice with one seed and once with another.

Some servers leave the field out without a word. A server that repeats its answers anyway shows nothing by repeating
them once more, so the third answer must differ.
"""

from __future__ import annotations

from steelyard.models.cache_check import MORE_TOKENS, QUESTION, TOKENS
from steelyard.models.http_endpoint import is_too_large
from steelyard.plugins import Model
from steelyard.records import Capabilities, GenerateRequest

__all__ = ["why_seed_fixes_nothing"]

_SEEDS = (7, 7, 8)


async def why_seed_fixes_nothing(model: Model, capabilities: Capabilities) -> str:
    """Why a seed does not fix an answer, as the end of a sentence; empty where it does."""
    texts: list[str] = []
    for seed in _SEEDS:
        # One budget for all three: an answer that is cut off earlier is another text.
        output = await model.generate(
            GenerateRequest(
                prompt=QUESTION,
                chat=capabilities.chat,
                max_tokens=MORE_TOKENS if capabilities.reasons else TOKENS,
                temperature=1.0,
                seed=seed,
            )
        )
        if not output.outcome.answered or is_too_large(output):
            return f"a request with one brought no answer: {output.detail or output.outcome.value}"
        texts.append(output.text + output.reasoning)
    first, again, other = texts
    if first != again:
        return "the same seed brought two different texts"
    return "another seed brought the same text, as from a cache or without any draw" if other == again else ""
