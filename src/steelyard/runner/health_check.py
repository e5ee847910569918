"""The health check: does this sample fail, or the endpoint? One check at a time, shared by all callers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from steelyard.records import ModelOutput, Outcome
from steelyard.runner.breaker import CircuitBreaker
from steelyard.runner.limits import RateLimiter

__all__ = ["HealthCheck"]

MAX_SECONDS = 30.0
TOKENS = 16  # a greeting, and one token back


class HealthCheck:
    """Calls ``ping`` where a failure could be the endpoint's own, and reports the result to the breaker.

    ``on_result(output, changed)`` is called after each check: ``changed`` where it opened or closed the breaker.
    Without a ``ping`` the endpoint is assumed to be up.
    """

    def __init__(
        self,
        ping: Callable[[], Awaitable[ModelOutput]] | None,
        breaker: CircuitBreaker,
        limiter: RateLimiter,
        on_result: Callable[[ModelOutput, bool], None],
        timeout: float,
    ) -> None:
        self._ping = ping
        self._breaker = breaker
        self._limiter = limiter
        self._on_result = on_result
        self._timeout = min(timeout, MAX_SECONDS)
        self._task: asyncio.Task[None] | None = None

    @property
    def available(self) -> bool:
        """Whether the model has a health check at all."""
        return self._ping is not None

    async def replied_since(self, moment: float) -> bool:
        """Whether the endpoint replied to anything since ``moment`` (monotonic seconds); checks if unknown."""
        if self._ping is None or self._breaker.alive_at >= moment:
            return True
        if self._breaker.is_open:
            return False
        await asyncio.shield(self.check())
        return self._breaker.alive_at >= moment

    def check(self) -> asyncio.Task[None]:
        """Check now, or join the check that is running."""
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._check())
        return self._task

    def stop(self) -> None:
        """Cancel a running check."""
        if self._task is not None:
            self._task.cancel()

    async def _check(self) -> None:
        assert self._ping is not None
        await asyncio.sleep(self._limiter.wait_seconds())
        self._limiter.take(TOKENS)
        started = time.monotonic()
        try:
            async with asyncio.timeout(self._timeout):
                output = await self._ping()
        except TimeoutError:
            output = ModelOutput(outcome=Outcome.TIMEOUT, detail=f"no answer within {self._timeout:g} s")
        except Exception as error:  # a plugin's own fault does not show that the endpoint is up
            output = ModelOutput(outcome=Outcome.DROPPED, detail=f"the model's own code failed: {type(error).__name__}")
        now = time.monotonic()
        self._limiter.settle(TOKENS, output)
        if output.outcome.answered or output.outcome is Outcome.EMPTY:
            self._on_result(output, self._breaker.answered(now, started))
        else:
            self._on_result(output, self._breaker.failed(now, output.retry_after))
