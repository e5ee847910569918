"""A circuit breaker: pause while the endpoint is down, retry with exponential backoff, give up after a time limit.

A prompt that always fails must not look like a dead endpoint, and a dead endpoint must not turn every prompt into a
missing answer. A failed reply does not show the difference, so the runner sends a health check that is not a sample.
"""

from __future__ import annotations

import math

__all__ = ["CircuitBreaker"]

FIRST_CHECK_SECONDS = 1.0
MAX_CHECK_SECONDS = 30.0


class CircuitBreaker:
    """Closed: requests are sent. Open: only health checks are sent, with exponential backoff.

    ``patience`` is how long the endpoint may stay down, in seconds; times are ``time.monotonic()`` seconds.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._pause = FIRST_CHECK_SECONDS
        self._next_check = 0.0
        self.alive_at = -math.inf  # when the endpoint last answered anything
        self.opened_at: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether the endpoint is considered down."""
        return self.opened_at is not None

    def wait_seconds(self, now: float) -> float:
        """Seconds until the next health check; 0 for now."""
        return max(0.0, self._next_check - now) if self.is_open else 0.0

    def gives_up(self, now: float) -> bool:
        """Whether the endpoint has been down for longer than the user's patience."""
        return self.opened_at is not None and now - self.opened_at >= self._patience

    def gives_up_in(self, now: float) -> float:
        """Seconds of patience that are left."""
        return self._patience if self.opened_at is None else max(0.0, self.opened_at + self._patience - now)

    def answered(self, now: float, started: float) -> bool:
        """Record a reply to a request sent at ``started``; True where the endpoint was considered down until now.

        A reply to a request from before the failure does not show that the endpoint is back.
        """
        if self.opened_at is not None and started < self.opened_at:
            return False
        was_open = self.is_open
        self.alive_at = now
        self.opened_at = None
        self._pause = FIRST_CHECK_SECONDS
        return was_open

    def failed(self, now: float, retry_after: float | None = None) -> bool:
        """Record a failed health check and delay the next; True where the endpoint was considered up until now."""
        was_open = self.is_open
        if was_open:
            self._pause = min(self._pause * 2, MAX_CHECK_SECONDS)
        else:
            self.opened_at = now
        self._next_check = now + max(self._pause, retry_after or 0.0)
        return not was_open
