"""Which call comes next: measurements take turns, each by its share of the time, each in its own committed order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

__all__ = ["Call", "Schedule", "TaskQueue"]

# Answers wait in memory until all before them in the committed order are there. One call that hangs must not let a
# measurement run arbitrarily far ahead of what its test can read.
MAX_AHEAD = 4096


@dataclass(frozen=True, slots=True)
class Call:
    """One call to make: the measurement, the place in its order (−1: the repeat check), sample and repeat."""

    measurement: str
    position: int
    sample: int
    repeat: int


class TaskQueue:
    """One measurement's calls and what it has used of the time. Closed: its verdict stands, nothing more is asked.

    ``head`` is the first place in the order that its test has not read yet; None where no order is read (nothing
    tests it), so that nothing can run ahead.
    """

    def __init__(
        self,
        measurement: str,
        share: float,
        calls: Iterable[Call],
        used_seconds: float = 0.0,
        closed: bool = False,
        head: int | None = None,
    ) -> None:
        self.measurement = measurement
        self.share = share
        self.used_seconds = used_seconds
        self.closed = closed
        self.head = head
        self._calls: Iterator[Call] = iter(calls)
        self._upcoming = next(self._calls, None)

    @property
    def ready(self) -> bool:
        """Whether the next call may be made now."""
        if self.closed or self._upcoming is None:
            return False
        return self.head is None or self._upcoming.position - self.head <= MAX_AHEAD

    @property
    def debt(self) -> float:
        """Time used, in units of the measurement's share: the lowest goes next."""
        return self.used_seconds / self.share

    def take(self) -> Call:
        """The next call, which is then no longer there."""
        call = self._upcoming
        assert call is not None
        self._upcoming = next(self._calls, None)
        return call


class Schedule:
    """Weighted fair turns. A turn lasts ``turn_seconds``, because switching costs a cached prefix its use.

    What a decided measurement leaves of its share goes to the others, since only open ones are compared.
    """

    def __init__(self, turns: Iterable[TaskQueue] = (), turn_seconds: float = 10.0) -> None:
        self.turn_seconds = turn_seconds
        self._turns = {turn.measurement: turn for turn in turns}
        self._current: TaskQueue | None = None
        self._began_with = 0.0

    def add(self, turn: TaskQueue) -> None:
        """Take in one more measurement."""
        self._turns[turn.measurement] = turn

    def next_call(self) -> Call | None:
        """Take the next call; None when nothing can be asked now: all is asked, or the heads are waited for."""
        turn = self._current
        if turn is None or not turn.ready or turn.used_seconds - self._began_with >= self.turn_seconds:
            turn = self._choose()
        return None if turn is None else turn.take()

    def charge(self, measurement: str, seconds: float) -> None:
        """Book the time that one call took."""
        self._turns[measurement].used_seconds += seconds

    def used_seconds(self, measurement: str) -> float:
        """The time booked on one measurement."""
        return self._turns[measurement].used_seconds

    def advance(self, measurement: str, head: int) -> None:
        """Its tests have read its order up to ``head``."""
        self._turns[measurement].head = head

    def close(self, measurement: str) -> None:
        """Ask nothing more of this measurement."""
        self._turns[measurement].closed = True

    def is_closed(self, measurement: str) -> bool:
        """Whether nothing more is asked of this measurement."""
        return self._turns[measurement].closed

    def _choose(self) -> TaskQueue | None:
        ready = [turn for turn in self._turns.values() if turn.ready]
        if not ready:
            self._current = None
            return None
        self._current = min(ready, key=lambda turn: turn.debt)
        self._began_with = self._current.used_seconds
        return self._current
