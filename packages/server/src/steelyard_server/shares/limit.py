"""How often one address may open share links: a limit of its own, counted before anything is looked up."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

from steelyard_server.access.attempts import network_of

__all__ = ["OpenLimit"]

WINDOW: Final = 60.0
MOST: Final = 60
_KEPT: Final = 20_000  # addresses: the oldest are forgotten first


class OpenLimit:
    """So many openings a minute and address; of IPv6 a /64 counts as one."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._times: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def seconds_to_wait(self, address: str) -> float:
        """Count an opening, and 0; or, where there were too many, how long to wait."""
        key, now = network_of(address), self._now()
        with self._lock:
            times = self._times.setdefault(key, deque(maxlen=MOST))
            self._times.move_to_end(key)
            while len(self._times) > _KEPT:
                self._times.popitem(last=False)
            if len(times) == MOST and times[0] > now - WINDOW:
                return times[0] + WINDOW - now
            times.append(now)
        return 0.0
