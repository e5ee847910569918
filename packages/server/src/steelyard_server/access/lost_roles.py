"""Jobs of people who may not start jobs in a project any more: they are paused, since nobody there asks for them now.

A job is of whoever resumed it last, or else of whoever asked for it. Schedules need no such act: one makes no job while
its maker may start none (``jobs/schedules.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from steelyard_server.access.roles import may_start

if TYPE_CHECKING:
    import psycopg

__all__ = ["REASON", "is_still_wanted", "pause_jobs_without_role", "pause_waiting_without_role"]

REASON: Final = "whoever wanted it may start no jobs here any more: resume it where it is still wanted"
_WHOSE: Final = "coalesce(j.resumed_by, j.requested_by)"
_PAUSE: Final = (
    "UPDATE steelyard.job j SET state = CASE j.state WHEN 'running' THEN j.state ELSE 'paused' END, "  # noqa: S608
    "wanted = CASE j.state WHEN 'running' THEN 'pause' ELSE '' END, reason = %(reason)s, changed_by = %(actor)s "
    f"FROM steelyard.person b WHERE b.id = {_WHOSE} AND b.id = ANY (%(people)s) "
    "AND (%(project)s::bigint IS NULL OR j.project_id = %(project)s) AND j.state IN ('waiting', 'running') "
    f"AND j.wanted = '' AND NOT {may_start('b', 'j.project_id')}"
)
_STILL_WANTED: Final = (
    f"SELECT {may_start('b', 'j.project_id')} FROM steelyard.job j JOIN steelyard.person b ON b.id = {_WHOSE} "  # noqa: S608
    "WHERE j.id = %(job)s"
)
# Each person and project is looked at once, however many jobs wait. What others change just now is theirs.
_PAUSE_WAITING: Final = (
    "WITH asking AS MATERIALIZED "  # noqa: S608
    f"(SELECT DISTINCT {_WHOSE} AS person, j.project_id FROM steelyard.job j WHERE j.state = 'waiting'), "
    "lost AS MATERIALIZED (SELECT a.person, a.project_id FROM asking a JOIN steelyard.person b ON b.id = a.person "
    f"WHERE NOT {may_start('b', 'a.project_id')}) "
    "UPDATE steelyard.job SET state = 'paused', reason = %(reason)s, changed_by = %(actor)s "
    f"WHERE id IN (SELECT j.id FROM steelyard.job j JOIN lost l ON l.person = {_WHOSE} AND l.project_id = j.project_id "
    "WHERE j.state = 'waiting' FOR UPDATE OF j SKIP LOCKED)"
)


def pause_jobs_without_role(
    connection: psycopg.Connection[Any], people: Sequence[int], issuer: str, actor: str, *, project: int | None
) -> int:
    """Pause, in the caller's transaction, the jobs of these people where they may start none; how many there were.

    ``project``: in that one alone, None for all. A job that runs stops at its next checkpoint. ``issuer`` as in
    :func:`roles_of`, ``actor`` as in the audit log.
    """
    values = {"people": list(people), "project": project, "issuer": issuer, "actor": actor, "reason": REASON}
    return connection.execute(_PAUSE.encode(), values).rowcount


def is_still_wanted(connection: psycopg.Connection[Any], job: int, issuer: str) -> bool:
    """Whether whoever a job is of may start jobs in its project now; ``issuer`` as in :func:`roles_of`."""
    return connection.execute(_STILL_WANTED.encode(), {"job": job, "issuer": issuer}).fetchone() == (True,)


def pause_waiting_without_role(connection: psycopg.Connection[Any], issuer: str, actor: str) -> int:
    """Pause what waits for people who may start none there; how many jobs there were. ``issuer`` as above.

    A role by a group lapses without any act: so whoever takes jobs looks first.
    """
    values = {"issuer": issuer, "actor": actor, "reason": REASON}
    return connection.execute(_PAUSE_WAITING.encode(), values).rowcount
