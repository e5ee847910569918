"""The control question: is it this sample that fails, or the endpoint? One at a time, shared by all who ask."""

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
    """Asks ``ping`` where a failure could be the endpoint's own, and tells the breaker what came of it.

    ``heard(answer, turned)`` is called after each: ``turned`` where the breaker opened or closed by it. Without a
    ``ping`` the endpoint is taken to be there.
    """

    def __init__(
        self,
        ping: Callable[[], Awaitable[ModelOutput]] | None,
        breaker: CircuitBreaker,
        limiter: RateLimiter,
        heard: Callable[[ModelOutput, bool], None],
        timeout: float,
    ) -> None:
        self._ping = ping
        self._breaker = breaker
        self._limiter = limiter
        self._heard = heard
        self._timeout = min(timeout, MAX_SECONDS)
        self._task: asyncio.Task[None] | None = None

    @property
    def can_ask(self) -> bool:
        """Whether the model has a control question at all."""
        return self._ping is not None

    async def was_alive_since(self, moment: float) -> bool:
        """Whether the endpoint answered anything since ``moment`` (monotonic), asking it where that is not known."""
        if self._ping is None or self._breaker.alive_at >= moment:
            return True
        if self._breaker.is_open:
            return False
        await asyncio.shield(self.look())
        return self._breaker.alive_at >= moment

    def look(self) -> asyncio.Task[None]:
        """Ask now, or join the look that is under way."""
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._look())
        return self._task

    def stop(self) -> None:
        """Give up a look that is under way."""
        if self._task is not None:
            self._task.cancel()

    async def _look(self) -> None:
        assert self._ping is not None
        await asyncio.sleep(self._limiter.wait_seconds())
        self._limiter.take(TOKENS)
        started = time.monotonic()
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._ping()
        except TimeoutError:
            answer = ModelOutput(outcome=Outcome.TIMEOUT, detail=f"no answer within {self._timeout:g} s")
        except Exception as error:  # a plugin's own fault is no sign of life
            answer = ModelOutput(outcome=Outcome.DROPPED, detail=f"the model's own code failed: {type(error).__name__}")
        now = time.monotonic()
        self._limiter.settle(TOKENS, answer)
        if answer.outcome.answered or answer.outcome is Outcome.EMPTY:
            self._heard(answer, self._breaker.answered(now, started))
        else:
            self._heard(answer, self._breaker.failed(now, answer.retry_after))
