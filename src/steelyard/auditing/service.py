"""How one call was served: whether the endpoint failed to answer it, or something else kept the answer away."""

from __future__ import annotations

from typing import Final

from steelyard.records import Attempt, Outcome, Service

__all__ = ["CONTENT_FILTER", "service_of"]

CONTENT_FILTER: Final = "content_filter"  # the finish reason of OpenAI's wire format
_TOOLS: Final = ("tool_calls", "function_call")
_BEYOND: Final = ("context length", "context window", "context size", "maximum context", "too large", "too long")
# What only a reply of the endpoint can be: any other output that cannot be read is one that our own side gave up.
_OF_THE_ENDPOINT: Final = ("the reply", "not HTTP")
_STATUS: Final = "HTTP "  # how the detail of a failure begins that the endpoint itself sent
_EXPIRED: Final = "expired at the provider"  # how the detail of a batch's call begins that its provider let expire
_WORKERS: Final = ("worker-", "all workers", "no worker")


def service_of(attempt: Attempt) -> Service:
    """How a call was served, by the attempt that ended it.

    Whoever is to show that an endpoint does not serve some items must leave out what is no doing of the endpoint: the
    time limit and the faults of our side; and what is known to depend on the item where everybody is honest: refusals,
    content filters, requests beyond the context or another limit of size. The endpoint says itself which those are.
    """
    outcome, detail = attempt.outcome, attempt.detail
    if attempt.finish_reason == CONTENT_FILTER:
        return "filtered"
    if outcome.answered:
        return "refused" if outcome is Outcome.REFUSED else "answered"
    if outcome in (Outcome.CLIENT_ERROR, Outcome.RATE_LIMITED):
        is_beyond = attempt.finish_reason == "length" or any(words in detail.lower() for words in _BEYOND)
        # A limit of requests a minute refuses any item; one of tokens a minute may be too small for a long one.
        return "too_long" if is_beyond else "rejected" if outcome is Outcome.CLIENT_ERROR else "failed"
    if outcome is Outcome.EMPTY and attempt.finish_reason in _TOOLS:
        return "tools"
    if outcome is Outcome.TIMEOUT and not detail.startswith(_STATUS):
        return "failed" if attempt.batch and detail.startswith(_EXPIRED) else "timed_out"
    if outcome is Outcome.MALFORMED and not detail.startswith(_OF_THE_ENDPOINT):
        return "ours"
    if outcome is Outcome.DROPPED and detail.startswith(_WORKERS):
        return "ours"
    return "failed"
