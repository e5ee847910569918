"""The rows of share links: made, opened, revoked; each secret is 32 random bytes, kept as a SHA-256."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from steelyard.errors import InputError
from steelyard.evidence import layout
from steelyard_server.access.callers import Caller
from steelyard_server.access.secrets import digest_of, new_secret
from steelyard_server.database.audit import append_audit
from steelyard_server.database.reading import reading

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

    from steelyard_server.http.facts import RequestFacts

__all__ = ["DAYS", "Share", "SharedReport", "Shares"]

DAYS: Final = (1, 7, 30, 90)
_LISTED: Final = 50
# A link ends with its time, by being revoked, and where whoever made it was disabled.
_STATE: Final = (
    "CASE WHEN s.revoked_at IS NOT NULL THEN 'revoked' WHEN s.expires_at <= now() THEN 'expired' "
    "WHEN p.disabled_at IS NOT NULL THEN 'ended' ELSE 'active' END"
)


@dataclass(frozen=True)
class Share:
    """One link: for what, by whom, until when, how often it was opened; ``state`` is *active* or why it is over."""

    id: int
    label: str
    made_by: str
    made_at: datetime
    expires_at: datetime
    opened: int
    opened_at: datetime | None
    state: str


@dataclass(frozen=True)
class SharedReport:
    """What a good link leads to: the key of the run's folder, and the SHA-256 that its report must have.

    ``is_withdrawn``: the run was taken out, and its report is gone.
    """

    folder: str
    sha256: str
    is_withdrawn: bool = False


class Shares:
    """Share links of runs. Each method is one transaction."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def of_run(self, run: int) -> list[Share]:
        """The links of a run, the newest first."""
        with reading(self._pool) as connection:
            rows = connection.execute(
                f"SELECT s.id, s.label, p.name, s.made_at, s.expires_at, s.opened, s.opened_at, {_STATE} "  # noqa: S608
                "FROM steelyard.share s JOIN steelyard.person p ON p.id = s.made_by WHERE s.run_id = %s "
                "ORDER BY s.id DESC LIMIT %s".encode(),
                (run, _LISTED),
            ).fetchall()
        return [Share(*row) for row in rows]

    def make(self, run: int, label: str, days: int, caller: Caller, facts: RequestFacts) -> str:
        """The secret of a new link, which is shown once. Raises InputError for a time that there is not."""
        if days not in DAYS:
            raise InputError("there is no such time")
        secret = new_secret()
        with self._pool.connection() as connection:
            row = connection.execute(
                "INSERT INTO steelyard.share (run_id, made_by, label, sha256, expires_at) "
                "VALUES (%s, %s, %s, %s, now() + make_interval(days => %s)) RETURNING id",
                (run, caller.person, label, digest_of(secret), days),
            ).fetchone()
            assert row is not None
            append_audit(
                connection, "make-share", actor=f"person:{caller.person}", subject=f"run:{run}",
                details={"share": row[0], "days": days, "address": facts.address[:100]}, request=facts.request_id,
            )  # fmt: skip
        return secret

    def revoke(self, run: int, share: int, caller: Caller, facts: RequestFacts) -> None:
        """End a link of a run; nothing happens where it is none."""
        with self._pool.connection() as connection:
            ended = connection.execute(
                "UPDATE steelyard.share SET revoked_at = now() WHERE id = %s AND run_id = %s AND revoked_at IS NULL",
                (share, run),
            ).rowcount
            if ended:
                append_audit(
                    connection, "revoke-share", actor=f"person:{caller.person}", subject=f"run:{run}",
                    details={"share": share, "address": facts.address[:100]}, request=facts.request_id,
                )  # fmt: skip

    def open(self, secret: str, *, is_counted: bool) -> SharedReport | None:
        """What a link leads to, and count it; None for one that is not good, for whatever reason."""
        with self._pool.connection() as connection:
            row = connection.execute(
                "SELECT s.id, coalesce(r.folder, r.seal_sha256), f.sha256, "
                "EXISTS (SELECT FROM steelyard.run_withdrawn d WHERE d.run_id = r.id) FROM steelyard.share s "
                "JOIN steelyard.person p ON p.id = s.made_by JOIN steelyard.run r ON r.id = s.run_id "
                "JOIN steelyard.run_file f ON f.run_id = r.id AND f.name = %s "
                "WHERE s.sha256 = %s AND s.revoked_at IS NULL AND s.expires_at > now() AND p.disabled_at IS NULL",
                (layout.REPORT_PAGE, digest_of(secret) or None),
            ).fetchone()
            if row is None:
                return None
            if is_counted and not row[3]:
                connection.execute(
                    "UPDATE steelyard.share SET opened = opened + 1, opened_at = now() WHERE id = %s", (row[0],)
                )
        return SharedReport(row[1], row[2], row[3])
