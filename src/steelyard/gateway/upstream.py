"""The endpoint that the user named: the only host that is ever called, over one connection pool."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from steelyard.errors import InputError
from steelyard.gateway.secrets import KEY_HEADERS
from steelyard.models.proxy import proxy_of

if TYPE_CHECKING:
    import aiohttp
    from multidict import CIMultiDict

__all__ = ["Upstream", "end_to_end", "is_encoded", "named_endpoint", "own_key"]

# Hop-by-hop headers (RFC 9110 §7.6.1) are not forwarded; length and framing are set anew.
_HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-connection",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_NOT_SENT_ON: Final = frozenset({"host", "content-length", "accept-encoding", "expect"})
_ALWAYS_ABSENT: Final = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")  # unless the client sends them
_READABLE: Final = ("gzip", "deflate")
# Shorter than the servers' own (uvicorn: 5 s), so that no call is sent on a connection that the server is closing.
_KEEP_ALIVE_SECONDS = 4.0
_CONNECT_SECONDS = 30.0
_HEADER_BYTES = 1 << 16
_VARIABLE = "STEELYARD_API_KEY"


def named_endpoint(url: str) -> str:
    """The base URL of ``--to``: with ``/v1`` where it has no path.

    Raises InputError without repeating the URL, which may hold a secret.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port or an address that is none
        usable = False
    if not usable or any(character.isspace() or not character.isprintable() for character in url):
        raise InputError("--to takes the URL of an endpoint, such as https://api.example.com/v1")
    if parts.query or parts.fragment or parts.username or parts.password:
        raise InputError("the URL of --to takes no query and no password: the client's own key is passed on")
    base = url.rstrip("/")
    return base if parts.path.strip("/") else base + "/v1"


def own_key(variable: str | None) -> str:
    """The gateway's own key, which replaces the client's: from ``--api-key-env``, else STEELYARD_API_KEY, else none.

    Raises InputError where the named variable holds no usable key.
    """
    name = variable or _VARIABLE
    found = os.environ.get(name, "").strip()
    if variable and not found:
        raise InputError(f"the environment variable {variable} holds no API key: set it, or name another")
    if not found.isascii() or not found.isprintable():
        raise InputError(f"the API key in {name} holds characters that no HTTP header can: set it again")
    return found


def end_to_end(headers: Mapping[str, str], dropped: frozenset[str] = frozenset()) -> CIMultiDict[str]:
    """The end-to-end headers, in order and with duplicates."""
    from multidict import CIMultiDict

    named = headers.get("Connection", "")
    ends_here = _HOP_BY_HOP | dropped
    if named and named.lower() not in ("keep-alive", "close"):
        ends_here |= {token.strip().lower() for token in named.split(",")}
    return CIMultiDict([(name, value) for name, value in headers.items() if name.lower() not in ends_here])


def is_encoded(headers: Mapping[str, str]) -> bool:
    """Whether the body of a reply is compressed, or encoded in any other way but in chunks."""
    stated = [value for name, value in headers.items() if name.lower() in ("content-encoding", "transfer-encoding")]
    tokens = {token.strip().lower() for value in stated for token in value.split(",")}
    return not tokens <= {"", "identity", "chunked"}


class Upstream:
    """Forwards calls. ``base`` is the endpoint's URL, ``key`` the gateway's own ("": the client's is passed on)."""

    def __init__(self, base: str, key: str = "") -> None:
        self.base = base
        self.key = key
        self._proxy = proxy_of(base)
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return f"Upstream({self.base!r})"

    async def open(self) -> None:
        """Open the connection pool: unbounded, since the client decides how much is in flight, and without timeouts."""
        import aiohttp

        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_SECONDS),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_ALWAYS_ABSENT,
            auto_decompress=False,
            max_line_size=_HEADER_BYTES,
            max_field_size=_HEADER_BYTES,
        )

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Any:
        """Begin one exchange (a context manager for the reply). ``path`` begins with a slash or is empty.

        Raises aiohttp's errors. Redirects are not followed: a key must not travel to another host.
        """
        from yarl import URL

        assert self._session is not None
        return self._session.request(
            method,
            URL(self.base + path, encoded=True),
            headers=self._headers(headers),
            data=body or None,
            allow_redirects=False,
            proxy=self._proxy,
        )

    def _headers(self, headers: Mapping[str, str]) -> CIMultiDict[str]:
        sent = end_to_end(headers, _NOT_SENT_ON)
        accepted = headers.get("Accept-Encoding", "").lower()
        # Only encodings that can be read here; with a key of our own none, so that the mask can find it.
        readable = [] if self.key else [name for name in _READABLE if name in accepted]
        sent["Accept-Encoding"] = ", ".join(readable) or "identity"
        if self.key:
            for name in KEY_HEADERS:
                sent.popall(name, None)
            sent["Authorization"] = f"Bearer {self.key}"
        return sent
