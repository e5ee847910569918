"""Who may write to a run in the database: one process at a time, for a time, under a number that only goes up.

The database refuses every line that comes under another number than the last, or after its time. The process itself
sends no call once its time is over by its own clock, which begins before the database's.
"""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError, StorageError

if TYPE_CHECKING:
    from types import FrameType

    import psycopg

__all__ = ["MAX_SECONDS", "Lease", "LeaseLost", "give_back", "leave_when_woken_late", "renew", "seconds_now", "take"]

MAX_SECONDS: Final = 600.0
_OVER: Final = "LE001"  # the SQLSTATEs of our own triggers
_HELD: Final = "LE002"
_FINISHED: Final = "LE003"
_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # goes on while the machine sleeps


class LeaseLost(StorageError):
    """The process may not write to the run any more: another one goes on, or its time ran out."""


@dataclass
class Lease:
    """A lease of a run: its number is the fence that every write carries; ``over_at`` is by :func:`seconds_now`."""

    run: int
    number: int
    seconds: float
    over_at: float = field(repr=False)

    @property
    def is_over(self) -> bool:
        """Whether its time has run out, by this machine's clock: never later than by the database's."""
        return seconds_now() >= self.over_at


def seconds_now() -> float:
    """Seconds on a clock that nobody sets, and that goes on while the process or the machine sleeps."""
    return time.clock_gettime(_CLOCK)


def take(connection: psycopg.Connection[Any], run: int, holder: str, seconds: float) -> Lease | None:
    """Take the next lease of a run, on a connection in autocommit; None while another process holds one.

    Raises ValueError for more than ten minutes and for nobody, InputError where there is no such run or it is sealed.
    """
    import psycopg

    if not 0 < seconds <= MAX_SECONDS:
        raise ValueError(f"a lease has up to {MAX_SECONDS:.0f} seconds, not {seconds:g}")
    if not holder:
        raise ValueError("a lease has a holder")
    began = seconds_now()
    try:
        row = connection.execute(
            "INSERT INTO steelyard.lease (run_id, number, holder, until) "
            "SELECT %(run)s, coalesce(max(number), 0) + 1, %(holder)s, "
            "clock_timestamp() + make_interval(secs => %(time)s)"
            " FROM steelyard.lease WHERE run_id = %(run)s RETURNING number",
            {"run": run, "holder": holder[:200], "time": seconds},
        ).fetchone()
    except psycopg.errors.ForeignKeyViolation:
        raise InputError(f"there is no run {run} in the database") from None
    except psycopg.errors.CheckViolation:  # somebody took one and gave it back meanwhile
        return None
    except psycopg.Error as error:
        if error.sqlstate == _HELD:
            return None
        if error.sqlstate == _FINISHED:
            raise InputError(f"run {run} is finished and sealed") from None
        raise
    assert row is not None
    return Lease(run, row[0], seconds, began + seconds)


def renew(connection: psycopg.Connection[Any], lease: Lease) -> None:
    """Hold a lease for its seconds from now; raises LeaseLost where it is over."""
    began = seconds_now()
    _set_until(connection, lease, lease.seconds)
    lease.over_at = began + lease.seconds


def give_back(connection: psycopg.Connection[Any], lease: Lease) -> None:
    """End a lease now, so that another process need not wait; raises LeaseLost where it is over already."""
    lease.over_at = seconds_now()
    _set_until(connection, lease, 0.0)


def _set_until(connection: psycopg.Connection[Any], lease: Lease, seconds: float) -> None:
    import psycopg

    try:
        done = connection.execute(
            "UPDATE steelyard.lease SET until = clock_timestamp() + make_interval(secs => %s) "
            "WHERE run_id = %s AND number = %s",
            (seconds, lease.run, lease.number),
        )
    except psycopg.Error as error:
        raise lost(lease) if is_over(error) else error from None
    if not done.rowcount:
        raise lost(lease)


def is_over(error: psycopg.Error) -> bool:
    """Whether the database refused a write because its lease is over."""
    return error.sqlstate == _OVER


def lost(lease: Lease, reason: str = "") -> LeaseLost:
    """The error of a process whose lease is over."""
    return LeaseLost(
        f"the lease of run {lease.run} is over{f' ({reason})' if reason else ''}: what was not committed by then is "
        "asked again by the process that goes on with it"
    )


def leave_when_woken_late(lease: Lease) -> None:
    """End this process at once when it is continued after a stop (SIGCONT) and its lease is over by then.

    A call that it was about to send when it was stopped would else be sent, though another process has the answer. For
    a process that does one run; to be called in its main thread.
    """

    def leave(number: int, frame: FrameType | None) -> None:
        if lease.is_over:
            os._exit(StorageError.exit_code)

    signal.signal(signal.SIGCONT, leave)
