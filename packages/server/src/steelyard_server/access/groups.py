"""Groups of the identity provider: which role each gives, and what a person gets of them at a sign-in."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError
from steelyard_server.access.acts import audit_act, insert_one
from steelyard_server.access.callers import Caller, Role
from steelyard_server.access.lost_roles import pause_jobs_without_role
from steelyard_server.database.reading import reading

if TYPE_CHECKING:
    import psycopg
    from psycopg_pool import ConnectionPool

    from steelyard_server.http.facts import RequestFacts

__all__ = ["Groups", "MappingRow", "apply_groups"]

_LISTED: Final = 500


@dataclass(frozen=True)
class MappingRow:
    """What a group gives: a role in a project, or in "" that of the server's administrator."""

    id: int
    group: str
    project: str
    role: str


class Groups:
    """The mappings of the provider that is configured. Each method is one transaction."""

    def __init__(self, pool: ConnectionPool, issuer: str) -> None:
        self._pool = pool
        self._issuer = issuer

    def mappings(self) -> list[MappingRow]:
        """Those that count, by group."""
        with reading(self._pool) as connection:
            rows = connection.execute(
                "SELECT g.id, g.group_name, coalesce(j.name, ''), g.role FROM steelyard.group_mapping g "
                "LEFT JOIN steelyard.project j ON j.id = g.project_id WHERE g.issuer = %s AND g.ended_at IS NULL "
                "ORDER BY g.group_name, j.name LIMIT %s",
                (self._issuer, _LISTED),
            ).fetchall()
        return [MappingRow(*row) for row in rows]

    def add(self, caller: Caller, group: str, project: str, role: str, facts: RequestFacts) -> None:
        """Let a group give a role from each person's next sign-in on; an empty project is the server's administration.

        Raises InputError for what there is not, and for a group that gives something there already.
        """
        if not self._issuer:
            raise InputError("no identity provider is configured")
        if not group:
            raise InputError("give the group as the provider names it")
        if role not in set(Role) or (not project and role != Role.ADMIN):
            raise InputError("there is no such role")
        with self._pool.connection() as connection:
            place = None
            if project:
                row = connection.execute("SELECT id FROM steelyard.project WHERE name = %s", (project,)).fetchone()
                if row is None:
                    raise InputError("there is no such project")
                place = row[0]
            made = connection.execute(
                "INSERT INTO steelyard.group_mapping (issuer, group_name, project_id, role) VALUES (%s, %s, %s, %s) "
                "ON CONFLICT DO NOTHING RETURNING id",
                (self._issuer, group, place, role),
            ).fetchone()
            if made is None:
                raise InputError("this group gives a role there already: end that first")
            more = {"group": group, "project": project, "role": role}
            audit_act(connection, "add-mapping", f"person:{caller.person}", facts, f"mapping:{made[0]}", more)

    def end(self, caller: Caller, mapping: int, facts: RequestFacts) -> None:
        """End a mapping: what it gave ends at once. Nothing happens where there is none.

        Jobs of people who may start none there without it are paused.
        """
        with self._pool.connection() as connection:
            ended = connection.execute(
                "UPDATE steelyard.group_mapping SET ended_at = now() "
                "WHERE id = %s AND issuer = %s AND ended_at IS NULL RETURNING project_id",
                (mapping, self._issuer),
            ).fetchone()
            if ended is None:
                return
            people = connection.execute(
                "SELECT DISTINCT person_id FROM steelyard.membership WHERE mapping_id = %s AND ended_at IS NULL",
                (mapping,),
            ).fetchall()
            actor = f"person:{caller.person}"
            paused = pause_jobs_without_role(
                connection, [person for (person,) in people], self._issuer, actor, project=ended[0]
            )
            audit_act(
                connection, "end-mapping", actor, facts, f"mapping:{mapping}", {"jobs": paused} if paused else {}
            )  # fmt: skip


def apply_groups(connection: psycopg.Connection[Any], person: int, issuer: str, groups: Collection[str]) -> list[int]:
    """Give a person, in the caller's transaction, exactly what their groups give; the numbers of the mappings.

    Jobs in projects where they may start none any more are paused.
    """
    rows = connection.execute(
        "SELECT id, project_id, role FROM steelyard.group_mapping "
        "WHERE issuer = %s AND ended_at IS NULL AND group_name = ANY (%s) ORDER BY id",
        (issuer, list(groups)),
    ).fetchall()
    wanted = {row[0]: row for row in rows}
    had = {
        row[0]
        for row in connection.execute(
            "UPDATE steelyard.membership SET confirmed_at = now() "
            "WHERE person_id = %s AND mapping_id = ANY (%s) AND ended_at IS NULL RETURNING mapping_id",
            (person, list(wanted)),
        ).fetchall()
    }
    gone = connection.execute(
        "UPDATE steelyard.membership SET ended_at = now() WHERE person_id = %s AND mapping_id IS NOT NULL "
        "AND mapping_id <> ALL (%s) AND ended_at IS NULL RETURNING project_id",
        (person, list(wanted)),
    ).fetchall()
    for mapping, project, role in (row for number, row in wanted.items() if number not in had):
        insert_one(
            connection,
            "INSERT INTO steelyard.membership (person_id, project_id, role, mapping_id) VALUES (%s, %s, %s, %s) "
            "RETURNING id",
            (person, project, role, mapping),
        )
    for (project,) in gone:
        pause_jobs_without_role(connection, [person], issuer, f"person:{person}", project=project)
    return sorted(wanted)
