"""Which inconsistent verdicts a person has not looked at yet: opening the run's page is looking."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from steelyard_server.database.reading import reading
from steelyard_server.runs.rows import LISTED, ListedRun

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

__all__ = ["UNSEEN_DAYS", "note_seen", "unseen_inconsistent"]

UNSEEN_DAYS: Final = 28
_UNSEEN: Final = (
    f"SELECT {LISTED} FROM unnest(%(projects)s::bigint[]) AS wanted (id) CROSS JOIN LATERAL ("  # noqa: S608 — our words
    "SELECT * FROM steelyard.run x WHERE x.project_id = wanted.id AND x.verdict = 'inconsistent' "
    "AND NOT EXISTS (SELECT FROM steelyard.run_withdrawn d WHERE d.run_id = x.id) "
    "AND x.pushed_at > now() - make_interval(days => %(days)s) AND NOT EXISTS (SELECT FROM steelyard.run_seen s "
    "WHERE s.person_id = %(person)s AND s.run_id = x.id) ORDER BY x.pushed_at DESC, x.id DESC LIMIT %(size)s) r "
    "JOIN steelyard.project j ON j.id = r.project_id ORDER BY r.pushed_at DESC, r.id DESC LIMIT %(size)s"
)


def unseen_inconsistent(pool: ConnectionPool, projects: Sequence[int], person: int, size: int) -> list[ListedRun]:
    """The newest runs of these projects with an inconsistent verdict, of four weeks, that the person has not opened."""
    asked = {"projects": list(projects), "days": UNSEEN_DAYS, "person": person, "size": size}
    with reading(pool) as connection:
        return [ListedRun(*row) for row in connection.execute(_UNSEEN.encode(), asked).fetchall()]


def note_seen(pool: ConnectionPool, run: ListedRun, person: int) -> None:
    """Note that a person has opened a run's page; only where its verdict is inconsistent, once."""
    if run.verdict != "inconsistent":
        return
    with pool.connection() as connection:
        connection.execute(
            "INSERT INTO steelyard.run_seen (person_id, run_id) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            (person, run.id),
        )
