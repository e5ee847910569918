"""What an administrator of the server should look at, in the same words on *Overview* and on *Admin*."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from steelyard.reports.words import counted
from steelyard.util.text import one_line
from steelyard_server.database.audit import last_act
from steelyard_server.events import BACKUP_DAYS
from steelyard_server.jobs.workers import ALIVE_SECONDS, SHOWN_DAYS
from steelyard_server.pages.words import moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    from steelyard_server.jobs.workers import WorkerRow

__all__ = ["Warned", "backup_warnings", "last_backup", "worker_warnings"]

_WORK: Final = """
SELECT EXISTS (SELECT FROM steelyard.worker WHERE ended_at IS NULL
        AND seen_at > clock_timestamp() - make_interval(secs => %s)),
    (SELECT count(*) FROM steelyard.job WHERE state = 'waiting' AND waits_for = ''),
    (SELECT count(*) FROM steelyard.schedule WHERE is_on)
"""
_SINCE: Final = "SELECT EXISTS (SELECT FROM steelyard.run), min(created_at) FROM steelyard.project"


@dataclass(frozen=True, slots=True)
class Warned:
    """A sentence in two parts: ``about`` is what it begins with."""

    about: str
    said: str


def worker_warnings(
    connection: psycopg.Connection[Any], workers: Sequence[WorkerRow], days: int = SHOWN_DAYS
) -> list[Warned]:
    """Workers that are gone since so many days at most, those that take no job, and that none is alive to do work."""
    since = datetime.now(UTC) - timedelta(days=days)
    found = [
        Warned(_named(each), f"is gone: last heard of {moment(each.seen_at)}")
        for each in workers
        if each.is_gone and each.seen_at > since
    ]
    found += [
        Warned(_named(each), f"takes no job: {each.problem}") for each in workers if each.is_alive and each.problem
    ]
    row = connection.execute(_WORK, (ALIVE_SECONDS,)).fetchone()
    assert row is not None
    is_any, waiting, schedules = row
    if not is_any and (waiting or schedules):
        work = [
            *([f"{counted(waiting, 'job')} {'waits' if waiting == 1 else 'wait'}"] if waiting else []),
            *([f"{counted(schedules, 'schedule')} {'is' if schedules == 1 else 'are'} on"] if schedules else []),
        ]
        found.append(Warned("No worker", f"is alive, and {' and '.join(work)}: start steelyard worker"))
    return found


def backup_warnings(connection: psycopg.Connection[Any]) -> list[Warned]:
    """That the last backup is old, or that there is none of a platform that has something to lose."""
    at = last_backup(connection)
    if at is not None:
        days = (datetime.now(UTC) - at).days
        if days < BACKUP_DAYS:
            return []
        return [Warned("The last backup", f"is of {moment(at)}, {counted(days, 'day')} ago: steelyard serve backup")]
    row = connection.execute(_SINCE).fetchone()
    assert row is not None
    has_runs, since = row
    if not has_runs and (since is None or datetime.now(UTC) - since < timedelta(days=BACKUP_DAYS)):
        return []
    return [Warned("No backup", "was made yet: steelyard serve backup")]


def last_backup(connection: psycopg.Connection[Any]) -> datetime | None:
    """When a backup was written last, or the platform was made from one; None for never."""
    found = [at for act in ("backup", "restore") if (at := last_act(connection, act)) is not None]
    return max(found, default=None)


def _named(worker: WorkerRow) -> str:
    name = one_line(worker.name, 100)
    return f"Worker {name} on {worker.host}" if worker.host not in worker.name else f"Worker {name}"
