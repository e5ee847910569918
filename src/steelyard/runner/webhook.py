"""An alert to the one address that a user names: signed, dated, sent again where it is not taken, and bounded.

The signature is HMAC-SHA256 over ``TIMESTAMP.BODY`` with the user's secret, in hexadecimal digits. A receiver computes
it again, compares in constant time, and refuses an old time stamp; ``Steelyard-Delivery`` is the same for each attempt
at one alert, so that it is counted once.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from steelyard.errors import InputError
from steelyard.models import lost_connection
from steelyard.models.proxy import is_loopback, proxy_of
from steelyard.util.text import one_line

__all__ = ["Delivery", "check_webhook", "deliver", "signature"]

WAITS: Final = (1.0, 4.0, 16.0)  # seconds before each further attempt
ATTEMPT_SECONDS: Final = 10.0
SHORTEST_SECRET: Final = 16
MAX_BODY_BYTES: Final = 16_384
_TOO_MANY: Final = 429
_TIMEOUT: Final = 408


@dataclass(frozen=True)
class Delivery:
    """How it went: ``failure`` is empty where the alert was taken, after so many ``attempts``."""

    attempts: int
    failure: str = ""


def check_webhook(url: str, secret: str, variable: str) -> None:
    """Raise InputError for an address or a secret that is none; neither is repeated, since an address may hold a key.

    HTTPS, or plain HTTP to this machine; ``variable`` is the environment variable that the secret is read from.
    """
    try:
        parts = urlsplit(url)
        host, usable = parts.hostname or "", parts.port != 0
    except ValueError:  # a port or an address that is none
        host, usable = "", False
    if not (usable and host and parts.scheme in ("http", "https")) or not url.isascii() or not url.isprintable():
        raise InputError("--webhook takes an address, https://HOST/PATH")
    if " " in url or "@" in parts.netloc or parts.fragment:
        raise InputError("--webhook: the address takes no user, no password, no space and no #: leave them out")
    if parts.scheme == "http" and not is_loopback(host):
        raise InputError("--webhook: plain http:// only to this machine: give an https:// address")
    if len(secret.encode()) < SHORTEST_SECRET:
        raise InputError(
            f"--webhook signs what it sends: put a secret of {SHORTEST_SECRET} characters or more into the environment "
            f"variable {variable}"
        )


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """HMAC-SHA256 over ``timestamp.body``, in hexadecimal digits."""
    return hmac.new(secret.encode(), f"{timestamp}.".encode() + body, "sha256").hexdigest()


async def deliver(url: str, secret: str, body: bytes, delivery: str, waits: Sequence[float] = WAITS) -> Delivery:
    """Post a JSON ``body`` to ``url`` and nowhere else; what comes back is not read, and no redirect is followed.

    Tried again after each of ``waits`` (seconds) where there is no connection, no reply in time, or status 408, 429 or
    5xx. Raises nothing for a receiver that fails: the result says so. ValueError for a body that is too large.
    """
    if len(body) > MAX_BODY_BYTES:
        raise ValueError(f"an alert has at most {MAX_BODY_BYTES:,} bytes")
    failure = ""
    for number, wait in enumerate((0.0, *waits), 1):
        await asyncio.sleep(wait)
        failure, is_final = await _post(url, secret, body, delivery)
        if is_final:
            return Delivery(number, failure)
    return Delivery(1 + len(waits), failure)


async def _post(url: str, secret: str, body: bytes, delivery: str) -> tuple[str, bool]:
    """Why an attempt failed, empty where it did not, and whether another one is of no use."""
    import aiohttp
    from yarl import URL

    timestamp = int(time.time())
    headers = {
        "Content-Type": "application/json",
        "Steelyard-Delivery": delivery,
        "Steelyard-Timestamp": str(timestamp),
        "Steelyard-Signature": f"v1={signature(secret, timestamp, body)}",
    }
    limit = aiohttp.ClientTimeout(total=ATTEMPT_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=limit, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.post(
                URL(url, encoded=True), data=body, headers=headers, allow_redirects=False, proxy=proxy_of(url)
            ) as reply,
        ):
            status = reply.status
    except TimeoutError:
        return f"no reply within {ATTEMPT_SECONDS:g} s", False
    except aiohttp.ClientResponseError as error:
        return one_line(f"not HTTP: {error.message}", 200), True
    except (aiohttp.ClientError, OSError, UnicodeError) as error:
        return one_line(lost_connection.describe(error), 200), False
    if 200 <= status < 300:
        return "", True
    if 300 <= status < 400:
        return f"HTTP {status}: it redirects, which is not followed", True
    return f"HTTP {status}", not (status in (_TIMEOUT, _TOO_MANY) or status >= 500)
