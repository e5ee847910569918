"""How often somebody may try to sign in: by address, by name and address together, and from everywhere together.

Not by the name alone: whoever knows it could then lock its owner out. For the same reason the limit of everywhere is
none for networks from which somebody signed in since the server was started. Where no name is given, as by an identity
provider (the name ""), the address alone counts.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import Final

__all__ = ["Attempts", "network_of"]

WINDOW: Final = 15 * 60.0
BY_NAME: Final = 5
BY_ADDRESS: Final = 30
EVERYWHERE: Final = 1000  # of guesses from very many addresses
_EVERYWHERE_KEY: Final = ("", "everywhere")
_KEPT: Final = 20_000  # keys: the oldest are forgotten first


class Attempts:
    """Failed attempts of the last quarter of an hour. It is asked before a password is checked."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._failed: OrderedDict[tuple[str, str], list[float]] = OrderedDict()
        self._known: OrderedDict[str, None] = OrderedDict()  # networks that had a right password
        self._lock = threading.Lock()

    def seconds_to_wait(self, name: str, address: str) -> float:
        """0 where another attempt is allowed."""
        with self._lock:
            network = network_of(address)
            limits = {(name, network): BY_NAME} | {("", network): BY_ADDRESS}
            if network not in self._known:
                limits[_EVERYWHERE_KEY] = EVERYWHERE
            return max(self._wait(key, most) for key, most in limits.items())

    def note_failure(self, name: str, address: str) -> None:
        """Count a failed attempt. It is counted before the password is checked, so that many at once gain nothing."""
        with self._lock:
            for key in {("", network_of(address)), (name, network_of(address)), _EVERYWHERE_KEY}:
                self._failed.setdefault(key, []).append(self._now())
                self._failed.move_to_end(key)
            while len(self._failed) > _KEPT:
                self._failed.popitem(last=False)

    def forget(self, name: str, address: str) -> None:
        """It was the right password after all: the name's failures from there, and the address's last one, are gone."""
        with self._lock:
            if name:
                self._failed.pop((name, network_of(address)), None)
            self._drop_last(("", network_of(address)), _EVERYWHERE_KEY)
            self._known[network_of(address)] = None
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)

    def take_back(self, name: str, address: str) -> None:
        """It was no attempt: the password was not looked at."""
        with self._lock:
            self._drop_last(*{("", network_of(address)), (name, network_of(address)), _EVERYWHERE_KEY})

    def _drop_last(self, *keys: tuple[str, str]) -> None:
        for key in keys:
            if times := self._failed.get(key):
                times.pop()

    def _wait(self, key: tuple[str, str], most: int) -> float:
        now = self._now()
        recent = [each for each in self._failed.get(key, ()) if each > now - WINDOW]
        if key in self._failed:
            self._failed[key] = recent
        return recent[-most] + WINDOW - now if len(recent) >= most else 0.0


def network_of(address: str) -> str:
    """Whose addresses are counted as one: who has one IPv6 address has 2⁶⁴ of them, who is at this machine 2²⁴."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if found.is_loopback:
        return "loopback"
    return str(ip_network(f"{address}/64", strict=False)) if found.version == 6 else address
