"""How large and how slow the body of a request may be."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from steelyard.errors import InputError
from steelyard_server.http.replies import refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["MAX_FORM", "MAX_PUSH", "Bodies", "BodyTooLargeError"]

MAX_FORM: Final = 64 << 10
MAX_PUSH: Final = 2 << 30
FORM_SECONDS: Final = 20.0
# A push may take long, but not stand still: after some seconds it has brought at least so much for each of them.
GRACE_SECONDS: Final = 60.0
LEAST_RATE: Final = 8 << 10


class BodyTooLargeError(InputError):
    """A body goes on beyond its bound, or came too slowly."""


class Bodies:
    """The layer that counts what comes in; ``is_push`` tells by its path which requests bring a whole run.

    ``most`` says of a path how many bytes anything else may bring there.
    """

    def __init__(
        self, app: ASGIApp, is_push: Callable[[str], bool], most: Callable[[str], int] = lambda _: MAX_FORM
    ) -> None:
        self._app = app
        self._most = most
        self._is_push = is_push

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a length that is stated too large; stop one that turns out to be, or that stands still."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_push = self._is_push(scope["path"])
        most = MAX_PUSH if is_push else self._most(scope["path"])
        stated = dict(scope["headers"]).get(b"content-length", b"0")
        if not stated.isdigit() or int(stated) > most:
            await refusal(scope["path"], 413, f"a request may have {most:,} bytes here")(scope, receive, send)
            return
        began, taken, is_whole = time.monotonic(), 0, False

        async def counted() -> Message:
            nonlocal taken, is_whole
            if is_whole:
                return await receive()
            allowed = _seconds_left(began, taken, is_push=is_push)
            try:
                message = await asyncio.wait_for(receive(), allowed)
            except TimeoutError:
                raise BodyTooLargeError("the request came too slowly") from None
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                is_whole = not message.get("more_body", False)
                if taken > most:
                    raise BodyTooLargeError(f"a request may have {most:,} bytes here")
            return message

        await self._app(scope, counted, send)


def _seconds_left(began: float, taken: int, *, is_push: bool) -> float:
    spent = time.monotonic() - began
    allowed = GRACE_SECONDS + taken / LEAST_RATE if is_push else FORM_SECONDS
    return max(0.0, allowed - spent)
