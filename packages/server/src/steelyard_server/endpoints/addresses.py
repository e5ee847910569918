"""Which addresses may be called: the one that is connected to is looked at, whatever name led there.

Private ranges are where a team's models are served, so they are allowed. Refused are addresses that lead to this
platform, its database or a cloud's metadata, and such as no server has. A name is not looked at but the address of each
connection, in the moment in which its socket is made: a name that resolves to another address the second time (DNS
rebinding), and a redirect, come through the same check.
"""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Final

import msgspec

from steelyard.util.text import one_line

__all__ = ["OwnPlaces", "RefusedAddressError", "checked_sockets", "refusal", "refused_host"]

_METADATA: Final = frozenset(
    map(
        ip_address,
        (
            "fd00:ec2::254",  # Amazon's
            "fd20:ce::254",  # Google's
            "100.100.100.200",  # Alibaba's
            "168.63.129.16",  # Azure's
            "192.0.0.192",  # Oracle's
        ),
    )
)
_NOBODYS: Final = tuple(map(ip_network, ("0.0.0.0/8", "240.0.0.0/4")))
# Addresses that hold an IPv4 address in their last 32 bits, to which a gateway may lead.
_TRANSLATED: Final = tuple(map(ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "::/96")))
_ISATAP: Final = (0x00005EFE, 0x02005EFE)


class OwnPlaces(msgspec.Struct, frozen=True, kw_only=True):
    """What is the platform's own: ports of this machine, places elsewhere (its database), and its public name.

    Places and names are host and port. A place is refused by each address that it has. A name is refused as a name: a
    proxy may serve others at the same address, and the platform answers to no other name.
    """

    ports: tuple[int, ...] = ()
    places: tuple[tuple[str, int], ...] = ()
    names: tuple[tuple[str, int], ...] = ()


class RefusedAddressError(OSError):
    """An address that may not be called; a connection to it was not made."""


def refusal(address: str, port: int, own: OwnPlaces) -> str:
    """Why an address may not be connected to, in words; "" where it may."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return "this is no address of the internet"
    for each in (found, *_inner(found)):
        if reason := _reason(each):
            return reason
        if port in own.ports and _is_this_machine(each):
            return "this is the platform itself, or its database"
        if any(port == other and each in _addresses(host) for host, other in own.places):
            return "this is the platform itself, or its database"
    return ""


def refused_host(host: str, port: int, own: OwnPlaces) -> str:
    """Why a host may not be called, by any of the addresses that it has now; "" also where it has none.

    For words on a form, and for a call by a proxy, which resolves the name itself. It is no protection alone.
    """
    if (host.lower().rstrip("."), port) in own.names:
        return "this is the platform itself, or its database"
    return next(filter(None, (refusal(str(each), port, own) for each in sorted(_addresses(host), key=str))), "")


def checked_sockets(own: OwnPlaces) -> Callable[[Any], socket.socket]:
    """What makes aiohttp's sockets (``socket_factory``); it raises RefusedAddressError for what may not be called."""

    def made(address: Any) -> socket.socket:
        family, kind, protocol, _, place = address
        if reason := refusal(str(place[0]), int(place[1]), own):
            raise RefusedAddressError(errno.EACCES, f"{one_line(str(place[0]), 60)} is not called: {reason}")
        return socket.socket(family, kind, protocol)

    return made


def _reason(address: IPv4Address | IPv6Address) -> str:
    if address.is_link_local or address in _METADATA:
        return "it is link-local, or gives a cloud's metadata and keys"
    if address.is_unspecified or any(address in network for network in _NOBODYS):
        return "no server has this address"
    return "it is a multicast address" if address.is_multicast else ""


def _inner(address: IPv4Address | IPv6Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses that an IPv6 address stands for."""
    if isinstance(address, IPv4Address):
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    number = int(address)
    translated = any(address in network for network in _TRANSLATED) and number > 1  # :: and ::1 are none
    if translated or (number >> 32) & 0xFFFFFFFF in _ISATAP:
        yield IPv4Address(number & 0xFFFFFFFF)


def _is_this_machine(address: IPv4Address | IPv6Address) -> bool:
    """Whether a connection to it ends here: who can listen on an address has it."""
    if address.is_loopback:
        return True
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((str(address), 0))
        return True
    return False


def _addresses(host: str) -> set[IPv4Address | IPv6Address]:
    """The addresses that a host has now, and those that they stand for."""
    found: set[IPv4Address | IPv6Address] = set()
    with contextlib.suppress(OSError, UnicodeError):
        for *_, place in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM):
            with contextlib.suppress(ValueError):
                address = ip_address(str(place[0]).partition("%")[0])
                found |= {address, *_inner(address)}
    return found
