"""People who come in and go out: sessions, passwords and one-time links, in the database.

Secrets are kept as digests, and each act is an audit line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError
from steelyard_server.access.acts import audit_act
from steelyard_server.access.callers import NOBODY, Caller
from steelyard_server.access.passwords import hash_password, is_password
from steelyard_server.access.roles import roles_of
from steelyard_server.access.secrets import digest_of, new_secret
from steelyard_server.database.audit import append_audit
from steelyard_server.database.reading import reading

if TYPE_CHECKING:
    import psycopg
    from psycopg_pool import ConnectionPool

    from steelyard_server.http.facts import RequestFacts

__all__ = [
    "ADMINISTRATORS_LOCK",
    "LINK_DAYS",
    "SESSION_HOURS",
    "NoAccessError",
    "People",
    "SessionRow",
    "begin_session",
    "check_name",
    "has_administrator",
    "new_admin_link",
]

SESSION_HOURS: Final = 12
LINK_MINUTES: Final = 15
LINK_DAYS: Final = 3
ADMINISTRATORS_LOCK: Final = 8101738236453  # advisory: who is made or unmade an administrator, one after the other
_LISTED: Final = 100
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,79}")


class NoAccessError(InputError):
    """Somebody is who they say, and has no role anywhere."""

    def __init__(self) -> None:
        super().__init__("you have no role in any project yet: ask an administrator of this server for one")


@dataclass(frozen=True)
class SessionRow:
    """A session of a person that is not over."""

    id: int
    created_at: datetime
    expires_at: datetime
    address: str
    agent: str


def check_name(name: str) -> None:
    """Raise InputError for what is no name of a person."""
    if not _NAME.fullmatch(name):
        raise InputError("a name has letters, digits and . _ @ -, such as ada or ada@example.com")


def has_administrator(connection: psycopg.Connection[Any]) -> bool:
    """Whether somebody administrates the server by hand and with a password, so without the identity provider."""
    query = (
        "SELECT EXISTS (SELECT FROM steelyard.person "
        "WHERE is_admin AND disabled_at IS NULL AND password_hash IS NOT NULL)"
    )
    row = connection.execute(query).fetchone()
    return bool(row and row[0])


def new_admin_link(connection: psycopg.Connection[Any], actor: str) -> str:
    """The secret of a one-time link for the first administrator; links of before end.

    Raises InputError where there is an administrator.
    """
    if has_administrator(connection):
        raise InputError("there is an administrator, who signs in with name and password: a link is for the first one")
    secret = new_secret()
    connection.execute("UPDATE steelyard.admin_link SET used_at = now() WHERE used_at IS NULL")
    connection.execute(
        "INSERT INTO steelyard.admin_link (sha256, expires_at) VALUES (%s, now() + make_interval(mins => %s))",
        (digest_of(secret), LINK_MINUTES),
    )
    append_audit(connection, "admin-link", actor=actor)
    return secret


class People:
    """What people do for themselves. Each method is one transaction.

    ``issuer`` is the identity provider that is configured, "" where none.
    """

    def __init__(self, pool: ConnectionPool, issuer: str = "") -> None:
        self._pool = pool
        self._issuer = issuer

    # ── who asks ────────────────────────────────────────────────────────────────────────────────────────────────────

    def by_session(self, secret: str) -> Caller:
        """Whose session this is; nobody's where it is over, or where its person was disabled or has no role left."""
        with reading(self._pool) as connection:
            row = connection.execute(
                "SELECT s.id, p.id, p.name, p.is_admin FROM steelyard.session s "
                "JOIN steelyard.person p ON p.id = s.person_id "
                "WHERE s.sha256 = %s AND s.ended_at IS NULL AND s.expires_at > now() AND p.disabled_at IS NULL",
                (digest_of(secret) or None,),
            ).fetchone()
            if row is None:
                return NOBODY
            is_admin, memberships = roles_of(connection, row[1], self._issuer, is_admin=row[3])
        if not is_admin and not memberships:
            return NOBODY
        return Caller(session=row[0], person=row[1], name=row[2], is_admin=is_admin, memberships=memberships)

    # ── coming in, going out ────────────────────────────────────────────────────────────────────────────────────────

    def may_be_welcomed(self, secret: str) -> bool:
        """Whether a one-time link is good: not used, not older than a quarter of an hour, and nobody came before."""
        with reading(self._pool) as connection:
            return self._link(connection, secret) is not None

    def welcome(self, secret: str, name: str, password: str, facts: RequestFacts, agent: str) -> str:
        """Make the first administrator by a link, which is then used up; returns the secret of a session.

        Raises InputError where the link is no longer good, or the name is somebody's: then it stays good.
        """
        hashed = hash_password(password)
        with self._pool.connection() as connection:
            # Two who use links at one time come one after the other.
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (ADMINISTRATORS_LOCK,))
            link = self._link(connection, secret)
            if link is None:
                raise InputError("this link was used, or is too old: steelyard serve admin-link prints another")
            connection.execute("UPDATE steelyard.admin_link SET used_at = now() WHERE id = %s", (link,))
            made = connection.execute(
                "INSERT INTO steelyard.person (name, password_hash, is_admin) VALUES (%s, %s, true) "
                "ON CONFLICT DO NOTHING RETURNING id",
                (name, hashed),
            ).fetchone()
            if made is None:
                raise InputError(f"there is somebody called {name} already: go back, and choose another name")
            person = made[0]
            session = begin_session(connection, person, facts, agent)
            audit_act(connection, "first-administrator", f"person:{person}", facts, f"person:{person}")
        return session

    def invited(self, secret: str) -> str:
        """The name of the person whose one-time link this is; "" where it is over, or they are disabled."""
        with reading(self._pool) as connection:
            row = connection.execute(_INVITED.encode(), (digest_of(secret) or None,)).fetchone()
        return "" if row is None else str(row[2])

    def join(self, secret: str, password: str, facts: RequestFacts, agent: str) -> str:
        """Set the password of a person by their link, which is then used up; the secret of a session.

        Their other sessions end. Raises InputError where the link is no longer good, NoAccessError where the password
        was set, and the person has no role yet.
        """
        hashed = hash_password(password)
        with self._pool.connection() as connection:
            found = connection.execute(
                (_INVITED + " FOR UPDATE OF l").encode(), (digest_of(secret) or None,)
            ).fetchone()
            if found is None:
                raise InputError("this link was used, or is too old: an administrator can make another")
            person, is_admin = found[1], found[3]
            connection.execute("UPDATE steelyard.person SET password_hash = %s WHERE id = %s", (hashed, person))
            _end_all(connection, person)
            can_enter = self._can_enter(connection, person, is_admin=is_admin)
            session = begin_session(connection, person, facts, agent) if can_enter else ""
            audit_act(connection, "join", f"person:{person}", facts)
        if not can_enter:
            raise NoAccessError
        return session

    def sign_in(self, name: str, password: str, facts: RequestFacts, agent: str) -> str | None:
        """The secret of a new session; None where name and password are nobody's.

        Raises NoAccessError where they are right, and the person has no role.
        """
        with self._pool.connection() as connection:
            row = connection.execute(
                "SELECT id, password_hash, is_admin FROM steelyard.person "
                "WHERE lower(name) = lower(%s) AND disabled_at IS NULL",
                (name,),
            ).fetchone()
        # A check takes a tenth of a second: no connection is held meanwhile.
        is_right = is_password(row[1] or "" if row else "", password)
        with self._pool.connection() as connection:
            if row is None or not is_right or not _is_unchanged(connection, row[0], row[1]):
                audit_act(connection, "sign-in-refused", "nobody", facts, f"person:{row[0]}" if row else "")
                return None
            can_enter = self._can_enter(connection, row[0], is_admin=row[2])
            if can_enter:
                session = begin_session(connection, row[0], facts, agent)
                audit_act(connection, "sign-in", f"person:{row[0]}", facts)
            else:
                audit_act(connection, "sign-in-without-role", f"person:{row[0]}", facts)
        if not can_enter:
            raise NoAccessError
        return session

    def sign_out(self, caller: Caller, facts: RequestFacts) -> None:
        """End the caller's own session."""
        assert caller.session is not None
        self.end_session(caller, caller.session, facts, act="sign-out")

    def end_session(self, caller: Caller, session: int, facts: RequestFacts, act: str = "end-session") -> None:
        """End a session of the caller's; nothing happens where it is none."""
        with self._pool.connection() as connection:
            ended = connection.execute(
                "UPDATE steelyard.session SET ended_at = now() WHERE id = %s AND person_id = %s AND ended_at IS NULL",
                (session, caller.person),
            ).rowcount
            if ended:
                audit_act(connection, act, f"person:{caller.person}", facts, f"session:{session}")

    def has_password(self, person: int) -> bool:
        """Whether a person can sign in without the identity provider."""
        query = "SELECT password_hash IS NOT NULL FROM steelyard.person WHERE id = %s"
        with reading(self._pool) as connection:
            return connection.execute(query, (person,)).fetchone() == (True,)

    def change_password(self, caller: Caller, old: str, new: str, facts: RequestFacts) -> None:
        """Set another password, and end all other sessions; raises InputError where the old one is wrong."""
        with self._pool.connection() as connection:
            row = connection.execute(
                "SELECT password_hash FROM steelyard.person WHERE id = %s", (caller.person,)
            ).fetchone()
        if not is_password(row[0] or "" if row else "", old):
            raise InputError("the old password is another one")
        hashed = hash_password(new)
        with self._pool.connection() as connection:
            connection.execute("UPDATE steelyard.person SET password_hash = %s WHERE id = %s", (hashed, caller.person))
            connection.execute(
                "UPDATE steelyard.session SET ended_at = now() WHERE person_id = %s AND id <> %s AND ended_at IS NULL",
                (caller.person, caller.session),
            )
            connection.execute(
                "UPDATE steelyard.person_link SET used_at = now() WHERE person_id = %s AND used_at IS NULL",
                (caller.person,),
            )
            audit_act(connection, "change-password", f"person:{caller.person}", facts)

    # ── what a person has ───────────────────────────────────────────────────────────────────────────────────────────

    def sessions(self, person: int) -> list[SessionRow]:
        """The sessions of a person that are not over, the newest first."""
        with reading(self._pool) as connection:
            rows = connection.execute(
                "SELECT id, created_at, expires_at, address, agent FROM steelyard.session "
                "WHERE person_id = %s AND ended_at IS NULL AND expires_at > now() ORDER BY id DESC LIMIT %s",
                (person, _LISTED),
            ).fetchall()
        return [SessionRow(*row) for row in rows]

    # ── parts ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _link(self, connection: psycopg.Connection[Any], secret: str) -> int | None:
        if has_administrator(connection):
            return None
        row = connection.execute(
            "SELECT id FROM steelyard.admin_link WHERE sha256 = %s AND used_at IS NULL AND expires_at > now()",
            (digest_of(secret) or None,),
        ).fetchone()
        return None if row is None else int(row[0])

    def _can_enter(self, connection: psycopg.Connection[Any], person: int, *, is_admin: bool) -> bool:
        is_admin, memberships = roles_of(connection, person, self._issuer, is_admin=is_admin)
        return is_admin or bool(memberships)


