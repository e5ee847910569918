"""Whether the endpoint is there at all: pause when it is not, look again by itself, give up after the user's patience.

A prompt that fails for good must not look like a dead endpoint, nor a dead endpoint turn every prompt into a missing
answer. Nothing in a failed reply tells the two apart, so the runner asks a control question that is no sample.
"""

from __future__ import annotations

import math

__all__ = ["CircuitBreaker"]

FIRST_LOOK_SECONDS = 1.0
MAX_LOOK_SECONDS = 30.0


class CircuitBreaker:
    """Closed: calls flow. Open: no sample is asked, and the control question now and then, ever less often."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._pause = FIRST_LOOK_SECONDS
        self._next_look = 0.0
        self.alive_at = -math.inf  # when the endpoint last answered anything
        self.opened_at: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether the endpoint is taken to be down."""
        return self.opened_at is not None

    def wait_seconds(self, now: float) -> float:
        """How long until the next look; 0 for now."""
        return max(0.0, self._next_look - now) if self.is_open else 0.0

    def gives_up(self, now: float) -> bool:
        """Whether the endpoint has been down for longer than the user's patience."""
        return self.opened_at is not None and now - self.opened_at >= self._patience

    def gives_up_in(self, now: float) -> float:
        """Seconds of patience that are left."""
        return self._patience if self.opened_at is None else max(0.0, self.opened_at + self._patience - now)

    def answered(self, now: float, started: float) -> bool:
        """The endpoint answered what it was asked at ``started``; True where it was taken to be down until now.

        An answer that was on its way when it went down does not show it back.
        """
        if self.opened_at is not None and started < self.opened_at:
            return False
        was_open = self.is_open
        self.alive_at = now
        self.opened_at = None
        self._pause = FIRST_LOOK_SECONDS
        return was_open

    def failed(self, now: float, retry_after: float | None = None) -> bool:
        """A look failed: the next one comes later. True where the endpoint was taken to be there until now."""
        was_open = self.is_open
        if was_open:
            self._pause = min(self._pause * 2, MAX_LOOK_SECONDS)
        else:
            self.opened_at = now
        self._next_look = now + max(self._pause, retry_after or 0.0)
        return not was_open
