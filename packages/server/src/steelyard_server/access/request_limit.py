"""How many requests a program may send in a minute: by its token; by its network, where it has no valid one."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from steelyard_server.access.attempts import network_of
from steelyard_server.access.callers import Caller

__all__ = ["OF_NETWORK", "OF_TOKEN", "RequestLimit"]

WINDOW: Final = 60.0
OF_TOKEN: Final = 3000
OF_NETWORK: Final = 600  # without a valid token
_KEPT: Final = 20_000  # counts: the oldest are forgotten first


class RequestLimit:
    """Counts requests by minutes, each count's own minute beginning with its first request.

    A valid token has a count of its own, so that nobody else in its network can use it up.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()  # began, requests since
        self._lock = threading.Lock()

    def seconds_to_wait(self, caller: Caller, address: str) -> float:
        """Count a request, and 0; or, where there were too many, how long to wait."""
        is_known = caller.token is not None
        key, most = (f"token {caller.token}", OF_TOKEN) if is_known else (network_of(address), OF_NETWORK)
        now = self._now()
        with self._lock:
            began, number = self._counts.get(key, (now, 0))
            if now >= began + WINDOW:
                began, number = now, 0
            if number >= most:
                return began + WINDOW - now
            self._counts[key] = began, number + 1
            self._counts.move_to_end(key)
            while len(self._counts) > _KEPT:
                self._counts.popitem(last=False)
        return 0.0
