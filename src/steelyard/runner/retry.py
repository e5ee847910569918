"""The retry policy: which attempts are repeated, and after how long."""

from __future__ import annotations

import random
from dataclasses import dataclass

from steelyard.records import ModelOutput

__all__ = ["RetryPolicy"]


@dataclass(frozen=True)
class RetryPolicy:
    """Finite attempts, exponential backoff with full jitter; a server's Retry-After is honoured up to a bound.

    A call that the model answered is never repeated: there is no path from an answer to a second attempt.
    """

    max_attempts: int = 5
    base_seconds: float = 0.5
    overloaded_seconds: float = 4.0
    max_seconds: float = 30.0

    def is_final(self, output: ModelOutput, attempt: int) -> bool:
        """Whether no further attempt follows attempt number ``attempt`` (counted from 1)."""
        return not output.outcome.retryable or attempt >= self.max_attempts

    def pause(self, output: ModelOutput, attempt: int) -> float:
        """Seconds to wait before the next attempt (Brooker 2015, "full jitter")."""
        if output.retry_after is not None:
            return min(max(output.retry_after, 0.0), self.max_seconds)
        if output.overloaded:
            # A minute's quota is renewed within a minute: five attempts span one, where no header gives the time.
            return min(self.max_seconds, self.overloaded_seconds * 2.0 ** (attempt - 1)) * random.uniform(0.75, 1.25)  # noqa: S311
        ceiling = min(self.max_seconds, self.base_seconds * 2.0 ** (attempt - 1))
        return random.uniform(0.0, ceiling)  # noqa: S311 - jitter, not a secret
