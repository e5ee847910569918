"""The audit log: append-only lines of canonical JSON, each with its number and the digest of the line before.

Whatever is changed, dropped or moved breaks a link. Who can rewrite the whole log (the database's superuser) can make a
new chain: a head that was noted elsewhere, as each backup's manifest does, shows that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import VerificationError
from steelyard.evidence.canonical import canonical, parse_canonical, sha256_hex

if TYPE_CHECKING:
    import psycopg

__all__ = ["FIRST_PREV", "AuditHead", "append_audit", "audit_head", "check_audit"]

FIRST_PREV: Final = "0" * 64
_LOCK: Final = 8101738236420  # as in the migrations
_KEYS: Final = {"act", "actor", "at", "details", "prev", "request", "sequence", "subject"}
_MAX_TEXT: Final = 500
_BATCH: Final = 1_000  # lines that a check holds in memory


@dataclass(frozen=True, slots=True)
class AuditHead:
    """How many lines the log has, and the SHA-256 of the last one (64 zeros where there is none)."""

    lines: int
    sha256: str


def append_audit(
    connection: psycopg.Connection[Any],
    act: str,
    *,
    actor: str,
    subject: str = "",
    details: Mapping[str, Any] | None = None,
    request: str = "",
) -> AuditHead:
    """Append one line in the caller's transaction, and return the new head.

    ``act`` is a word, as ``sign-in``; ``actor`` who did it, as ``person:3``, ``token:5`` or ``owner``: people by their
    number, so that their names can be erased; ``subject`` what it was done to, as ``run:7``; ``request`` the request's
    id. Texts may be anybody's: each is cut to 500 characters, and what PostgreSQL cannot store is replaced. Other
    transactions that append wait until this one ends: call it last. Raises ValueError for what is no JSON.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        head = audit_head(connection)
        line = canonical(
            {
                "act": act,
                "actor": actor,
                "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                "details": _storable(dict(details or {})),
                "prev": head.sha256,
                "request": _storable(request),
                "sequence": head.lines,
                "subject": _storable(subject),
            }
        )
        # The other columns are the database's own reading of the line.
        connection.execute("INSERT INTO steelyard.audit (line) VALUES (%s)", (line.decode(),))
    return AuditHead(head.lines + 1, sha256_hex(line))


def audit_head(connection: psycopg.Connection[Any]) -> AuditHead:
    """The head as the table says it; :func:`check_audit` computes it."""
    last = connection.execute(
        "SELECT sequence + 1, sha256 FROM steelyard.audit ORDER BY sequence DESC LIMIT 1"
    ).fetchone()
    return AuditHead(*last) if last else AuditHead(0, FIRST_PREV)


def check_audit(connection: psycopg.Connection[Any]) -> AuditHead:
    """Follow the chain from the first line to the last; VerificationError names the first that is wrong."""
    lines, prev = 0, FIRST_PREV
    with connection.transaction(), connection.cursor(name="audit_chain") as cursor:
        cursor.itersize = _BATCH
        cursor.execute("SELECT sequence, line, sha256, at, act FROM steelyard.audit ORDER BY sequence")
        for sequence, line, sha256, at, act in cursor:
            content = _content(line, lines)
            if sequence != lines or content["sequence"] != lines:
                raise VerificationError(f"audit line {lines}: is missing, or numbered {sequence}")
            if content["prev"] != prev:
                raise VerificationError(f"audit line {lines}: does not follow the line before it: one was changed")
            prev = sha256_hex(line.encode())
            if sha256 != prev or act != content["act"] or at != datetime.fromisoformat(content["at"]):
                raise VerificationError(
                    f"audit line {lines}: was changed: its columns say something else than the line"
                )
            lines += 1
    return AuditHead(lines, prev)


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return value[:_MAX_TEXT].replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {_storable(key): _storable(entry) for key, entry in value.items()}
    return [_storable(entry) for entry in value] if isinstance(value, list | tuple) else value


def _content(line: str, number: int) -> dict[str, Any]:
    try:
        content = parse_canonical(line.encode())
        if not isinstance(content, dict) or content.keys() != _KEYS:
            raise ValueError("not a line of this log")
    except ValueError as error:
        raise VerificationError(f"audit line {number}: was changed: {error}") from None
    return content
