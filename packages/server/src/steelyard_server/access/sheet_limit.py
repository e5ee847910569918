"""How much of pasted sheets one person may have read in a minute: a large one takes a process a second."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

__all__ = ["SheetLimit"]

WINDOW: Final = 60.0
CHARACTERS: Final = 1_000_000  # five of the largest
_LEAST: Final = 2_000  # what a small one counts as
_KEPT: Final = 20_000  # people: the oldest are forgotten first


class SheetLimit:
    """Counts characters by minutes, each person's own minute beginning with their first sheet."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._counts: OrderedDict[int, tuple[float, int]] = OrderedDict()  # began, characters since
        self._lock = threading.Lock()

    def seconds_to_wait(self, person: int, characters: int) -> float:
        """Count a sheet, and 0; or, where there was too much, how long to wait."""
        now = self._now()
        with self._lock:
            began, number = self._counts.get(person, (now, 0))
            if now >= began + WINDOW:
                began, number = now, 0
            number += max(_LEAST, characters)
            if number > CHARACTERS:
                return began + WINDOW - now
            self._counts[person] = began, number
            self._counts.move_to_end(person)
            while len(self._counts) > _KEPT:
                self._counts.popitem(last=False)
        return 0.0
