"""uvicorn's HTTP/1.1 with a bound on how long the head of a request may take: many that never end would fill it up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import asyncio

__all__ = ["HEAD_SECONDS", "timed_protocol"]

HEAD_SECONDS: Final = 15.0


def timed_protocol(seconds: float = HEAD_SECONDS) -> type[asyncio.Protocol]:
    """The protocol's class; a function, since uvicorn is imported only where something is served."""
    import h11
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class TimedProtocol(H11Protocol):
        """Closes a connection whose request has no whole head after some seconds."""

        _late: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._late = self.loop.call_later(seconds, transport.close)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            self._forget()
            super().connection_lost(exc)

        def _watch(self) -> None:
            """Between two requests uvicorn's own limit holds; a head that has begun has ours."""
            is_open = self.conn.their_state is h11.IDLE and bool(self.conn.trailing_data[0])
            if not is_open:
                self._forget()
            elif self._late is None:
                self._late = self.loop.call_later(seconds, self.transport.close)

        def _forget(self) -> None:
            if self._late is not None:
                self._late.cancel()
                self._late = None

    return TimedProtocol
