"""When an attempt is made again, and after how long."""

from __future__ import annotations

import random
from dataclasses import dataclass

from steelyard.records import ModelOutput

__all__ = ["RetryPolicy"]


@dataclass(frozen=True)
class RetryPolicy:
    """Finite attempts, exponential backoff with full jitter; a server's Retry-After is honoured up to a bound.

    An answer of the model's own is never asked again: there is no path from it to a second attempt.
    """

    max_attempts: int = 5
    base_seconds: float = 0.5
    busy_seconds: float = 4.0
    longest_seconds: float = 30.0

    def is_final(self, answer: ModelOutput, attempt: int) -> bool:
        """Whether no further attempt follows attempt number ``attempt`` (counted from 1)."""
        return not answer.outcome.retryable or attempt >= self.max_attempts

    def pause(self, answer: ModelOutput, attempt: int) -> float:
        """Seconds to wait before the next attempt (Brooker 2015, "full jitter")."""
        if answer.retry_after is not None:
            return min(max(answer.retry_after, 0.0), self.longest_seconds)
        if answer.overloaded:
            # A minute's quota is renewed within a minute: five attempts span one, where no header tells how long.
            return min(self.longest_seconds, self.busy_seconds * 2.0 ** (attempt - 1)) * random.uniform(0.75, 1.25)  # noqa: S311
        ceiling = min(self.longest_seconds, self.base_seconds * 2.0 ** (attempt - 1))
        return random.uniform(0.0, ceiling)  # noqa: S311 - jitter, not a secret
