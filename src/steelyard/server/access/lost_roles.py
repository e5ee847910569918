"""Jobs of people who may not start jobs in a project any more: they are paused, since nobody there asks for them now.

Schedules need no such act: one makes no job while its maker may start none (``jobs/schedules.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from steelyard.server.access.roles import may_start

if TYPE_CHECKING:
    import psycopg

__all__ = ["REASON", "pause_jobs_without_role"]

REASON: Final = "who asked for it may start no jobs here any more: resume it where it is still wanted"
_PAUSE: Final = (
    "UPDATE steelyard.job j SET state = CASE j.state WHEN 'running' THEN j.state ELSE 'paused' END, "  # noqa: S608
    "wanted = CASE j.state WHEN 'running' THEN 'pause' ELSE '' END, reason = %(reason)s, changed_by = %(actor)s "
    "FROM steelyard.person b WHERE b.id = j.requested_by AND b.id = ANY (%(people)s) AND b.disabled_at IS NULL "
    "AND (%(project)s::bigint IS NULL OR j.project_id = %(project)s) AND j.state IN ('waiting', 'running') "
    f"AND j.wanted = '' AND NOT {may_start('b', 'j.project_id')}"
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
