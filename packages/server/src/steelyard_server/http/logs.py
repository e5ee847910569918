"""The outermost layer: each request gets an id, a line of JSON in the log, and is counted.

A line has the pattern of the route and never the path, the query or a header: a one-time link, a token or a password
cannot get into it.
"""

from __future__ import annotations

import json
import logging
import secrets
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final, TextIO

from steelyard_server.http.facts import RequestFacts, begin_facts, place_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from steelyard_server.metrics import Metrics

__all__ = ["JsonLog", "Logs", "log_libraries"]

QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})
MAX_LINES: Final = 20  # a minute, of what a library says
_LIBRARIES: Final = ("uvicorn.error", "asyncio")
_WRITING: Final = threading.Lock()


class JsonLog:
    """Writes one JSON object a line, its time first."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    def write(self, level: str, message: str, **more: Any) -> None:
        """Write a line; a log that cannot be written stops nothing."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + "Z"
        line = json.dumps(
            {"time": stamp, "level": level, "message": message, **more}, ensure_ascii=True, allow_nan=False
        )
        stream = self._stream or sys.stderr
        try:
            with _WRITING:  # its end is written with it: threads would share a line
                stream.write(f"{line}\n")
                stream.flush()
        except OSError:
            return


class Logs:
    """The layer that writes a line for each request."""

    def __init__(self, app: ASGIApp, log: JsonLog, metrics: Metrics) -> None:
        self._app = app
        self._log = log
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, then write."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        facts = RequestFacts(secrets.token_hex(8))
        begin_facts(scope, facts)
        began, status = time.perf_counter(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                named = (b"x-request-id", facts.request_id.encode())
                message["headers"] = [*message.get("headers", ()), named]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as error:
            facts.failure = f"{type(error).__name__} {place_of(error)}"
            raise
        finally:
            self._write(scope, facts, status, time.perf_counter() - began)

    def _write(self, scope: Scope, facts: RequestFacts, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in ("GET", "HEAD", "POST", "PUT", "DELETE") else "other"
        self._metrics.count(method, facts.route, status, seconds)
        if facts.route in QUIET and status < 400:
            return
        more = {"failure": facts.failure} if facts.failure else {}
        self._log.write(
            "error" if status >= 500 else "info",
            "request",
            request_id=facts.request_id,
            method=method,
            route=facts.route,
            status=status,
            ms=round(1000 * seconds, 1),
            address=facts.address,
            caller=facts.caller,
            **more,
        )


class _ToJson(logging.Handler):
    """What the libraries say, as such lines, without a traceback's values; no more than a few a minute of each logger.

    asyncio writes a line for each connection that it cannot accept.
    """

    def __init__(self, log: JsonLog, now: Callable[[], float]) -> None:
        super().__init__(logging.WARNING)
        self._log = log
        self._now = now
        self._minute = now()
        self._written = self._left_out = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write it, unless there were many in this minute."""
        if self._now() >= self._minute + 60:
            self._say_left_out()
            self._minute, self._written = self._now(), 0
        if self._written >= MAX_LINES:
            self._left_out += 1
            return
        self._written += 1
        failure = type(record.exc_info[1]).__name__ if record.exc_info and record.exc_info[1] else ""
        message = str(record.msg).partition("\n")[0][:200]
        self._log.write(record.levelname.lower(), message, **({"failure": failure} if failure else {}))

    def _say_left_out(self) -> None:
        if self._left_out:
            self._log.write("warning", "lines were left out", number=self._left_out)
            self._left_out = 0


def log_libraries(log: JsonLog, now: Callable[[], float] = time.monotonic) -> None:
    """Have the warnings of uvicorn and asyncio in the same form."""
    for name in _LIBRARIES:
        logger = logging.getLogger(name)
        logger.handlers = [_ToJson(log, now)]
        logger.propagate = False
