"""What administrators do to people and projects. People are disabled, never deleted, and each act is an audit line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError
from steelyard_server.access.acts import audit_act, insert_one
from steelyard_server.access.callers import Caller, Role
from steelyard_server.access.lost_roles import pause_jobs_without_role
from steelyard_server.access.people import ADMINISTRATORS_LOCK, LINK_DAYS, check_name, has_administrator
from steelyard_server.access.roles import LIVE
from steelyard_server.access.secrets import digest_of, new_secret
from steelyard_server.database.reading import reading

if TYPE_CHECKING:
    import psycopg
    from psycopg_pool import ConnectionPool

    from steelyard_server.http.facts import RequestFacts

__all__ = ["PAGE_SIZE", "GivenRole", "Members", "PersonRow", "ProjectRow"]

PAGE_SIZE: Final = 100
_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_PEOPLE: Final = (
    "SELECT p.id, p.name, p.is_admin, p.created_at, p.disabled_at, p.erased_at, p.password_hash IS NOT NULL, "
    "coalesce(i.issuer, ''), coalesce(i.subject, '') FROM steelyard.person p "
    "LEFT JOIN steelyard.identity i ON i.person_id = p.id "
)
_ROLES: Final = (
    "SELECT m.person_id, coalesce(j.name, ''), m.role, coalesce(g.group_name, '') FROM steelyard.membership m "  # noqa: S608 — our own words
    "LEFT JOIN steelyard.group_mapping g ON g.id = m.mapping_id LEFT JOIN steelyard.project j ON j.id = m.project_id "
    f"WHERE {LIVE} AND "
)


@dataclass(frozen=True)
class GivenRole:
    """One role of a person: in a project, or of the server ("" as the project); by a group, or "" where by hand."""

    project: str
    role: str
    group: str


@dataclass(frozen=True)
class PersonRow:
    """A person as administrators see them; ``issuer`` and ``subject`` are "" for a local one."""

    id: int
    name: str
    is_admin: bool
    created_at: datetime
    disabled_at: datetime | None
    erased_at: datetime | None
    has_password: bool
    issuer: str
    subject: str
    roles: tuple[GivenRole, ...] = field(default=())


@dataclass(frozen=True)
class ProjectRow:
    """A project."""

    id: int
    name: str
    created_at: datetime


class Members:
    """People, their roles, and projects. Each method is one transaction; ``issuer`` as in :class:`People`."""

    def __init__(self, pool: ConnectionPool, issuer: str = "") -> None:
        self._pool = pool
        self._issuer = issuer

    # ── what there is ───────────────────────────────────────────────────────────────────────────────────────────────

    def people(self, after: int = 0) -> tuple[list[PersonRow], bool]:
        """A page of all people in the order in which they came, and whether there are more."""
        with reading(self._pool) as connection:
            rows = connection.execute(
                (_PEOPLE + "WHERE p.id > %s ORDER BY p.id LIMIT %s").encode(), (after, PAGE_SIZE + 1)
            ).fetchall()
            return self._with_roles(connection, rows[:PAGE_SIZE]), len(rows) > PAGE_SIZE

    def person(self, number: int) -> PersonRow | None:
        """The person with this number."""
        with reading(self._pool) as connection:
            rows = connection.execute((_PEOPLE + "WHERE p.id = %s").encode(), (number,)).fetchall()
            return next(iter(self._with_roles(connection, rows)), None)

    def of_project(self, project: int) -> list[PersonRow]:
        """Who has a role in a project; their other roles are left out."""
        with reading(self._pool) as connection:
            roles = connection.execute((_ROLES + "m.project_id = %s").encode(), (self._issuer, project)).fetchall()
            numbers = sorted({row[0] for row in roles})
            rows = connection.execute((_PEOPLE + "WHERE p.id = ANY (%s) ORDER BY p.id").encode(), (numbers,)).fetchall()
        return _joined(rows, roles)

    def projects(self) -> list[ProjectRow]:
        """All projects by name."""
        with reading(self._pool) as connection:
            rows = connection.execute("SELECT id, name, created_at FROM steelyard.project ORDER BY name").fetchall()
        return [ProjectRow(*row) for row in rows]

    # ── acts ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def add_project(self, caller: Caller, name: str, facts: RequestFacts) -> None:
        """Make a project. Raises InputError for a name that is none, or is taken."""
        if not _SLUG.fullmatch(name):
            raise InputError("a project's name has small letters, digits and -, such as claims-2027")
        with self._pool.connection() as connection:
            made = connection.execute(
                "INSERT INTO steelyard.project (name) VALUES (%s) ON CONFLICT DO NOTHING RETURNING id", (name,)
            ).fetchone()
            if made is None:
                raise InputError(f"there is a project {name} already")
            audit_act(connection, "add-project", _actor(caller), facts, f"project:{made[0]}", {"name": name})

    def add_person(self, caller: Caller, name: str, project: str, role: str, facts: RequestFacts) -> str:
        """Make a local person, with a role where ``project`` is not ""; the secret of the link for their password.

        Raises InputError for a name that is none, or is taken, and for a project or role that there is not.
        """
        check_name(name)
        with self._pool.connection() as connection:
            made = connection.execute(
                "INSERT INTO steelyard.person (name) VALUES (%s) ON CONFLICT DO NOTHING RETURNING id", (name,)
            ).fetchone()
            if made is None:
                raise InputError(f"there is somebody called {name} already")
            secret = _new_link(connection, made[0])
            if project:
                _give(connection, made[0], _project(connection, project), _role(role))
            more = {"project": project, "role": role} if project else {}
            audit_act(connection, "add-person", _actor(caller), facts, f"person:{made[0]}", more)
        return secret

    def new_link(self, caller: Caller, person: int, facts: RequestFacts) -> str:
        """Another link for a local person's password; links of before end, the password of before until it is used.

        Raises InputError for somebody who is not there, is disabled, or signs in by the identity provider.
        """
        with self._pool.connection() as connection:
            row = connection.execute(
                "SELECT disabled_at IS NULL, NOT EXISTS (SELECT FROM steelyard.identity i WHERE i.person_id = p.id) "
                "FROM steelyard.person p WHERE id = %s",
                (person,),
            ).fetchone()
            if row != (True, True):
                raise InputError("a link is for a local person who is not disabled")
            secret = _new_link(connection, person)
            audit_act(connection, "person-link", _actor(caller), facts, f"person:{person}")
        return secret

    def set_role(self, caller: Caller, person: int, project: str, role: str, facts: RequestFacts) -> None:
        """Give a person a role in a project by hand, in the place of the one that they had by hand; "" takes it away.

        Jobs of somebody who may start none there then are paused.
        Raises InputError for a person, project or role that there is not.
        """
        with self._pool.connection() as connection:
            _lock_person(connection, person)
            place, wanted = _project(connection, project), _role(role) if role else None
            before = connection.execute(
                "UPDATE steelyard.membership SET ended_at = now() WHERE person_id = %s AND project_id = %s "
                "AND mapping_id IS NULL AND ended_at IS NULL RETURNING role",
                (person, place),
            ).fetchone()
            if wanted is not None:
                _give(connection, person, place, wanted)
            more = {"project": project, "role": role, "before": before[0] if before else ""}
            if paused := pause_jobs_without_role(connection, [person], self._issuer, _actor(caller), project=place):
                more["jobs"] = paused
            act = "give-role" if wanted is not None else "take-role"
            audit_act(connection, act, _actor(caller), facts, f"person:{person}", more)

    def person_called(self, name: str) -> int:
        """The number of the person with this name, who is not disabled; raises InputError where there is none."""
        with self._pool.connection() as connection:
            row = connection.execute(
                "SELECT id FROM steelyard.person WHERE lower(name) = lower(%s) AND disabled_at IS NULL", (name,)
            ).fetchone()
        if row is None:
            raise InputError("there is nobody of this name: an administrator of the server makes people")
        return int(row[0])

    def set_administrator(self, caller: Caller, person: int, *, is_admin: bool, facts: RequestFacts) -> None:
        """Make a person an administrator of the server by hand, or no longer. The last local one stays (InputError)."""
        with self._pool.connection() as connection:
            _lock_administrators(connection)
            _lock_person(connection, person)
            connection.execute("UPDATE steelyard.person SET is_admin = %s WHERE id = %s", (is_admin, person))
            _need_administrator(connection)
            paused = pause_jobs_without_role(connection, [person], self._issuer, _actor(caller), project=None)
            act = "give-administrator" if is_admin else "take-administrator"
            audit_act(connection, act, _actor(caller), facts, f"person:{person}", {"jobs": paused} if paused else {})

    def disable(self, caller: Caller, person: int, facts: RequestFacts) -> None:
        """Disable a person: sessions, tokens, links and links to reports end at once, jobs and schedules, too.

        The last local administrator stays (InputError).
        """
        with self._pool.connection() as connection:
            _lock_administrators(connection)
            _lock_person(connection, person)
            connection.execute("UPDATE steelyard.person SET disabled_at = now() WHERE id = %s", (person,))
            _end_everything(connection, person)
            stopped = _stop_jobs(connection, person, _actor(caller))
            stopped += pause_jobs_without_role(connection, [person], self._issuer, _actor(caller), project=None)
            _need_administrator(connection)
            audit_act(connection, "disable-person", _actor(caller), facts, f"person:{person}", {"jobs": stopped})

    def enable(self, caller: Caller, person: int, facts: RequestFacts) -> None:
        """Let a person in again; sessions, tokens and links of before stay ended.

        Raises InputError for one who was erased.
        """
        with self._pool.connection() as connection:
            row = connection.execute("SELECT erased_at FROM steelyard.person WHERE id = %s", (person,)).fetchone()
            if row != (None,):
                raise InputError("there is no such person")
            _end_everything(connection, person)  # what was begun in the moment of disabling, too
            connection.execute("UPDATE steelyard.person SET disabled_at = NULL WHERE id = %s", (person,))
            audit_act(connection, "enable-person", _actor(caller), facts, f"person:{person}")

    def _with_roles(self, connection: psycopg.Connection[Any], rows: list[tuple[Any, ...]]) -> list[PersonRow]:
        numbers = [row[0] for row in rows]
        roles = connection.execute((_ROLES + "m.person_id = ANY (%s)").encode(), (self._issuer, numbers)).fetchall()
        return _joined(rows, roles)


def _joined(rows: Iterable[tuple[Any, ...]], roles: Iterable[tuple[Any, ...]]) -> list[PersonRow]:
    of: dict[int, list[GivenRole]] = {}
    for person, *parts in roles:
        of.setdefault(person, []).append(GivenRole(*parts))
    people = (PersonRow(*row) for row in rows)
    return [replace(each, roles=tuple(sorted(of.get(each.id, ()), key=_order))) for each in people]


def _order(given: GivenRole) -> tuple[str, str]:
    return given.project, given.group


def _actor(caller: Caller) -> str:
    return f"person:{caller.person}"


def _lock_administrators(connection: psycopg.Connection[Any]) -> None:
    """Two who disable each other come one after the other."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (ADMINISTRATORS_LOCK,))


