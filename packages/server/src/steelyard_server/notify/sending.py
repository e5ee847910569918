"""Sending webhooks: signed, to addresses that were looked at when connecting, in bounded time, with a bounded reply."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from steelyard.errors import InputError
from steelyard.models.proxy import proxy_of
from steelyard.util.software import software
from steelyard.util.text import one_line
from steelyard_server.endpoints.addresses import OwnPlaces, RefusedAddressError, checked_sockets, refused_host
from steelyard_server.notify.outbox import Outcome
from steelyard_server.notify.signing import signed_headers

if TYPE_CHECKING:
    import aiohttp
    from aiohttp.abc import AbstractResolver

__all__ = ["SECONDS", "Parcel", "send_all"]

SECONDS: Final = 20.0  # for one attempt; the specification advises 15 to 30
_MAX_REPLY: Final = 800  # bytes that are looked at
_REPLY_SECONDS: Final = 2.0
_MAX_WAIT: Final = 86_400
_TAKEN: Final = range(200, 300)


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is sent: ``secrets`` sign it, each by itself. Its text says neither them nor the address."""

    host: str
    port: int
    url: str
    message: str
    body: bytes
    secrets: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Parcel({self.message})"


async def send_all(
    parcels: Sequence[Parcel], own: OwnPlaces, *, seconds: float = SECONDS, resolver: AbstractResolver | None = None
) -> list[Outcome]:
    """Send them at one time; what came of each, in their order. Nothing is raised for a receiver's sake."""
    import aiohttp

    connector = aiohttp.TCPConnector(
        socket_factory=checked_sockets(own), force_close=True, use_dns_cache=False, limit=0, resolver=resolver
    )
    async with aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=seconds),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        headers={"User-Agent": software().replace(" ", "/")},
    ) as session:
        return await asyncio.gather(*(_sent(session, parcel, own, seconds) for parcel in parcels))


async def _sent(session: aiohttp.ClientSession, parcel: Parcel, own: OwnPlaces, seconds: float) -> Outcome:
    import aiohttp

    try:
        # By a proxy, which resolves the name itself, this is all that is looked at; without one the socket is, too.
        if reason := await asyncio.to_thread(refused_host, parcel.host, parcel.port, own):
            return Outcome(problem=f"this address is not called: {reason}")
        headers = signed_headers(parcel.secrets, parcel.message, int(time.time()), parcel.body)
        async with session.post(
            parcel.url,
            data=parcel.body,
            headers={"Content-Type": "application/json", **headers},
            allow_redirects=False,
            proxy=proxy_of(parcel.url),
        ) as reply:
            return _outcome(reply.status, reply.headers.get("Retry-After", ""), await _begun(reply))
    except TimeoutError:
        return Outcome(problem=f"no answer within {seconds:g} seconds")
    except InputError as error:
        return Outcome(problem=one_line(str(error), 300))
    except aiohttp.ClientSSLError:
        return Outcome(problem="no connection: TLS failed, or its certificate is not trusted here")
    except aiohttp.ClientConnectorError as error:
        refused = error.os_error if isinstance(error.os_error, RefusedAddressError) else None
        reason = str(refused.strerror) if refused else f"no connection: {error.os_error.strerror or 'not reached'}"
        return Outcome(problem=one_line(reason, 300))
    except (aiohttp.ClientError, OSError, ValueError) as error:  # texts of these may quote what was answered
        return Outcome(problem=f"no answer that can be read ({type(error).__name__})")


async def _begun(reply: aiohttp.ClientResponse) -> bytes:
    """The beginning of the reply's text, where it is here soon: the status alone says whether it was taken."""
    import aiohttp

    try:
        return await asyncio.wait_for(reply.content.read(_MAX_REPLY), _REPLY_SECONDS)
    except (TimeoutError, aiohttp.ClientError, OSError):
        return b""


def _outcome(status: int, retry_after: str, begun: bytes) -> Outcome:
    reply = one_line(begun.decode("utf-8", "replace"), 200)
    if status in _TAKEN:
        return Outcome(status=status, reply=reply)
    said = "a redirect, which is not followed" if 300 <= status < 400 else "not taken"
    return Outcome(
        status=status, problem=f"{said} ({status})", reply=reply, is_final=status == 410, wait=_seconds(retry_after)
    )


def _seconds(retry_after: str) -> int:
    """The seconds that a Retry-After header asks for, as a number or as a date; 0 for anything else."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:9]), _MAX_WAIT)
    try:
        at = parsedate_to_datetime(text)
        seconds = (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return 0
    return int(min(max(seconds, 0), _MAX_WAIT))
