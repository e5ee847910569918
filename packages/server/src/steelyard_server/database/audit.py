"""The audit log: append-only lines of canonical JSON, each with its number and the digest of the line before.

Whatever is changed, dropped or moved breaks a link. Who can rewrite the whole log (the database's superuser) can make a
new chain: a head that was noted elsewhere, as each backup's manifest does, shows that. Where old months were dropped,
the chain begins at the *cut*: number, digest and moment of the last line that is gone, which a later line names, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import VerificationError
from steelyard.evidence.canonical import canonical, parse_canonical, sha256_hex

if TYPE_CHECKING:
    import psycopg

__all__ = [
    "CUT",
    "FIRST_PREV",
    "AuditCut",
    "AuditHead",
    "append_audit",
    "audit_cut",
    "audit_head",
    "check_audit",
    "check_audit_part",
    "last_act",
    "open_months",
]

CUT: Final = "cut-audit"  # the act of the line that names a cut

FIRST_PREV: Final = "0" * 64
_LOCK: Final = 8101738236420  # as in the migrations
_KEYS: Final = {"act", "actor", "at", "details", "prev", "request", "sequence", "subject"}
_MAX_TEXT: Final = 500
# Names of details with such a letter have one order in RFC 8785 (UTF-16) and another in the database (code points).
_BEYOND: Final = re.compile("[\U00010000-\U0010ffff]")
_BATCH: Final = 1_000  # lines that a check holds in memory


@dataclass(frozen=True, slots=True)
class AuditHead:
    """How many lines the log has had, and the SHA-256 of the last one (64 zeros where there was none)."""

    lines: int
    sha256: str


@dataclass(frozen=True, slots=True)
class AuditCut:
    """Where the log begins: how many lines are gone; the SHA-256 and the moment of the last one of them."""

    lines: int
    sha256: str
    at: datetime

    @property
    def details(self) -> dict[str, Any]:
        """What its audit line says."""
        return {"last": self.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "lines": self.lines, "sha256": self.sha256}


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
        # The first schema had no months.
        query = "SELECT pg_advisory_xact_lock(%s), to_regprocedure('steelyard.open_audit_month(timestamptz)') IS NULL"
        is_first = (connection.execute(query, (_LOCK,)).fetchone() or ("", False))[1]
        head, last = _last(connection)
        # A clock that was set back must not put a line into a month that may be dropped before it.
        now = datetime.now(UTC)
        at = last if last is not None and now < last else now
        line = canonical(
            {
                "act": act,
                "actor": actor,
                "at": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                "details": _storable(dict(details or {})),
                "prev": head.sha256,
                "request": _storable(request),
                "sequence": head.lines,
                "subject": _storable(subject),
            }
        )
        if not is_first:
            connection.execute("SELECT steelyard.open_audit_month(%s)", (at,))
        # The moment chooses the month. All columns but the line are the database's own reading of it.
        connection.execute("INSERT INTO steelyard.audit (line, at) VALUES (%s, %s)", (line.decode(), at))
    return AuditHead(head.lines + 1, sha256_hex(line))


def open_months(connection: psycopg.Connection[Any], moments: Iterable[datetime]) -> None:
    """Make the months of these moments, as the owner: before lines of before are loaded."""
    for moment in moments:
        connection.execute("SELECT steelyard.make_audit_month(%s)", (moment,))


def audit_head(connection: psycopg.Connection[Any]) -> AuditHead:
    """The head as the table says it; :func:`check_audit` computes it."""
    return _last(connection)[0]


def last_act(connection: psycopg.Connection[Any], act: str) -> datetime | None:
    """When something was done last, such as *backup*; None where no line that is left says so."""
    row = connection.execute(
        "SELECT at FROM steelyard.audit WHERE act = %s ORDER BY sequence DESC LIMIT 1", (act,)
    ).fetchone()
    return None if row is None else row[0]


def audit_cut(connection: psycopg.Connection[Any]) -> AuditCut | None:
    """Where the log begins; None where it is there from its first line."""
    if connection.execute("SELECT to_regclass('steelyard.audit_cut')").fetchone() == (None,):
        return None  # of a schema before there were months
    query = "SELECT lines, sha256, at FROM steelyard.audit_cut ORDER BY lines DESC LIMIT 1"
    row = connection.execute(query).fetchone()
    return None if row is None else AuditCut(*row)


def check_audit(connection: psycopg.Connection[Any]) -> AuditHead:
    """Follow the chain from its first line, or from the last cut, to the last line.

    VerificationError names the first line that is wrong, or says that no line names the cut.
    """
    with connection.transaction(), connection.cursor(name="audit_chain") as cursor:
        cut = audit_cut(connection)
        lines, prev = (0, FIRST_PREV) if cut is None else (cut.lines, cut.sha256)
        named = cut is None
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
            named = named or (cut is not None and act == CUT and _names(content["details"], cut))
            lines += 1
    if not named:
        raise VerificationError("audit log: its first lines are gone, and no line says that they were dropped there")
    return AuditHead(lines, prev)


def check_audit_part(lines: Iterable[tuple[int, str, str]]) -> None:
    """Check lines that follow one another, each as (sequence, line, digest): what they say, and that they are linked.

    It says nothing of the lines before and after. Raises VerificationError naming the first that is wrong.
    """
    before: tuple[int, str] | None = None
    for sequence, line, sha256 in lines:
        content = _content(line, sequence)
        is_next = before is None or (sequence == before[0] + 1 and content["prev"] == before[1])
        if content["sequence"] != sequence or not is_next:
            raise VerificationError(f"audit line {sequence}: does not follow the line before it: one was changed")
        if sha256 != sha256_hex(line.encode()):
            raise VerificationError(f"audit line {sequence}: was changed")
        before = sequence, sha256


def _names(details: Any, cut: AuditCut) -> bool:
    return isinstance(details, dict) and details.items() >= cut.details.items()


def _last(connection: psycopg.Connection[Any]) -> tuple[AuditHead, datetime | None]:
    """The head, and when its line was written."""
    last = connection.execute(
        "SELECT sequence + 1, sha256, at FROM steelyard.audit ORDER BY sequence DESC LIMIT 1"
    ).fetchone()
    if last is not None:
        return AuditHead(last[0], last[1]), last[2]
    cut = audit_cut(connection)
    return (AuditHead(0, FIRST_PREV), None) if cut is None else (AuditHead(cut.lines, cut.sha256), cut.at)


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return value[:_MAX_TEXT].replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {
            _BEYOND.sub("\N{REPLACEMENT CHARACTER}", _storable(key)): _storable(each) for key, each in value.items()
        }
    return [_storable(entry) for entry in value] if isinstance(value, list | tuple) else value


def _content(line: str, number: int) -> dict[str, Any]:
    try:
        content = parse_canonical(line.encode())
        if not isinstance(content, dict) or content.keys() != _KEYS:
            raise ValueError("not a line of this log")
    except ValueError as error:
        raise VerificationError(f"audit line {number}: was changed: {error}") from None
    return content
