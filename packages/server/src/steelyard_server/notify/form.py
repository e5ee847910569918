"""What is written of a webhook, read strictly. An address is never quoted: its path may be a secret."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from steelyard.errors import InputError
from steelyard_server.events import KINDS

__all__ = ["Target", "read_kinds", "read_place", "read_target"]

_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9._-]{0,251}[a-z0-9])?|[0-9a-f:.]{2,45}")
_PATH: Final = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%/-]{0,600}(\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]{0,300})?")
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a webhook goes; ``path`` begins with a stroke and has the query, too."""

    scheme: str
    host: str
    port: int
    path: str = "/"


def read_target(url: str) -> Target:
    """Read the URL of a webhook; raises InputError with what to type instead."""
    wrong = InputError("an address is https://HOST:PORT/PATH of plain letters and digits, without a name or password")
    if not url.isascii() or "#" in url or any(each.isspace() for each in url):
        raise wrong
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme not in _PORTS:
        raise InputError("an address begins with http:// or https://")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = (parts.hostname or "").lower()
    if parts.username is not None or port == 0 or not _HOST.fullmatch(host) or not _PATH.fullmatch(path):
        raise wrong
    return Target(parts.scheme, host, port or _PORTS[parts.scheme], path)


def read_place(url: str) -> Target:
    """Read scheme, host and port of a place where webhooks may go; raises InputError as :func:`read_target`."""
    target = read_target(url)
    if target.path != "/":
        raise InputError("a place is scheme, host and port alone, such as https://hooks.example.com")
    return target


def read_kinds(names: Iterable[str], *, least: int = 1) -> tuple[str, ...]:
    """The kinds of events that were chosen, in our order; raises InputError for none of ours, and for too few."""
    chosen = set(names)
    if not chosen <= KINDS.keys():
        raise InputError("there is no such kind of event")
    if len(chosen) < least:
        raise InputError("choose at least one kind of event")
    return tuple(name for name in KINDS if name in chosen)
