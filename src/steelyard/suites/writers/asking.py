"""A model as a function from a prompt to its output: bounded concurrency, finite retries."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final

from steelyard.errors import ModelUnavailable
from steelyard.plugins import Model
from steelyard.records import Capabilities, GenerateRequest, ModelOutput
from steelyard.util.text import one_line

__all__ = ["Ask", "asker"]

Ask = Callable[[str], Awaitable[ModelOutput]]

_BASE_SECONDS: Final = 0.5
_MAX_SECONDS: Final = 30.0


def asker(
    model: Model,
    capabilities: Capabilities,
    *,
    concurrency: int = 4,
    attempts: int = 4,
    max_tokens: int = 2048,
    base_seconds: float = _BASE_SECONDS,
) -> Ask:
    """Make the function that asks a model, greedily, as a chat where it is one.

    At most ``concurrency`` calls are in flight, and not more than the model takes. A call that failed is repeated up to
    ``attempts`` times in all, after a pause that doubles from ``base_seconds`` or that the endpoint names; then its
    outcome is returned. A model that reasons has the largest output budget that it takes. The function raises
    ModelUnavailable where no call can succeed, as with a wrong key.
    """
    slots = asyncio.Semaphore(max(1, min(concurrency, capabilities.concurrency)))
    budget = max(max_tokens, capabilities.output_tokens) if capabilities.reasons else max_tokens

    async def ask(prompt: str) -> ModelOutput:
        request = GenerateRequest(prompt=prompt, chat=capabilities.chat, max_tokens=budget)
        for attempt in range(1, attempts + 1):
            async with slots:
                output = await model.generate(request)
            if output.fatal:
                raise ModelUnavailable(f"the model cannot be asked: {one_line(output.detail) or output.outcome.value}")
            if not output.outcome.retryable or attempt == attempts:
                break
            await asyncio.sleep(_pause(output, attempt, base_seconds))
        return output

    return ask


def _pause(output: ModelOutput, attempt: int, base_seconds: float) -> float:
    """Seconds before the next attempt: exponential backoff with full jitter, or what the endpoint asks for."""
    if output.retry_after is not None:
        return min(max(output.retry_after, 0.0), _MAX_SECONDS)
    return random.uniform(0.0, min(_MAX_SECONDS, base_seconds * 2.0**attempt))  # noqa: S311 — jitter, not a secret
