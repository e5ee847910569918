"""What is asked of models before the first sample has one deadline: the user's budget, of which it takes a part."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Final

from steelyard.errors import DeadlineExceeded
from steelyard.util.text import one_line

__all__ = ["Waiting", "waiting", "waiting_for"]

NOTICE_SECONDS: Final = 5.0
_CURRENT: Final[ContextVar[Waiting | None]] = ContextVar("waiting", default=None)


class Waiting:
    """Waits at most ``seconds`` from the first request on (None: no end), of which ``spent`` went by its last."""

    def __init__(self, notify: Callable[[str], None], seconds: float | None) -> None:
        self.spent, self._began = 0.0, 0.0
        self._notify, self._seconds, self._named = notify, seconds, set[str]()

    @asynccontextmanager
    async def on(self, what: str) -> AsyncIterator[None]:
        """Wait for ``what``; raises DeadlineExceeded, naming it, where the time ends before it came."""
        loop, now = asyncio.get_running_loop(), time.monotonic()
        self._began = self._began or now
        left = None if self._seconds is None else max(0.0, self._began + self._seconds - now)
        notice = loop.call_later(NOTICE_SECONDS, self._say, what)
        try:
            async with asyncio.timeout(left) as limit:
                yield
        except TimeoutError:
            if not limit.expired():
                raise
            raise DeadlineExceeded(
                f"{what}: no answer within the budget of {self._seconds:g} s, and no sample was sent: is the server up?"
            ) from None
        finally:
            notice.cancel()
            self.spent = time.monotonic() - self._began

    def _say(self, what: str) -> None:
        if what not in self._named:
            self._named.add(what)
            self._notify(one_line(f"waiting for {what} to answer, {NOTICE_SECONDS:g} s so far", 300))


@contextmanager
def waiting(notify: Callable[[str], None], seconds: float | None) -> Iterator[Waiting]:
    """All requests in this block have ``seconds`` together; ``notify`` hears once of each address that is slow."""
    token = _CURRENT.set(found := Waiting(notify, seconds))
    try:
        yield found
    finally:
        _CURRENT.reset(token)


def waiting_for(what: str) -> AbstractAsyncContextManager[None]:
    """Wait for ``what`` within the time of the :func:`waiting` block around this; elsewhere without one."""
    current = _CURRENT.get()
    return nullcontext() if current is None else current.on(what)