def _need_administrator(connection: psycopg.Connection[Any]) -> None:
    if not has_administrator(connection):
        raise InputError(
            "this is the last administrator who can sign in with a password: make another one first, or nobody could "
            "come in while the identity provider is away"
        )


def _lock_person(connection: psycopg.Connection[Any], person: int) -> None:
    """One act on a person after the other; raises InputError where there is no such person, or they are disabled."""
    row = connection.execute("SELECT disabled_at FROM steelyard.person WHERE id = %s FOR UPDATE", (person,)).fetchone()
    if row is None:
        raise InputError("there is no such person")
    if row[0] is not None:
        raise InputError("this person is disabled: let them in again first")


def _project(connection: psycopg.Connection[Any], name: str) -> int:
    row = connection.execute("SELECT id FROM steelyard.project WHERE name = %s", (name,)).fetchone()
    if row is None:
        raise InputError("there is no such project")
    return int(row[0])


def _role(word: str) -> Role:
    if word not in set(Role):
        raise InputError("there is no such role")
    return Role(word)


def _give(connection: psycopg.Connection[Any], person: int, project: int, role: Role) -> None:
    insert_one(
        connection,
        "INSERT INTO steelyard.membership (person_id, project_id, role) VALUES (%s, %s, %s) RETURNING id",
        (person, project, role.value),
    )


