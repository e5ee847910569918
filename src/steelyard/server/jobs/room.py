"""How many jobs may be open, and how much a day's jobs may hold: nobody fills the queue, or the database's disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError
from steelyard.server.database.job_copies import ADDING_JOBS_LOCK

if TYPE_CHECKING:
    import psycopg

__all__ = ["OPEN_OF_PERSON", "OPEN_OF_PROJECT", "check_room"]

OPEN_OF_PROJECT: Final = 50
OPEN_OF_PERSON: Final = 20
_BYTES_A_DAY: Final = 64 << 20  # of what a project's jobs ask: no row of a job is ever deleted


def check_room(connection: psycopg.Connection[Any], project: int, person: int, size: int = 0) -> None:
    """Raise InputError where a project or a person has too many jobs that have not ended, or asked too much today.

    ``size`` is that of the new job's specification, in bytes. In the caller's transaction, until whose end nobody else
    adds one. What schedules add is not counted against, and counts.
    """
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (ADDING_JOBS_LOCK,))
    (of_project, of_person) = connection.execute(
        "SELECT count(*) FILTER (WHERE project_id = %s), count(*) FILTER (WHERE requested_by = %s) "
        "FROM steelyard.job WHERE state IN ('waiting', 'running', 'paused')",
        (project, person),
    ).fetchone() or (0, 0)
    if of_project >= OPEN_OF_PROJECT:
        raise InputError(f"the project has {of_project:,} jobs that have not ended: wait, or stop some of them")
    if of_person >= OPEN_OF_PERSON:
        raise InputError(f"you have {of_person:,} jobs that have not ended: wait, or stop some of them")
    (asked,) = connection.execute(
        "SELECT coalesce(sum(octet_length(specification)), 0) FROM steelyard.job "
        "WHERE project_id = %s AND created_at > now() - interval '1 day'",
        (project,),
    ).fetchone() or (0,)
    if asked + size > _BYTES_A_DAY:
        raise InputError(
            f"the project's jobs of the last 24 hours hold {_BYTES_A_DAY >> 20} MB of sheets and questions: wait, or "
            "ask fewer questions at once"
        )
