"""A body that shows images as aiohttp sends it: a payload of its own, so that nothing stands between it and the socket.

An asynchronous iterator would go through a generator and the search for a payload that takes one, and what is small
would be a write of its own.
"""

from __future__ import annotations

import asyncio
from typing import Final, NoReturn

from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import Payload

from steelyard.models.streamed_body import StreamedBody

__all__ = ["SentBody"]

_JSON: Final = "application/json"


class SentBody(Payload):
    """A :class:`StreamedBody` with its length; after the first piece comes a pause of so many seconds."""

    _autoclose = True  # it holds no file

    def __init__(self, body: StreamedBody, pause: float = 0) -> None:
        super().__init__(body, content_type=_JSON)
        self._size = body.size
        self._body, self._pause = body, pause

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write the pieces, each when the one before has left."""
        for piece in self._body.sent():
            await writer.write(piece)
            if self._pause:
                await asyncio.sleep(self._pause)
                self._pause = 0

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> NoReturn:
        """Raises TypeError: the body is never held whole."""
        raise TypeError("a body that is sent in pieces has no text")