def _new_link(connection: psycopg.Connection[Any], person: int) -> str:
    secret = new_secret()
    connection.execute(
        "UPDATE steelyard.person_link SET used_at = now() WHERE person_id = %s AND used_at IS NULL", (person,)
    )
    connection.execute(
        "INSERT INTO steelyard.person_link (person_id, sha256, expires_at) "
        "VALUES (%s, %s, now() + make_interval(days => %s))",
        (person, digest_of(secret), LINK_DAYS),
    )
    return secret


def _end_everything(connection: psycopg.Connection[Any], person: int) -> None:
    for table, whose, column in (
        ("session", "person_id", "ended_at"),
        ("token", "person_id", "revoked_at"),
        ("person_link", "person_id", "used_at"),
        ("share", "made_by", "revoked_at"),
    ):
        connection.execute(
            f"UPDATE steelyard.{table} SET {column} = now() WHERE {whose} = %s AND {column} IS NULL".encode(),  # noqa: S608
            (person,),
        )


def _stop_jobs(connection: psycopg.Connection[Any], person: int, actor: str) -> int:
    """Cancel the jobs that a person asked for, and switch their schedules off; how many jobs there were.

    One that runs is stopped by its worker at the next renewal of its lease.
    """
    connection.execute("UPDATE steelyard.schedule SET is_on = false WHERE made_by = %s AND is_on", (person,))
    return connection.execute(
        "UPDATE steelyard.job SET state = CASE state WHEN 'running' THEN state ELSE 'cancelled' END, "
        "wanted = CASE state WHEN 'running' THEN 'cancel' ELSE '' END, reason = 'who asked for it was disabled', "
        "changed_by = %s, ended_at = CASE WHEN state <> 'running' THEN now() END "
        "WHERE requested_by = %s AND state IN ('waiting', 'running', 'paused') AND wanted <> 'cancel'",
        (actor, person),
    ).rowcount
