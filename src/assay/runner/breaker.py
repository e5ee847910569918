"""Whether the endpoint is there at all: pause when it is down, look again by itself, give up after the user's patience.

A prompt that fails for good must not look like a dead endpoint, nor a dead endpoint turn every prompt into a missing
answer. So what counts is how many *different* calls failed with no answer between them, or a few connections refused.
"""

from __future__ import annotations

from collections.abc import Hashable

from assay.records import Answer, Outcome

__all__ = ["CircuitBreaker"]

# Different calls that failed one after another, with no answer between them, mean that the endpoint is down.
CALLS_THAT_MEAN_DOWN = 25
# At a slow timeout so many would take an hour: a few that fail over a whole minute mean it too.
CALLS_OVER_A_MINUTE = 10
MINUTE = 60.0
# A connection that is refused says nothing about a prompt: a few are enough.
REFUSALS_THAT_MEAN_DOWN = 3
FIRST_LOOK_SECONDS = 1.0
LONGEST_LOOK_SECONDS = 30.0


class CircuitBreaker:
    """Closed: calls flow. Open: one call at a time looks whether the endpoint is back, ever less often."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._failed: set[Hashable] = set()
        self._failing_since = 0.0
        self._refused = 0
        self._pause = FIRST_LOOK_SECONDS
        self.opened_at: float | None = None
        self._next_look = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the endpoint is taken to be down."""
        return self.opened_at is not None

    def wait_seconds(self, now: float) -> float:
        """How long until the endpoint may be asked; 0 for now."""
        return max(0.0, self._next_look - now) if self.is_open else 0.0

    def gives_up(self, now: float) -> bool:
        """Whether the endpoint has been down for longer than the user's patience."""
        return self.opened_at is not None and now - self.opened_at >= self._patience

    def gives_up_in(self, now: float) -> float:
        """Seconds of patience that are left."""
        return self._patience if self.opened_at is None else max(0.0, self.opened_at + self._patience - now)

    def observe(self, call: Hashable, answer: Answer, now: float, *, again: bool) -> str:
        """Take note of an attempt; gives "opened", "closed" or nothing. ``again``: this call failed before.

        A busy endpoint (429) is not a dead one, and a client's own error is an answer of sorts: both show it alive.
        """
        if answer.lost:
            return ""
        if answer.outcome.answered or answer.outcome in (Outcome.RATE_LIMITED, Outcome.CLIENT_ERROR, Outcome.EMPTY):
            return self._close()
        if self.is_open:
            self._pause = min(self._pause * 2, LONGEST_LOOK_SECONDS)
            self._next_look = now + self._pause
            return ""
        self._refused = self._refused + 1 if answer.unreachable else 0
        if not again:
            self._failing_since = self._failing_since if self._failed else now
            self._failed.add(call)
        if not self._means_down(now):
            return ""
        self.opened_at = now
        self._next_look = now + self._pause
        return "opened"

    def _means_down(self, now: float) -> bool:
        for_a_minute = bool(self._failed) and now - self._failing_since >= MINUTE
        return (
            len(self._failed) >= (CALLS_OVER_A_MINUTE if for_a_minute else CALLS_THAT_MEAN_DOWN)
            or self._refused >= REFUSALS_THAT_MEAN_DOWN
        )

    def _close(self) -> str:
        was_open = self.is_open
        self._failed.clear()
        self._refused = 0
        self._pause = FIRST_LOOK_SECONDS
        self.opened_at = None
        return "closed" if was_open else ""
