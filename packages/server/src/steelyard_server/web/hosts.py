"""Whose name a request must give, and whom it comes from.

A page of anybody can make a browser ask a name that leads to this machine (DNS rebinding): a request whose Host is not
our own is refused. ``X-Forwarded-*`` is believed from a trusted proxy alone, and where one is named, nobody else in the
network is served. An IPv4 address that comes through an IPv6 socket (``::ffff:192.0.2.7``) is that IPv4 address, for
limits, proxies and the log.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from steelyard_server.http.facts import facts_of
from steelyard_server.http.replies import refusal

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from steelyard_server.settings import Network, ServeSettings

__all__ = ["Hosts", "is_in", "plain_address"]


class Hosts:
    """The layer that refuses foreign names, and notes the client's address."""

    def __init__(self, app: ASGIApp, settings: ServeSettings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or go on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        peer = plain_address(str((scope.get("client") or ("",))[0]))
        is_proxy = self._is_proxy(peer)
        facts = facts_of(scope)
        facts.address = (self._forwarded(scope) if is_proxy else "") or peer
        if problem := self._problem(scope, peer, is_proxy=is_proxy):
            await refusal(scope["path"], 403, problem)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _problem(self, scope: Scope, peer: str, *, is_proxy: bool) -> str:
        named = [value for name, value in scope["headers"] if name == b"host"]
        if len(named) != 1 or named[0].decode("latin-1").lower() not in self._settings.hosts:
            return f"this server is called {self._settings.base_url}: it answers to no other name"
        if self._settings.proxies and not is_proxy and not _is_loopback(peer):
            return "this server answers through its proxy alone"
        if is_proxy and _header(scope, b"x-forwarded-proto") not in ("", "https"):
            return "this server is reached by https alone"
        return ""

    def _is_proxy(self, peer: str) -> bool:
        return is_in(peer, self._settings.proxies)

    def _forwarded(self, scope: Scope) -> str:
        """The last address that no trusted proxy has: what stands before it, anybody may have written."""
        for each in reversed(_header(scope, b"x-forwarded-for").split(",")):
            address = plain_address(each.strip())
            if not _is_address(address):
                return ""
            if not self._is_proxy(address):
                return address
        return ""


def is_in(address: str, networks: tuple[Network, ...]) -> bool:
    """Whether an address is in one of these; what is no address is in none."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in networks)


def plain_address(address: str) -> str:
    """As it is usually written, IPv4 as IPv4; what is no address comes back as it is."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _header(scope: Scope, name: bytes) -> str:
    return ",".join(value.decode("latin-1") for key, value in scope["headers"] if key == name).strip()


def _is_loopback(peer: str) -> bool:
    try:
        return ipaddress.ip_address(peer).is_loopback
    except ValueError:
        return False
