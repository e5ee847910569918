"""API tokens: of a person, for one purpose and one project, never worth more than their person is at that moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError
from steelyard_server.access.acts import audit_act, insert_one
from steelyard_server.access.callers import NOBODY, SCOPES, Access, Answer, Caller, answer_to
from steelyard_server.access.roles import roles_of
from steelyard_server.access.secrets import digest_of, new_token
from steelyard_server.database.reading import reading

if TYPE_CHECKING:
    import psycopg
    from psycopg_pool import ConnectionPool

    from steelyard_server.http.facts import RequestFacts

__all__ = ["TOKEN_DAYS", "TokenRow", "Tokens"]

TOKEN_DAYS: Final = (7, 30, 90, 365)
_LISTED: Final = 100
_USED_EVERY: Final = timedelta(minutes=10)  # so that not every request writes
_FOUND: Final = (
    "SELECT t.id, p.id, p.name, t.scopes, t.last_used_at, t.project_id, p.is_admin FROM steelyard.token t "
    "JOIN steelyard.person p ON p.id = t.person_id "
    "WHERE t.revoked_at IS NULL AND t.expires_at > now() AND p.disabled_at IS NULL AND "
)


@dataclass(frozen=True)
class TokenRow:
    """A token of a person; ``state`` is *active*, *expired* or *revoked*, ``project`` "" for one of the server's."""

    id: int
    name: str
    scopes: tuple[str, ...]
    project: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    state: str


class Tokens:
    """The tokens in the database. Each method is one transaction; ``issuer`` as in :class:`People`."""

    def __init__(self, pool: ConnectionPool, issuer: str = "") -> None:
        self._pool = pool
        self._issuer = issuer

    def caller(self, token: str) -> Caller:
        """Whose token this is, with that person's role in its project now; nobody's where either is over."""
        with self._pool.connection() as connection:
            row = connection.execute((_FOUND + "t.sha256 = %s").encode(), (digest_of(token) or None,)).fetchone()
            if row is None:
                return NOBODY
            if row[4] is None or row[4] < datetime.now(UTC) - _USED_EVERY:
                connection.execute("UPDATE steelyard.token SET last_used_at = now() WHERE id = %s", (row[0],))
            return self._caller(connection, row)

    def may_still(self, access: Access, caller: Caller) -> bool:
        """Whether the token of a request that took long may do what it began."""
        with reading(self._pool) as connection:
            row = connection.execute((_FOUND + "t.id = %s").encode(), (caller.token,)).fetchone()
            return row is not None and answer_to(access, self._caller(connection, row)) is Answer.ALLOWED

    def _caller(self, connection: psycopg.Connection[Any], row: tuple[Any, ...]) -> Caller:
        is_admin, memberships = roles_of(connection, row[1], self._issuer, is_admin=row[6])
        return Caller(
            token=row[0],
            person=row[1],
            name=row[2],
            scopes=frozenset(row[3]),
            is_admin=is_admin and row[5] is None,
            memberships=tuple(each for each in memberships if each.project_id == row[5]),
        )

    def listed(self, person: int) -> list[TokenRow]:
        """The tokens of a person, the newest first."""
        with reading(self._pool) as connection:
            rows = connection.execute(
                "SELECT t.id, t.name, scopes, coalesce(j.name, ''), t.created_at, expires_at, last_used_at, "
                "CASE WHEN revoked_at IS NOT NULL THEN 'revoked' WHEN expires_at <= now() THEN 'expired' "
                "ELSE 'active' END FROM steelyard.token t LEFT JOIN steelyard.project j ON j.id = t.project_id "
                "WHERE person_id = %s ORDER BY t.id DESC LIMIT %s",
                (person, _LISTED),
            ).fetchall()
        return [TokenRow(row[0], row[1], tuple(row[2]), *row[3:]) for row in rows]

    def make(self, caller: Caller, name: str, scope: str, project: str, days: int, facts: RequestFacts) -> str:
        """A new token, which is shown once.

        Raises InputError for a name, scope, project or time that there is not, and for what the caller may not do.
        """
        if not name:
            raise InputError("give the token a name, such as the place where it is used")
        if scope not in SCOPES or days not in TOKEN_DAYS:
            raise InputError("there is no such scope or time")
        place = _place(caller, scope, project)
        token = new_token()
        with self._pool.connection() as connection:
            made = insert_one(
                connection,
                "INSERT INTO steelyard.token (person_id, name, scopes, project_id, sha256, expires_at) "
                "VALUES (%s, %s, %s, %s, %s, now() + make_interval(days => %s)) RETURNING id",
                (caller.person, name, [scope], place, digest_of(token), days),
            )
            more = {"scope": scope, "days": days, "project": project if place is not None else ""}
            audit_act(connection, "make-token", f"person:{caller.person}", facts, f"token:{made}", more)
        return token

    def revoke(self, caller: Caller, token: int, facts: RequestFacts) -> None:
        """End a token of the caller's; nothing happens where it is none."""
        with self._pool.connection() as connection:
            ended = connection.execute(
                "UPDATE steelyard.token SET revoked_at = now() WHERE id = %s AND person_id = %s AND revoked_at IS NULL",
                (token, caller.person),
            ).rowcount
            if ended:
                audit_act(connection, "revoke-token", f"person:{caller.person}", facts, f"token:{token}")


def _place(caller: Caller, scope: str, project: str) -> int | None:
    """The project of a new token; None for the server's. It may do nothing that its person may not."""
    if scope == "metrics":
        if not caller.is_admin:
            raise InputError("a token for metrics is an administrator's of the server")
        return None
    found = caller.membership(project)
    if found is None:
        raise InputError("choose a project of yours: a token works in one")
    if not found.role.reaches(SCOPES[scope]):
        raise InputError(f"in {project} you are {found.role}, and a token to {scope} needs the role {SCOPES[scope]}")
    return found.project_id
