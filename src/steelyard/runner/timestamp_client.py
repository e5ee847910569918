"""Asking a time stamp authority (RFC 3161 over HTTP, its section 3.4): one request, to the one address given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from steelyard.errors import InputError, TimestampUnavailable
from steelyard.evidence.timestamp import MAX_STAMP_BYTES
from steelyard.models import lost_connection
from steelyard.models.proxy import proxy_of
from steelyard.util.text import one_line

if TYPE_CHECKING:
    import aiohttp

__all__ = ["ask_for_stamp", "check_address"]

REPLY_SECONDS: Final = 30.0
HEADERS: Final = {
    "Content-Type": "application/timestamp-query",
    "Accept": "application/timestamp-reply",
    "Accept-Encoding": "identity",
}
OK: Final = 200
_SHOWN: Final = 200


def check_address(url: str, option: str) -> None:
    """Raise InputError, naming ``option``, for what is no address to post to; it is not repeated, as it may hold a key.

    A password in it is refused: the address is noted, and shown in errors.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port or an address that is none
        usable = False
    if not usable or not url.isascii() or not url.isprintable() or " " in url:
        raise InputError(f"{option} takes the address of a time stamp authority, http://HOST/PATH or https://HOST/PATH")
    if "@" in parts.netloc or parts.fragment:
        raise InputError(f"{option}: the address takes no user, no password and no #: leave them out")


async def ask_for_stamp(url: str, request: bytes, seconds: float | None) -> bytes:
    """Post a TimeStampReq to ``url`` and nowhere else; the body of the reply, unread.

    ``seconds`` are left at most (None: no deadline). Raises TimestampUnavailable where none comes: no connection, no
    reply in time, a redirect (never followed), another status than 200, or a body that is too large.
    """
    import aiohttp
    from yarl import URL

    limit = REPLY_SECONDS if seconds is None else max(0.01, min(REPLY_SECONDS, seconds))
    proxy = proxy_of(url)
    try:
        async with (
            aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=limit), cookie_jar=aiohttp.DummyCookieJar()
            ) as session,
            session.post(
                URL(url, encoded=True), data=request, headers=HEADERS, allow_redirects=False, proxy=proxy
            ) as reply,
        ):
            if reply.status != OK:
                raise _failed(url, _of_status(reply.status, reply.headers.get("Location", "")))
            return await _bounded(url, reply)
    except TimeoutError:
        raise _failed(url, f"no reply within {limit:.3g} s") from None
    except aiohttp.ClientResponseError as error:
        raise _failed(url, f"not HTTP: {error.message}") from None
    except (aiohttp.ClientError, OSError, UnicodeError) as error:
        raise _failed(url, lost_connection.describe(error)) from None


async def _bounded(url: str, reply: aiohttp.ClientResponse) -> bytes:
    data = bytearray()
    async for chunk in reply.content.iter_chunked(1 << 14):
        data += chunk
        if len(data) > MAX_STAMP_BYTES:
            raise _failed(url, f"its reply is larger than {MAX_STAMP_BYTES >> 10} kB")
    return bytes(data)


def _of_status(status: int, location: str) -> str:
    if 300 <= status < 400 and location:
        return f"it redirects to {one_line(location, _SHOWN)}, which is not followed: name that address if you trust it"
    return f"HTTP {status}"


def _failed(url: str, reason: str) -> TimestampUnavailable:
    return TimestampUnavailable(f"no time stamp from {one_line(url, _SHOWN)}: {one_line(reason, 2 * _SHOWN)}")
