"""Weighted fair scheduling: measurements get time by their shares, each in its own committed order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import accumulate

__all__ = ["Call", "Schedule", "TaskQueue"]

# Outputs wait in memory for all before them in the committed order. One call that hangs must not let a measurement run
# arbitrarily far ahead of its test.
MAX_AHEAD = 4096
# Of a frugal measurement, whose answers are to be few: what is in flight when its test decides is paid for nothing.
FEW_AHEAD = 32


@dataclass(frozen=True, slots=True)
class Call:
    """One call to make: measurement, position in its committed order (−1: a repeat check), sample and repeat."""

    measurement: str
    position: int
    sample: int
    repeat: int


class TaskQueue:
    """One measurement's remaining calls and used time (seconds). Closed: decided, no more calls are made.

    ``head`` is the first position that its test has not read yet; None for a measurement without a sequential test,
    whose calls may run ahead without limit. Held: no test needs its answers yet. Queues of one ``lot`` are asked in one
    drawn order; ``left`` is how many calls this one has. Frugal: calls run ahead of the test by half of what it has
    read at most, or by a few. One that keeps :meth:`pace` with another asks no call before its time. ``until``: the
    place at which the present batch ends; ``reached`` is the last place that was asked.
    """

    def __init__(
        self,
        measurement: str,
        share: float,
        calls: Iterable[Call],
        used_seconds: float = 0.0,
        closed: bool = False,
        head: int | None = None,
        lot: str = "",
        left: int = 0,
    ) -> None:
        self.lot, self.left = lot, left
        self.measurement = measurement
        self.share = share
        self.used_seconds = used_seconds
        self.closed = closed
        self.head = head
        self.held = self.frugal = False
        self.until: int | None = None
        self.reached = -1
        self._calls: Iterator[Call] = iter(calls)
        self._upcoming = next(self._calls, None)
        self._taken: set[Call] | None = None
        self._leader: TaskQueue | None = None
        self._due: Sequence[int] = ()

    def pace(self, leader: TaskQueue, due: Sequence[int]) -> None:
        """Make the call at each place when the leader, of the same lot, comes to the place that ``due`` has for it."""
        self._leader, self._due = leader, due

    def renew(self, calls: Iterable[Call]) -> None:
        """Make these calls from now on, less those that were made already: of a queue that began without any."""
        taken = self._taken = self._taken or set()
        self._calls = (call for call in calls if call not in taken)
        self._upcoming = next(self._calls, None)

    @property
    def has_calls(self) -> bool:
        """Whether a call is left to make."""
        return self._upcoming is not None

    @property
    def ready(self) -> bool:
        """Whether the next call may be made now."""
        if self.closed or self.held or self._upcoming is None or not self._is_due:
            return False
        if self.until is not None and self._upcoming.position >= self.until:
            return False
        if self.head is None:
            return True
        most = max(FEW_AHEAD, self.head // 2) - 1 if self.frugal else MAX_AHEAD
        return self._upcoming.position - self.head <= most

    @property
    def _is_due(self) -> bool:
        if self._leader is None or self._upcoming is None:
            return True
        leading = self._leader._upcoming
        return leading is None or self._leader.closed or self._due[self._upcoming.position] <= leading.position

    @property
    def asked(self) -> int:
        """How many places of the order were asked, in this session or before, whatever came of them."""
        return max(self.reached + 1, 0 if self._upcoming is None else self._upcoming.position)

    @property
    def is_paced(self) -> bool:
        """Whether it keeps pace with another one: what is due goes first."""
        return self._leader is not None

    @property
    def debt(self) -> float:
        """Time used per unit of share: the lowest goes next."""
        return self.used_seconds / self.share

    @property
    def is_renewed(self) -> bool:
        """Whether its calls are chosen while the run goes on."""
        return self._taken is not None

    def take(self) -> Call:
        """Remove and return the next call."""
        call = self._upcoming
        assert call is not None
        if self._taken is not None:
            self._taken.add(call)
        self._upcoming = next(self._calls, None)
        self.left -= 1
        self.reached = max(self.reached, call.position)
        return call


class Schedule:
    """Weighted fair queuing, in slices of ``slice_seconds``: switching makes a cached prefix useless.

    The share of a decided measurement goes to the others, since only open ones are compared. Measurements of one lot
    are compared with each other: an endpoint that changes while they are asked must change for all alike, so the next
    call is drawn from all of them, by how many each has left, or is that of the one which keeps pace with another.
    """

    def __init__(self, queues: Iterable[TaskQueue] = (), slice_seconds: float = 10.0) -> None:
        self.slice_seconds = slice_seconds
        self._queues = {queue.measurement: queue for queue in queues}
        self._current: TaskQueue | None = None
        self._began_with = 0.0
        self._draws = 0

    def add(self, queue: TaskQueue) -> None:
        """Add one more measurement."""
        self._queues[queue.measurement] = queue

    def pace(self, measurement: str, leader: str, due: Sequence[int]) -> None:
        """Have a measurement keep pace with another one (:meth:`TaskQueue.pace`)."""
        self._queues[measurement].pace(self._queues[leader], due)

    def next_call(self) -> Call | None:
        """Take the next call; None where all are taken or all rows wait for their tests."""
        queue = self._current
        if queue is None or not queue.ready or queue.used_seconds - self._began_with >= self.slice_seconds:
            queue = self._choose()
        if queue is not None and queue.lot:
            queue = self._drawn(queue.lot)
        return None if queue is None else queue.take()

    def charge(self, measurement: str, seconds: float) -> None:
        """Charge the time that one call took, in seconds."""
        self._queues[measurement].used_seconds += seconds

    def used_seconds(self, measurement: str) -> float:
        """The time charged to one measurement, in seconds."""
        return self._queues[measurement].used_seconds

    def advance(self, measurement: str, head: int) -> None:
        """Note that its tests have read its order up to ``head``."""
        self._queues[measurement].head = head

    def begin_batch(self, end_after: Callable[[int], int]) -> None:
        """Make calls up to the end of the next batch: ``end_after`` says which that is after so many places.

        What is asked again, and what keeps pace with another measurement, has no ends of its own.
        """
        for queue in self._queues.values():
            is_free = queue.is_renewed or queue.is_paced
            queue.until = None if is_free else end_after(queue.asked)

    def hold(self, measurement: str, held: bool) -> None:
        """Make no calls of this measurement for the time being, or make them again."""
        self._queues[measurement].held = held

    @property
    def waits(self) -> bool:
        """Whether there are calls that no test needs yet, and that one may need later."""
        return any(queue.held and not queue.closed and queue.has_calls for queue in self._queues.values())

    def renew(self, measurement: str, calls: Iterable[Call]) -> None:
        """Make these calls of a measurement from now on (:meth:`TaskQueue.renew`)."""
        self._queues[measurement].renew(calls)

    def is_renewed(self, measurement: str) -> bool:
        """Whether the calls of this measurement are chosen while the run goes on."""
        return self._queues[measurement].is_renewed

    def close(self, measurement: str) -> None:
        """Make no more calls of this measurement."""
        self._queues[measurement].closed = True

    def is_closed(self, measurement: str) -> bool:
        """Whether no more calls of this measurement are made."""
        return self._queues[measurement].closed

    def _drawn(self, lot: str) -> TaskQueue:
        ready = [queue for queue in self._queues.values() if queue.lot == lot and queue.ready]
        if due := [queue for queue in ready if queue.is_paced]:
            return due[0]
        counts = [max(1, queue.left) for queue in ready]
        self._draws += 1
        number = int.from_bytes(sha256(f"{lot} {self._draws}".encode()).digest()) % sum(counts)
        return next(queue for queue, end in zip(ready, accumulate(counts), strict=True) if number < end)

    def _choose(self) -> TaskQueue | None:
        ready = [queue for queue in self._queues.values() if queue.ready]
        if not ready:
            self._current = None
            return None
        self._current = min(ready, key=lambda queue: queue.debt)
        self._began_with = self._current.used_seconds
        return self._current
