"""People who come by the identity provider: known by issuer and subject, with what their groups give."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from steelyard.errors import InputError
from steelyard_server.access.acts import audit_act, insert_one
from steelyard_server.access.groups import apply_groups
from steelyard_server.access.people import NoAccessError, begin_session
from steelyard_server.access.roles import roles_of
from steelyard_server.database.reading import reading

if TYPE_CHECKING:
    import psycopg
    from psycopg_pool import ConnectionPool

    from steelyard_server.http.facts import RequestFacts

__all__ = ["Identities"]


class Identities:
    """Sign-ins by the provider that is configured. Each method is one transaction."""

    def __init__(self, pool: ConnectionPool, issuer: str) -> None:
        self._pool = pool
        self._issuer = issuer

    def sign_in(self, subject: str, name: str, groups: Collection[str], facts: RequestFacts, agent: str) -> str:
        """The secret of a new session. Who comes for the first time becomes a person, called ``name`` if that is free.

        Roles by groups are replaced by what ``groups`` give now. Raises NoAccessError where there is no role at all,
        InputError where the person was disabled; both are on record.
        """
        secret = ""
        with self._pool.connection() as connection:
            # The same person in two tabs for the first time: one after the other.
            connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"{self._issuer} {subject}",))
            person, is_admin, is_disabled = self._person(connection, subject, name)
            mappings = [] if is_disabled else apply_groups(connection, person, self._issuer, groups)
            is_admin, memberships = roles_of(connection, person, self._issuer, is_admin=is_admin)
            act = "sign-in-refused" if is_disabled else "sign-in-without-role"
            if not is_disabled and (is_admin or memberships):
                secret, act = begin_session(connection, person, facts, agent), "sign-in"
            more: dict[str, Any] = {"by": "provider", "mappings": mappings[:50]}
            audit_act(connection, act, f"person:{person}", facts, f"person:{person}", more)
        if is_disabled:
            raise InputError("an administrator of this server has disabled this account")
        if not secret:
            raise NoAccessError
        return secret

    def has(self, person: int | None) -> bool:
        """Whether a person signs in by the provider that is configured."""
        with reading(self._pool) as connection:
            row = connection.execute(
                "SELECT FROM steelyard.identity WHERE person_id = %s AND issuer = %s", (person, self._issuer)
            ).fetchone()
        return row is not None

    def note_refused(self, reason: str, facts: RequestFacts) -> None:
        """Put on record that a sign-in failed, and why, in our own words."""
        with self._pool.connection() as connection:
            audit_act(connection, "sign-in-refused", "nobody", facts, more={"by": "provider", "reason": reason[:300]})

    def _person(self, connection: psycopg.Connection[Any], subject: str, name: str) -> tuple[int, bool, bool]:
        """Number, whether an administrator by hand, whether disabled."""
        row = connection.execute(
            "SELECT p.id, p.is_admin, p.disabled_at IS NOT NULL FROM steelyard.identity i "
            "JOIN steelyard.person p ON p.id = i.person_id WHERE i.issuer = %s AND i.subject = %s",
            (self._issuer, subject),
        ).fetchone()
        if row is not None:
            return row[0], row[1], row[2]
        person = _new_person(connection, name)
        insert_one(
            connection,
            "INSERT INTO steelyard.identity (person_id, issuer, subject) VALUES (%s, %s, %s) RETURNING person_id",
            (person, self._issuer, subject),
        )
        return person, False, False


def _new_person(connection: psycopg.Connection[Any], name: str) -> int:
    """A person of this name, or with a number behind it where somebody else has it: nobody gets another's account."""
    number = 1
    while True:
        made = connection.execute(
            "INSERT INTO steelyard.person (name) VALUES (%s) ON CONFLICT DO NOTHING RETURNING id",
            (name if number == 1 else f"{name}-{number}",),
        ).fetchone()
        if made is not None:
            return int(made[0])
        number += 1