_INVITED: Final = (
    "SELECT l.id, p.id, p.name, p.is_admin FROM steelyard.person_link l JOIN steelyard.person p ON p.id = l.person_id "
    "WHERE l.sha256 = %s AND l.used_at IS NULL AND l.expires_at > now() AND p.disabled_at IS NULL"
)


def begin_session(connection: psycopg.Connection[Any], person: int, facts: RequestFacts, agent: str) -> str:
    """The secret of a new session, in the caller's transaction."""
    secret = new_secret()
    connection.execute(
        "INSERT INTO steelyard.session (person_id, sha256, expires_at, address, agent) "
        "VALUES (%s, %s, now() + make_interval(hours => %s), %s, %s)",
        (person, digest_of(secret), SESSION_HOURS, facts.address[:100], agent),
    )
    return secret


def _is_unchanged(connection: psycopg.Connection[Any], person: int, password_hash: str) -> bool:
    """Whether a person was neither disabled nor given another password while the one they gave was checked."""
    row = connection.execute(
        "SELECT password_hash FROM steelyard.person WHERE id = %s AND disabled_at IS NULL", (person,)
    ).fetchone()
    return row == (password_hash,)


def _end_all(connection: psycopg.Connection[Any], person: int) -> None:
    """All sessions and links of a person."""
    for table, column in (("session", "ended_at"), ("person_link", "used_at")):
        connection.execute(
            f"UPDATE steelyard.{table} SET {column} = now() WHERE person_id = %s AND {column} IS NULL".encode(),  # noqa: S608
            (person,),
        )
