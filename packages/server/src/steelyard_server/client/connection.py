"""A connection to a platform: by the user's proxy, no redirect followed with the token, answers bounded and checked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from steelyard.errors import InputError, ModelUnavailable, StorageError, VerificationError
from steelyard.models import lost_connection
from steelyard.models.proxy import proxy_of
from steelyard.util.text import one_line
from steelyard_server.http.replies import PROBLEM_TYPE
from steelyard_server.wire.records import ApiRecord

if TYPE_CHECKING:
    import aiohttp

__all__ = ["Connection", "connected"]

_MAX_REPLY: Final = 8 << 20
_CONNECT_SECONDS: Final = 20.0
_ApiRecord = TypeVar("_ApiRecord", bound=ApiRecord)


class Connection:
    """Asks one platform; made by :func:`connected`."""

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        self._session = session
        self._address = address
        self._proxy = proxy_of(address)

    async def get(self, path: str, kind: type[_ApiRecord], seconds: float) -> _ApiRecord | None:
        """What is at a path, None where the platform says that there is nothing.

        Raises ModelUnavailable where something else answers, and as :meth:`refusal` for any other answer.
        """
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=seconds)
        place = f"{self._address}{path}"
        async with self._session.get(place, allow_redirects=False, proxy=self._proxy, timeout=timeout) as reply:
            if reply.status == 404 and reply.content_type == PROBLEM_TYPE:
                return None
            if reply.status == 404:
                raise ModelUnavailable(f"{self._address}: this is no answer of a platform (status 404)")
            if reply.status != 200:
                raise await self.refusal(reply)
            return await self.record(reply, kind)

    def post(self, path: str, data: Any, headers: dict[str, str], seconds: float) -> Any:
        """Send a body; ``seconds`` may pass without a byte."""
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS, sock_read=seconds)
        return self._session.post(
            f"{self._address}{path}", data=data, headers=headers, allow_redirects=False, proxy=self._proxy,
            timeout=timeout,
        )  # fmt: skip

    async def record(self, reply: aiohttp.ClientResponse, kind: type[_ApiRecord]) -> _ApiRecord:
        """The record in a reply; raises ModelUnavailable for what is none: a platform's answer is somebody else's."""
        try:
            return msgspec.json.decode(await _body(reply), type=kind)
        except (msgspec.DecodeError, RecursionError):
            raise ModelUnavailable(
                f"{self._address}: this is no answer of a platform (status {reply.status})"
            ) from None

    async def refusal(self, reply: aiohttp.ClientResponse) -> Exception:
        """The error that a refusal is: VerificationError (422), StorageError where it is busy, else InputError."""
        if 300 <= reply.status < 400:
            return InputError(
                f"{self._address} sends elsewhere, and the token goes only where you say: give the address itself"
            )
        problem = one_line(_detail(await _body(reply)) or f"status {reply.status}", 600)
        if reply.status == 422:
            return VerificationError(f"{self._address}: refused: {problem}")
        if reply.status in (429, 502, 503, 504, 507):
            return StorageError(f"{self._address}: {problem}")
        return InputError(f"{self._address}: refused: {problem}")


@asynccontextmanager
async def connected(address: str, token: str) -> AsyncIterator[Connection]:
    """A connection; raises ModelUnavailable where the platform cannot be reached."""
    import aiohttp

    headers = {"Authorization": f"Bearer {token}"}
    try:
        async with aiohttp.ClientSession(headers=headers) as session:
            yield Connection(session, address)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise ModelUnavailable(
            f"{address}: the platform cannot be reached: {one_line(lost_connection.describe(error), 200)}"
        ) from None


def _detail(body: bytes) -> str:
    class Refused(msgspec.Struct):
        detail: str = ""

    try:
        return msgspec.json.decode(body, type=Refused).detail
    except (msgspec.DecodeError, RecursionError):
        return ""


async def _body(reply: aiohttp.ClientResponse) -> bytes:
    data = await reply.content.read(_MAX_REPLY)
    while len(data) < _MAX_REPLY and (more := await reply.content.read(_MAX_REPLY - len(data))):
        data += more
    return data
