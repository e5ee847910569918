"""How often somebody may try to sign in: by address, and by name and address together.

Not by the name alone: whoever knows it could then lock its owner out. Where no name is given, as by an identity
provider (the name ""), the address alone counts.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import Final

__all__ = ["Attempts"]

WINDOW: Final = 15 * 60.0
BY_NAME: Final = 5
BY_ADDRESS: Final = 30
_KEPT: Final = 20_000  # keys: the oldest are forgotten first


class Attempts:
    """Failed attempts of the last quarter of an hour. It is asked before a password is checked."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._failed: OrderedDict[tuple[str, str], list[float]] = OrderedDict()
        self._lock = threading.Lock()

    def seconds_to_wait(self, name: str, address: str) -> float:
        """0 where another attempt is allowed."""
        with self._lock:
            limits = {(name, _network(address)): BY_NAME} | {("", _network(address)): BY_ADDRESS}
            return max(self._wait(key, most) for key, most in limits.items())

    def note_failure(self, name: str, address: str) -> None:
        """Count a failed attempt. It is counted before the password is checked, so that many at once gain nothing."""
        with self._lock:
            for key in {("", _network(address)), (name, _network(address))}:
                self._failed.setdefault(key, []).append(self._now())
                self._failed.move_to_end(key)
            while len(self._failed) > _KEPT:
                self._failed.popitem(last=False)

    def forget(self, name: str, address: str) -> None:
        """It was the right password after all: the name's failures from there, and the address's last one, are gone."""
        with self._lock:
            if name:
                self._failed.pop((name, _network(address)), None)
            if times := self._failed.get(("", _network(address))):
                times.pop()

    def _wait(self, key: tuple[str, str], most: int) -> float:
        now = self._now()
        recent = [each for each in self._failed.get(key, ()) if each > now - WINDOW]
        if key in self._failed:
            self._failed[key] = recent
        return recent[-most] + WINDOW - now if len(recent) >= most else 0.0


def _network(address: str) -> str:
    """Who has one IPv6 address has 2⁶⁴ of them."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return str(ip_network(f"{address}/64", strict=False)) if found.version == 6 else address
