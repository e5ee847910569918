"""What ended jobs leave beside the run that was taken in: folders, and runs in the database, texts included.

Both are copies that nobody reads any more when a job has ended for good. Rows are marked first and deleted then, run by
run, and folders last, so a crash leaves what the next retention finds. A job that waits, runs or is paused keeps its
own, and so does one that another job goes on with.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from steelyard_server.database.audit import append_audit
from steelyard_server.database.beneath import opened, remove

if TYPE_CHECKING:
    import psycopg

    from steelyard_server.database.folder import DataFolder

__all__ = [
    "ADDING_JOBS_LOCK",
    "JobCopies",
    "clear_marked",
    "copies_of_erased",
    "copies_of_run",
    "job_folders",
    "mark_copies",
    "old_copies",
    "remove_job_folders",
]

ADDING_JOBS_LOCK: Final = 8101738236452  # advisory: who adds a job, or looks which can be gone on with no more
_NAME: Final = re.compile(r"[1-9][0-9]{0,18}")
# Of each line of jobs that go on with each other, all of which have ended: the first one's number, the runs that are
# stored and not marked yet, and whether somebody who asked for one of them was erased.
_ENDED: Final = """
SELECT base, runs, is_erased, is_of_run FROM (
    SELECT coalesce(j.resumes, j.id) AS base, max(j.ended_at) AS ended_at, min(p.text_months) AS text_months,
        coalesce(array_agg(DISTINCT j.stored_run_id)
            FILTER (WHERE j.stored_run_id IS NOT NULL AND c.run_id IS NULL), '{}') AS runs,
        bool_or(w.erased_at IS NOT NULL) AS is_erased, coalesce(bool_or(j.run_id = %(run)s), false) AS is_of_run
    FROM steelyard.job j JOIN steelyard.project p ON p.id = j.project_id
    JOIN steelyard.person w ON w.id = j.requested_by
    LEFT JOIN steelyard.stored_run_cleared c ON c.run_id = j.stored_run_id
    GROUP BY coalesce(j.resumes, j.id)
    HAVING bool_and(j.state IN ('finished', 'failed', 'cancelled'))
) ended
WHERE (cardinality(runs) > 0 OR base = ANY (%(folders)s))
    AND (is_erased OR is_of_run OR ended_at < %(cut)s
        OR ended_at < date_trunc('month', now()) - make_interval(months => text_months))
ORDER BY base
"""


@dataclass(frozen=True, slots=True)
class JobCopies:
    """What a job left, and those that went on with it: the number of its folder, and of its runs in the database."""

    folder: int
    runs: tuple[int, ...]
    is_of_erased: bool


def old_copies(connection: psycopg.Connection[Any], folders: Sequence[int], cut: datetime) -> tuple[JobCopies, ...]:
    """What jobs left that ended before ``cut``, longer ago than their project keeps texts, or were an erased person's.

    ``folders`` are numbers of jobs that have a folder. In the caller's transaction, until whose end nobody adds a job
    that goes on with one of them.
    """
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (ADDING_JOBS_LOCK,))
    found = _ended(connection, folders, cut, 0)
    return tuple(JobCopies(base, tuple(runs), is_erased) for base, runs, is_erased, _ in found)


def copies_of_erased(connection: psycopg.Connection[Any], folders: Sequence[int] = ()) -> tuple[JobCopies, ...]:
    """What is left of jobs of people who were erased; as :func:`old_copies`."""
    return tuple(each for each in old_copies(connection, folders, datetime.min) if each.is_of_erased)


def copies_of_run(connection: psycopg.Connection[Any], folders: Sequence[int], run: int) -> tuple[JobCopies, ...]:
    """What the jobs left that made the run with this number, if all of them have ended; as :func:`old_copies`."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (ADDING_JOBS_LOCK,))
    found = _ended(connection, folders, datetime.min, run)
    return tuple(JobCopies(base, tuple(runs), is_erased) for base, runs, is_erased, is_of_run in found if is_of_run)


def _ended(
    connection: psycopg.Connection[Any], folders: Sequence[int], cut: datetime, run: int
) -> list[tuple[int, list[int], bool, bool]]:
    return connection.execute(_ENDED.encode(), {"folders": [*folders], "cut": cut, "run": run}).fetchall()


def mark_copies(connection: psycopg.Connection[Any], found: Sequence[JobCopies], because: str = "") -> None:
    """Note, as the owner and in the caller's transaction, that they are deleted: an audit line for each job."""
    for each in found:
        for run in each.runs:
            connection.execute("SELECT steelyard.mark_cleared(%s)", (run,))
        details = {"because": because or ("erase" if each.is_of_erased else "retain"), "runs": len(each.runs)}
        append_audit(connection, "clear-job", actor="owner", subject=f"job:{each.folder}", details=details)


def clear_marked(connection: psycopg.Connection[Any]) -> int:
    """Delete the rows of all runs that are marked, each in a transaction; how many rows they were."""
    query = (
        "SELECT c.run_id FROM steelyard.stored_run_cleared c "
        "WHERE EXISTS (SELECT FROM steelyard.stored_file f WHERE f.run_id = c.run_id) "
        "OR EXISTS (SELECT FROM steelyard.stored_line l WHERE l.run_id = c.run_id) "
        "OR EXISTS (SELECT FROM steelyard.stored_text t WHERE t.run_id = c.run_id) ORDER BY 1"
    )
    rows = 0
    for (run,) in connection.execute(query).fetchall():
        with connection.transaction():
            done = connection.execute("SELECT steelyard.clear_stored_run(%s)", (run,)).fetchone()
            assert done is not None
            rows += int(done[0])
    return rows


def remove_job_folders(folder: DataFolder, found: Iterable[JobCopies]) -> None:
    """Remove the folders of these jobs; nothing happens where one is gone."""
    for each in found:
        remove(folder.path, folder.jobs.name, str(each.folder))


def job_folders(folder: DataFolder) -> list[int]:
    """The numbers of the jobs that have a folder."""
    with contextlib.suppress(OSError), opened(folder.path, folder.jobs.name) as above, os.scandir(above) as entries:
        return sorted(int(entry.name) for entry in entries if _NAME.fullmatch(entry.name))
    return []
