"""Rate limits: the user's requests and tokens per minute, and the limits that the endpoint reports."""

from __future__ import annotations

import time
from collections.abc import Callable

from steelyard.records import GenerateRequest, LoglikelihoodRequest, ModelOutput, NextTokenRequest, Outcome, Request
from steelyard.records.images import USUAL_TOKENS

__all__ = ["MAX_HOLD", "RateLimiter", "likely_tokens", "requests_of"]

MINUTE = 60.0
# Requests go out in small groups, so that coarse timers cost no throughput; each minute's sum stays in the limit.
BURST_SECONDS = 0.1
# A longer Retry-After counts as absent, and a longer reset is cut to this: the user sets the run's own deadline.
MAX_HOLD = 600.0
SAID_FROM = 5.0  # seconds: shorter waits are not worth a line
CLOCK_GRAIN = 1e-6  # less than this is a rounding error, and no timer can wait for it
BYTES_A_TOKEN = 3.0  # on the safe side of the usual four


class RateLimiter:
    """One endpoint's limits, shared by all calls of a run, on whatever machine.

    A token bucket never lets more than ``requests_per_minute`` out in any 60 seconds. Tokens are estimated when a call
    starts and corrected when its usage is known. ``Retry-After`` and rate headers delay every call, not only the one
    that received them: the limit is the endpoint's.
    """

    def __init__(
        self,
        requests_per_minute: int | None = None,
        tokens_per_minute: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._held_until = 0.0
        self._updated = clock()
        self._request_burst = max(1.0, (requests_per_minute or 0) * BURST_SECONDS / MINUTE)
        self._request_rate = (
            (requests_per_minute - self._request_burst + 1) / MINUTE if requests_per_minute is not None else None
        )
        self._token_rate = tokens_per_minute / MINUTE if tokens_per_minute is not None else None
        self._requests = self._request_burst
        self._tokens = 0.0 if self._token_rate is None else self._token_rate

    def wait_seconds(self) -> float:
        """Seconds until the next call may start; 0 for now."""
        now = self._refill()
        wait = self._held_until - now
        if self._request_rate is not None and self._requests < 1:
            wait = max(wait, (1 - self._requests) / self._request_rate)
        if self._token_rate is not None and self._tokens <= 0:
            wait = max(wait, (1 - self._tokens) / self._token_rate)
        return wait if wait > CLOCK_GRAIN else 0.0

    def take(self, tokens: int, requests: int = 1) -> None:
        """Charge one call of about ``tokens`` tokens. One larger than what is left makes the next one wait longer."""
        self._requests -= requests
        self._tokens -= tokens

    def settle(self, estimate: int, output: ModelOutput) -> float:
        """Correct a call's tokens by its reported usage, if any, and apply the limits that the reply reports.

        Returns for how many seconds from now all calls are held, where that is news to the user; else 0.
        """
        used = output.prompt_tokens + output.completion_tokens
        if used:
            self._tokens += estimate - used
        now = self._clock()
        before = max(now, self._held_until)
        asked = output.retry_after
        if (output.outcome is Outcome.RATE_LIMITED or output.overloaded) and asked is not None and asked <= MAX_HOLD:
            self._hold(now, asked)
        if (rate := output.rate) is not None:
            if rate.requests == 0:
                self._hold(now, rate.requests_reset)
            if rate.tokens == 0:
                self._hold(now, rate.tokens_reset)
        return self._held_until - now if self._held_until - before >= SAID_FROM else 0.0

    def _hold(self, now: float, seconds: float | None) -> None:
        if seconds is not None and seconds > 0:
            self._held_until = max(self._held_until, now + min(seconds, MAX_HOLD))

    def _refill(self) -> float:
        now = self._clock()
        passed = max(0.0, now - self._updated)
        self._updated = now
        if self._request_rate is not None:
            self._requests = min(self._request_burst, self._requests + passed * self._request_rate)
        if self._token_rate is not None:
            self._tokens = min(self._token_rate, self._tokens + passed * self._token_rate)
        return now


def requests_of(request: Request) -> int:
    """The number of requests that a call sends: log-likelihoods need one per continuation."""
    return len(request.continuations) if isinstance(request, LoglikelihoodRequest) else 1


def likely_tokens(request: Request) -> int:
    """An estimate of a call's tokens, for the rate limit: the prompt by its length, the output at its maximum."""
    if isinstance(request, GenerateRequest):
        text = len(request.system) + len(request.prefix) + len(request.prompt)
        text += sum(len(turn.text) for turn in request.history)
        return int(text / BYTES_A_TOKEN) + USUAL_TOKENS * len(request.images) + request.max_tokens
    shared = len(request.prefix) + len(request.context)
    if isinstance(request, NextTokenRequest):
        return int(shared / BYTES_A_TOKEN) + 1
    return int(sum(shared + len(text) for text in request.continuations) / BYTES_A_TOKEN)
