"""People, their sessions and tokens, in the database: secrets are kept as digests, and each act is an audit line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError
from steelyard.server.access.callers import NOBODY, Caller
from steelyard.server.access.passwords import hash_password, is_password
from steelyard.server.access.secrets import digest_of, new_secret, new_token
from steelyard.server.database.audit import append_audit

if TYPE_CHECKING:
    import psycopg
    from psycopg_pool import ConnectionPool

    from steelyard.server.web.facts import RequestFacts

__all__ = [
    "SCOPES",
    "SESSION_HOURS",
    "TOKEN_DAYS",
    "People",
    "SessionRow",
    "TokenRow",
    "has_administrator",
    "new_admin_link",
]

SESSION_HOURS: Final = 12
LINK_MINUTES: Final = 15
SCOPES: Final = ("push", "metrics")
TOKEN_DAYS: Final = (7, 30, 90, 365)
_LISTED: Final = 100
_USED_EVERY: Final = timedelta(minutes=10)  # so that not every request writes


@dataclass(frozen=True)
class SessionRow:
    """A session of a person that is not over."""

    id: int
    created_at: datetime
    expires_at: datetime
    address: str
    agent: str


@dataclass(frozen=True)
class TokenRow:
    """A token of a person; ``state`` is *active*, *expired* or *revoked*."""

    id: int
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    state: str


def has_administrator(connection: psycopg.Connection[Any]) -> bool:
    """Whether somebody can sign in as administrator."""
    query = "SELECT EXISTS (SELECT FROM steelyard.person WHERE is_admin AND disabled_at IS NULL)"
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
    """What the pages ask of people. Each method is one transaction."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    # ── who asks ────────────────────────────────────────────────────────────────────────────────────────────────────

    def by_session(self, secret: str) -> Caller:
        """Whose session this is; nobody's where it is over, or where its person was disabled."""
        with self._pool.connection() as connection:
            row = connection.execute(
                "SELECT s.id, p.id, p.name FROM steelyard.session s JOIN steelyard.person p ON p.id = s.person_id "
                "WHERE s.sha256 = %s AND s.ended_at IS NULL AND s.expires_at > now() "
                "AND p.disabled_at IS NULL AND p.is_admin",
                (digest_of(secret) or None,),
            ).fetchone()
        return NOBODY if row is None else Caller(session=row[0], person=row[1], name=row[2])

    def by_token(self, token: str) -> Caller:
        """Whose token this is; nobody's where it is over, or where its person was disabled."""
        with self._pool.connection() as connection:
            row = connection.execute(
                "SELECT t.id, p.id, p.name, t.scopes, t.last_used_at FROM steelyard.token t "
                "JOIN steelyard.person p ON p.id = t.person_id "
                "WHERE t.sha256 = %s AND t.revoked_at IS NULL AND t.expires_at > now() AND p.disabled_at IS NULL",
                (digest_of(token) or None,),
            ).fetchone()
            if row is None:
                return NOBODY
            if row[4] is None or row[4] < datetime.now(UTC) - _USED_EVERY:
                connection.execute("UPDATE steelyard.token SET last_used_at = now() WHERE id = %s", (row[0],))
        return Caller(token=row[0], person=row[1], name=row[2], scopes=frozenset(row[3]))

    # ── coming in, going out ────────────────────────────────────────────────────────────────────────────────────────

    def may_be_welcomed(self, secret: str) -> bool:
        """Whether a one-time link is good: not used, not older than a quarter of an hour, and nobody came before."""
        with self._pool.connection() as connection:
            return self._link(connection, secret) is not None

    def welcome(self, secret: str, name: str, password: str, facts: RequestFacts, agent: str) -> str:
        """Make the first administrator by a link, which is then used up; returns the secret of a session.

        Raises InputError where the link is no longer good.
        """
        hashed = hash_password(password)
        with self._pool.connection() as connection:
            # Two who use links at one time come one after the other.
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_FIRST_ADMINISTRATOR,))
            link = self._link(connection, secret)
            if link is None:
                raise InputError("this link was used, or is too old: steelyard serve admin-link prints another")
            connection.execute("UPDATE steelyard.admin_link SET used_at = now() WHERE id = %s", (link,))
            person = _one(
                connection,
                "INSERT INTO steelyard.person (name, password_hash, is_admin) VALUES (%s, %s, true) RETURNING id",
                (name, hashed),
            )
            session = self._begin_session(connection, person, facts, agent)
            _audit(connection, "first-administrator", f"person:{person}", facts, f"person:{person}")
        return session

    def sign_in(self, name: str, password: str, facts: RequestFacts, agent: str) -> str | None:
        """The secret of a new session; None where name and password are no administrator's."""
        with self._pool.connection() as connection:
            row = connection.execute(
                "SELECT id, password_hash FROM steelyard.person "
                "WHERE lower(name) = lower(%s) AND disabled_at IS NULL AND is_admin",
                (name,),
            ).fetchone()
        # A check takes a tenth of a second: no connection is held meanwhile.
        is_right = is_password(row[1] or "" if row else "", password)
        with self._pool.connection() as connection:
            if row is None or not is_right:
                _audit(connection, "sign-in-refused", "nobody", facts, f"person:{row[0]}" if row else "")
                return None
            session = self._begin_session(connection, row[0], facts, agent)
            _audit(connection, "sign-in", f"person:{row[0]}", facts)
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
                _audit(connection, act, f"person:{caller.person}", facts, f"session:{session}")

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
            _audit(connection, "change-password", f"person:{caller.person}", facts)

    # ── what a person has ───────────────────────────────────────────────────────────────────────────────────────────

    def sessions(self, person: int) -> list[SessionRow]:
        """The sessions of a person that are not over, the newest first."""
        with self._pool.connection() as connection:
            rows = connection.execute(
                "SELECT id, created_at, expires_at, address, agent FROM steelyard.session "
                "WHERE person_id = %s AND ended_at IS NULL AND expires_at > now() ORDER BY id DESC LIMIT %s",
                (person, _LISTED),
            ).fetchall()
        return [SessionRow(*row) for row in rows]

    def tokens(self, person: int) -> list[TokenRow]:
        """The tokens of a person, the newest first."""
        with self._pool.connection() as connection:
            rows = connection.execute(
                "SELECT id, name, scopes, created_at, expires_at, last_used_at, "
                "CASE WHEN revoked_at IS NOT NULL THEN 'revoked' WHEN expires_at <= now() THEN 'expired' "
                "ELSE 'active' END FROM steelyard.token WHERE person_id = %s ORDER BY id DESC LIMIT %s",
                (person, _LISTED),
            ).fetchall()
        return [TokenRow(row[0], row[1], tuple(row[2]), *row[3:]) for row in rows]

    def make_token(self, caller: Caller, name: str, scope: str, days: int, facts: RequestFacts) -> str:
        """A new token, which is shown once. Raises InputError for a name, scope or time that there is not."""
        if not name:
            raise InputError("give the token a name, such as the place where it is used")
        if scope not in SCOPES or days not in TOKEN_DAYS:
            raise InputError("there is no such scope or time")
        token = new_token()
        with self._pool.connection() as connection:
            made = _one(
                connection,
                "INSERT INTO steelyard.token (person_id, name, scopes, sha256, expires_at) "
                "VALUES (%s, %s, %s, %s, now() + make_interval(days => %s)) RETURNING id",
                (caller.person, name, [scope], digest_of(token), days),
            )
            more = {"scope": scope, "days": days}
            _audit(connection, "make-token", f"person:{caller.person}", facts, f"token:{made}", more)
        return token

    def revoke_token(self, caller: Caller, token: int, facts: RequestFacts) -> None:
        """End a token of the caller's; nothing happens where it is none."""
        with self._pool.connection() as connection:
            ended = connection.execute(
                "UPDATE steelyard.token SET revoked_at = now() WHERE id = %s AND person_id = %s AND revoked_at IS NULL",
                (token, caller.person),
            ).rowcount
            if ended:
                _audit(connection, "revoke-token", f"person:{caller.person}", facts, f"token:{token}")

    # ── parts ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _link(self, connection: psycopg.Connection[Any], secret: str) -> int | None:
        if has_administrator(connection):
            return None
        row = connection.execute(
            "SELECT id FROM steelyard.admin_link WHERE sha256 = %s AND used_at IS NULL AND expires_at > now()",
            (digest_of(secret) or None,),
        ).fetchone()
        return None if row is None else int(row[0])

    def _begin_session(self, connection: psycopg.Connection[Any], person: int, facts: RequestFacts, agent: str) -> str:
        secret = new_secret()
        connection.execute(
            "INSERT INTO steelyard.session (person_id, sha256, expires_at, address, agent) "
            "VALUES (%s, %s, now() + make_interval(hours => %s), %s, %s)",
            (person, digest_of(secret), SESSION_HOURS, facts.address[:100], agent),
        )
        return secret


_FIRST_ADMINISTRATOR: Final = 8101738236430  # of an advisory lock


def _one(connection: psycopg.Connection[Any], query: str, values: tuple[Any, ...]) -> int:
    row = connection.execute(query.encode(), values).fetchone()
    assert row is not None
    return int(row[0])


def _audit(
    connection: psycopg.Connection[Any],
    act: str,
    actor: str,
    facts: RequestFacts,
    subject: str = "",
    more: dict[str, Any] | None = None,
) -> None:
    details = {"address": facts.address[:100], **(more or {})}
    append_audit(connection, act, actor=actor, subject=subject, details=details, request=facts.request_id)
