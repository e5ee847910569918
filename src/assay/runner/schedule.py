"""Which call comes next: rows take turns, each by its share of the time, each in its own committed order."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

__all__ = ["Call", "Schedule", "Turn"]


@dataclass(frozen=True)
class Call:
    """One call to make: the row, the place in its committed order (−1: a probe's repeat), the sample and repeat."""

    row: str
    position: int
    sample: int
    repeat: int


@dataclass
class Turn:
    """One row's queue and what it has used of the time. Closed: its verdict stands, nothing more is asked."""

    row: str
    share: float
    calls: deque[Call]
    used_seconds: float = 0.0
    closed: bool = False

    @property
    def debt(self) -> float:
        """Time used, in units of the row's share: the lowest goes next."""
        return self.used_seconds / self.share


@dataclass
class Schedule:
    """Weighted fair turns. A turn lasts ``turn_seconds``, because switching rows costs a cached prefix its use.

    What a decided row leaves of its share goes to the others, since only open rows are compared.
    """

    turns: list[Turn]
    turn_seconds: float = 10.0
    _current: Turn | None = field(default=None, repr=False)
    _began_with: float = field(default=0.0, repr=False)

    def next_call(self) -> Call | None:
        """Take the next call, or None when nothing is left to ask."""
        turn = self._current
        if turn is None or turn.closed or not turn.calls or turn.used_seconds - self._began_with >= self.turn_seconds:
            turn = self._choose()
            if turn is None:
                return None
        return turn.calls.popleft()

    def charge(self, row: str, seconds: float) -> None:
        """Book the time that one call took."""
        self._turn(row).used_seconds += seconds

    def used_seconds(self, row: str) -> float:
        """The time booked on one row."""
        return self._turn(row).used_seconds

    def close(self, row: str) -> None:
        """Ask nothing more of this row."""
        self._turn(row).closed = True

    def _turn(self, row: str) -> Turn:
        return next(turn for turn in self.turns if turn.row == row)

    def _choose(self) -> Turn | None:
        ready = [turn for turn in self.turns if turn.calls and not turn.closed]
        if not ready:
            self._current = None
            return None
        self._current = min(ready, key=lambda turn: turn.debt)
        self._began_with = self._current.used_seconds
        return self._current
