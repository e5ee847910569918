"""Addresses of endpoints in normal form: one address has one spelling."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import ip_address
from typing import Final
from urllib.parse import quote, unquote, urlsplit

__all__ = ["normal_address", "normal_endpoint", "normal_endpoints"]

_PORTS: Final = {"http": 80, "https": 443}
_PLAIN: Final = "!$&'()*+,;=:@~/"  # what a path may hold as it is (RFC 3986, section 3.3)


def normal_endpoint(address: str) -> str:
    """An address in normal form; a base URL without a path is that with ``/v1``, as models' addresses are."""
    if not re.match(r"https?://", address, re.IGNORECASE):
        return address
    bare = re.fullmatch(r"[a-z]+://[^/]+/?", address, re.IGNORECASE)
    return normal_address(address.rstrip("/") + "/v1" if bare else address)


def normal_endpoints(addresses: Iterable[str]) -> tuple[str, ...]:
    """Addresses in normal form, each once, in order."""
    return tuple(sorted({normal_endpoint(each) for each in addresses}))


def normal_address(url: str) -> str:
    """Scheme, host, port and path in normal form (RFC 3986, section 6.2): one address has one spelling."""
    parts = urlsplit(url)
    scheme, port = parts.scheme.lower(), parts.port or _PORTS.get(parts.scheme.lower(), 0)
    path = posixpath.normpath("/" + quote(unquote(parts.path), safe=_PLAIN).strip("/"))
    return f"{scheme}://{_normal_host(parts.hostname or '')}:{port}{path}"


def _normal_host(host: str) -> str:
    host = host.lower().rstrip(".")
    with suppress(ValueError):  # a name, not a number
        return f"[{ip_address(host).compressed}]" if ":" in host else str(ip_address(host))
    try:
        return host.encode("idna").decode().lower()
    except UnicodeError:
        return host
