"""Which workers there are: each says in the database that it is alive, and one that was killed is missed there."""

from __future__ import annotations

import os
import re
import socket
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import psycopg

__all__ = ["ALIVE_SECONDS", "NOTE_SECONDS", "SHOWN_DAYS", "Presence", "WorkerRow", "workers_seen"]

NOTE_SECONDS: Final = 10.0  # how often a worker says so
ALIVE_SECONDS: Final = 40  # for so long it is believed
SHOWN_DAYS: Final = 7
_MOST: Final = 100
_SEEN: Final = """
SELECT w.id, w.name, w.host, w.process, w.concurrency, w.software, w.begun_at, w.seen_at, w.ended_at, w.problem,
    w.ended_at IS NULL AND w.seen_at > clock_timestamp() - make_interval(secs => %(alive)s) AS is_alive,
    CASE WHEN w.ended_at IS NULL THEN ARRAY(SELECT j.id FROM steelyard.job j
        WHERE j.state = 'running' AND j.worker = w.name ORDER BY j.id) ELSE '{}' END
FROM steelyard.worker w
WHERE w.seen_at > clock_timestamp() - make_interval(days => %(days)s)
    -- Of one that was started again under its name the last start tells all.
    AND NOT EXISTS (SELECT FROM steelyard.worker n WHERE n.name = w.name AND n.host = w.host AND n.id > w.id
        AND NOT (w.ended_at IS NULL AND w.seen_at > clock_timestamp() - make_interval(secs => %(alive)s)))
ORDER BY is_alive DESC, w.seen_at DESC LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A worker: alive, ended by itself (``ended_at``), or neither: then it is gone since ``seen_at``.

    ``problem`` is why it takes no job, "" where it does; ``jobs`` are the numbers of those that it has.
    """

    id: int
    name: str
    host: str
    process: int
    concurrency: int
    software: str
    begun_at: datetime
    seen_at: datetime
    ended_at: datetime | None
    problem: str
    is_alive: bool
    jobs: tuple[int, ...]

    @property
    def is_gone(self) -> bool:
        """Whether it was not heard of any more, and had not said goodbye."""
        return not self.is_alive and self.ended_at is None


class Presence:
    """The row of this process, made when it is noted first."""

    def __init__(self, name: str, concurrency: int, software: str) -> None:
        self._name = name
        self._concurrency = concurrency
        self._software = software
        self._row: int | None = None

    def note(self, connection: psycopg.Connection[Any], problem: str = "") -> None:
        """Say that it is alive, and why it takes no job."""
        if self._row is not None:
            done = connection.execute(
                "UPDATE steelyard.worker SET seen_at = clock_timestamp(), problem = %s WHERE id = %s AND name = %s "
                "AND ended_at IS NULL",
                (problem, self._row, self._name),
            )
            if done.rowcount == 1:
                return
        # The first time; or it was deleted since, or the database is another one, which a backup was restored to.
        row = connection.execute(
            "INSERT INTO steelyard.worker (name, host, process, concurrency, software, problem) "
            "VALUES (%s, %s, %s, %s, %s, %s) RETURNING id",
            (self._name, _host(), os.getpid(), self._concurrency, self._software[:100], problem),
        ).fetchone()
        assert row is not None
        self._row = int(row[0])

    def end(self, connection: psycopg.Connection[Any]) -> None:
        """Say goodbye."""
        if self._row is not None:
            connection.execute(
                "UPDATE steelyard.worker SET seen_at = clock_timestamp(), ended_at = clock_timestamp() "
                "WHERE id = %s AND name = %s AND ended_at IS NULL",
                (self._row, self._name),
            )


def workers_seen(connection: psycopg.Connection[Any]) -> tuple[WorkerRow, ...]:
    """The workers of the last seven days, at most a hundred: those that are alive first, then the last ones heard of.

    Of several starts under one name on one machine the last one, and those that are alive.
    """
    rows = connection.execute(_SEEN.encode(), {"alive": ALIVE_SECONDS, "days": SHOWN_DAYS, "most": _MOST}).fetchall()
    return tuple(replace(found, jobs=tuple(found.jobs)) for found in (WorkerRow(*row) for row in rows))


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname())[:100]
