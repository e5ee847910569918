"""What is asked of models before the first sample has one deadline: the user's budget, of which it takes a part."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from contextvars import ContextVar, Token
from typing import Final, Self

from steelyard.errors import DeadlineExceeded
from steelyard.util.text import one_line

__all__ = ["Waiting", "waiting_for"]

NOTICE_SECONDS: Final = 5.0
_CURRENT: Final[ContextVar[Waiting | None]] = ContextVar("waiting", default=None)


class Waiting:
    """A ``with`` block in which models are waited for at most ``seconds`` from the first request on (None: no end).

    ``notify`` gets a line for each address that has not answered after five seconds.
    """

    def __init__(self, notify: Callable[[str], None], seconds: float | None = None) -> None:
        self.spent = 0.0  # seconds from the first request to the end of the last
        self._notify, self._seconds = notify, seconds
        self._began: float | None = None
        self._named: set[str] = set()
        self._token: Token[Waiting | None] | None = None

    def __enter__(self) -> Self:
        self._token = _CURRENT.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._token is not None
        _CURRENT.reset(self._token)

    @asynccontextmanager
    async def on(self, what: str) -> AsyncIterator[None]:
        """Wait for ``what``; raises DeadlineExceeded, naming it, where the time ends before it came."""
        loop, now = asyncio.get_running_loop(), time.monotonic()
        self._began = now if self._began is None else self._began
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


def waiting_for(what: str) -> AbstractAsyncContextManager[None]:
    """Wait for ``what`` within the time of the :class:`Waiting` block around this; elsewhere without one."""
    current = _CURRENT.get()
    return nullcontext() if current is None else current.on(what)
