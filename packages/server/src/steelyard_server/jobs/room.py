"""How many jobs may be open, how many schedules on, and how much a day's may hold.

Nobody fills the queue, or the database's disk: no row of a job or of a schedule is ever deleted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError
from steelyard_server.database.job_copies import ADDING_JOBS_LOCK

if TYPE_CHECKING:
    import psycopg

__all__ = [
    "BYTES_A_DAY",
    "OPEN_OF_PERSON",
    "OPEN_OF_PROJECT",
    "SCHEDULES_A_DAY",
    "SCHEDULES_OF_PERSON",
    "SCHEDULES_OF_PROJECT",
    "LookRoom",
    "check_room",
    "check_room_of_schedule",
    "room_for_looks",
]

OPEN_OF_PROJECT: Final = 50
OPEN_OF_PERSON: Final = 20
SCHEDULES_OF_PROJECT: Final = 50  # that are on
SCHEDULES_OF_PERSON: Final = 20  # that are on, over all projects
SCHEDULES_A_DAY: Final = 100  # that are added to a project, on or off
# Of what a project's people ask in a day, by jobs and new schedules; as much again of what its schedules' looks ask.
BYTES_A_DAY: Final = 64 << 20


def check_room(connection: psycopg.Connection[Any], project: int, person: int, size: int = 0) -> None:
    """Raise InputError where a project or a person has too many jobs that have not ended, or asked too much today.

    ``size`` is that of the new job's specification, in bytes. In the caller's transaction, until whose end nobody else
    adds one. Looks of schedules count among the open jobs, and have a day's bytes of their own (:class:`LookRoom`).
    """
    _lock(connection)
    (of_project, of_person) = connection.execute(
        "SELECT count(*) FILTER (WHERE project_id = %s), count(*) FILTER (WHERE requested_by = %s) "
        "FROM steelyard.job WHERE state IN ('waiting', 'running', 'paused')",
        (project, person),
    ).fetchone() or (0, 0)
    if of_project >= OPEN_OF_PROJECT:
        raise InputError(f"the project has {of_project:,} jobs that have not ended: wait, or stop some of them")
    if of_person >= OPEN_OF_PERSON:
        raise InputError(f"you have {of_person:,} jobs that have not ended: wait, or stop some of them")
    _check_bytes(connection, project, size)


def check_room_of_schedule(
    connection: psycopg.Connection[Any], project: int, person: int, size: int | None = None
) -> None:
    """Raise InputError where too many schedules of a project, or of the person who made them, are on.

    ``size`` is that of a new one's specification, in bytes: then also where too many, or too much, was added today. As
    :func:`check_room`.
    """
    _lock(connection)
    (of_project, of_person, today) = connection.execute(
        "SELECT count(*) FILTER (WHERE project_id = %(project)s AND is_on), "
        "count(*) FILTER (WHERE made_by = %(person)s AND is_on), "
        "count(*) FILTER (WHERE project_id = %(project)s AND created_at > now() - interval '1 day') "
        "FROM steelyard.schedule WHERE project_id = %(project)s OR made_by = %(person)s",
        {"project": project, "person": person},
    ).fetchone() or (0, 0, 0)
    if of_project >= SCHEDULES_OF_PROJECT:
        raise InputError(f"{of_project:,} schedules of the project are on, and that is the most: switch some off")
    if of_person >= SCHEDULES_OF_PERSON:
        raise InputError(
            f"{of_person:,} schedules of one person are on, and that is the most: switch some off, or let somebody "
            "else make it"
        )
    if size is None:
        return
    if today >= SCHEDULES_A_DAY:
        raise InputError(
            f"{today:,} schedules were added to the project in the last 24 hours, and that is the most: wait"
        )
    _check_bytes(connection, project, size)


def room_for_looks(connection: psycopg.Connection[Any], project: int) -> tuple[int, int]:
    """How many more looks of a project's schedules may become jobs now, and how many bytes they may ask."""
    (jobs, asked) = connection.execute(
        "SELECT (SELECT count(*) FROM steelyard.job WHERE project_id = %(project)s "
        "AND state IN ('waiting', 'running', 'paused')), (SELECT coalesce(sum(octet_length(specification)), 0) "
        "FROM steelyard.job WHERE project_id = %(project)s AND schedule_id IS NOT NULL "
        "AND created_at > now() - interval '1 day')",
        {"project": project},
    ).fetchone() or (0, 0)
    return max(0, OPEN_OF_PROJECT - int(jobs)), max(0, BYTES_A_DAY - int(asked))


class LookRoom:
    """The room for looks of all projects, each counted once: for whoever makes many jobs in one transaction."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._left: dict[int, tuple[int, int]] = {}

    def takes(self, project: int, size: int) -> bool:
        """Whether there is room for a look that asks so many bytes, which is taken then."""
        if project not in self._left:
            self._left[project] = room_for_looks(self._connection, project)
        jobs, left = self._left[project]
        if jobs < 1 or size > left:
            return False
        self._left[project] = (jobs - 1, left - size)
        return True


def _lock(connection: psycopg.Connection[Any]) -> None:
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (ADDING_JOBS_LOCK,))


def _check_bytes(connection: psycopg.Connection[Any], project: int, size: int) -> None:
    (asked,) = connection.execute(
        "SELECT (SELECT coalesce(sum(octet_length(specification)), 0) FROM steelyard.job "
        "WHERE project_id = %(project)s AND schedule_id IS NULL AND created_at > now() - interval '1 day') "
        "+ (SELECT coalesce(sum(octet_length(specification)), 0) FROM steelyard.schedule "
        "WHERE project_id = %(project)s AND created_at > now() - interval '1 day')",
        {"project": project},
    ).fetchone() or (0,)
    if asked + size > BYTES_A_DAY:
        raise InputError(
            f"the project's jobs and new schedules of the last 24 hours hold {BYTES_A_DAY >> 20} MB of sheets and "
            "questions: wait, or ask fewer questions at once"
        )
