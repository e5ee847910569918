"""Stopping, from one thread, what others are running: a run must not wait for scoring that takes minutes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from steelyard.errors import SteelyardError

__all__ = ["Halt", "Halted"]


class Halted(SteelyardError):
    """The work was stopped from outside and has no result."""


class Halt:
    """A stop switch for running work; after :meth:`stop` nothing can start."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stopped = False
        self._ends: dict[object, Callable[[], None]] = {}

    def check(self) -> None:
        """Raise Halted once :meth:`stop` was called."""
        if self._stopped:
            raise Halted("stopped before its end")

    @contextmanager
    def ends(self, end: Callable[[], None]) -> Iterator[None]:
        """For as long as the block lasts :meth:`stop` calls ``end``; raises Halted where it was called before."""
        key = object()
        with self._lock:
            self.check()
            self._ends[key] = end
        try:
            yield
        finally:
            with self._lock:
                del self._ends[key]

    def stop(self) -> None:
        """End what is running; safe to call twice, and from any thread."""
        with self._lock:
            self._stopped = True
            for end in self._ends.values():
                end()
