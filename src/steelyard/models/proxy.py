"""The proxy that the user's environment names for an endpoint, if any."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import unquote, urlsplit

from steelyard.errors import InputError

__all__ = ["is_loopback", "proxy_of", "secrets_of"]


def proxy_of(url: str) -> str | None:
    """The proxy's URL; aiohttp's own ``trust_env`` would send the passwords of ``~/.netrc`` too.

    Raises InputError for one that is no URL of a proxy, without repeating it.
    """
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or proxy_bypass(host):
        return None
    proxy = getproxies().get(parts.scheme)
    if proxy and not _is_usable(proxy):
        raise InputError(
            f"the proxy in {parts.scheme}_proxy or {parts.scheme.upper()}_PROXY is no address such as "
            "http://HOST:PORT (it is not repeated here, since it may hold a password): set it again, or unset it"
        )
    return proxy or None


def secrets_of(proxy: str | None) -> tuple[str, ...]:
    """What a proxy's URL has that no text may show: its user with its password, and the password alone."""
    parts = urlsplit(proxy or "")
    if not parts.password:
        return ()
    password = unquote(parts.password)
    return f"{unquote(parts.username or '')}:{password}", password


def is_loopback(host: str) -> bool:
    """Whether a host of a URL is this machine: all of 127.0.0.0/8, also as IPv6 writes it, and names of localhost."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return _is_short_loopback(name)
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def _is_short_loopback(name: str) -> bool:
    """127.1, 2130706433, 0x7f.1 and the like, which the C library takes for addresses too."""
    try:
        return socket.inet_aton(name)[0] == 127  # of 127.0.0.0/8
    except OSError:
        return False


def _is_usable(proxy: str) -> bool:
    try:
        parts = urlsplit(proxy)
        named = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port or an address that is none
        return False
    plain = proxy.isascii() and proxy.isprintable() and not any(character in proxy for character in ' <>"\\^`{|}')
    return named and plain and not (parts.query or parts.fragment) and parts.path in ("", "/")
