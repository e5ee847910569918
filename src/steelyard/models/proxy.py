"""The proxy that the user's environment names for an endpoint, if any."""

from __future__ import annotations

from urllib.parse import urlsplit

__all__ = ["proxy_of"]

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def proxy_of(url: str) -> str | None:
    """The proxy's URL; aiohttp's own ``trust_env`` would send the passwords of ``~/.netrc`` too."""
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    host = parts.hostname or ""
    if host in _LOOPBACK or proxy_bypass(host):
        return None
    return getproxies().get(parts.scheme)
