"""Whether a model of a plan can be asked by batches, as far as a stranger can check it."""

from __future__ import annotations

from typing import Final

from steelyard.errors import InputError
from steelyard.models.batches import PRICE_FACTOR
from steelyard.planning.batched import NO_LIKELIHOODS
from steelyard.records import SUBJECT, PlannedModel
from steelyard.util.batch_ends import growth_of

__all__ = ["why_not_batched"]

_KINDS: Final = ("openai", "anthropic")


def why_not_batched(role: str, planned: PlannedModel) -> str:
    """Why a model is not asked by batches as the plan says; empty where it may be, or is asked call by call."""
    capabilities, factor = planned.capabilities, planned.limits.price_factor
    if not planned.batch_growth:
        return "" if factor == 1.0 else "price_factor is below 1, and it is asked call by call"
    try:
        growth_of(planned.batch_growth)
    except InputError:
        return "batch_growth is none"
    if role != SUBJECT or planned.identity.uri.partition(":")[0] not in _KINDS:
        return "batch_growth is set, and it has no batches"
    if not capabilities.chat or capabilities.completions or capabilities.loglikelihood or capabilities.next_tokens:
        return "batch_growth is set, and batches take chats alone"
    if capabilities.loglikelihood_reason != NO_LIKELIHOODS:
        return "loglikelihood_reason is not that of batches"
    is_priced = planned.limits.price_prompt is not None
    return "" if factor == (PRICE_FACTOR if is_priced else 1.0) else "price_factor is not that of batches"
