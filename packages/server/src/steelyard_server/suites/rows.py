"""The versions of suites in the database: put in whole, never changed; of each name the last one counts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from steelyard.evidence.canonical import canonical
from steelyard.records import SuiteItem
from steelyard.suites.review import Change
from steelyard_server.access.acts import insert_one
from steelyard_server.database.audit import append_audit
from steelyard_server.database.reading import reading
from steelyard_server.suites.summary import ItemLine, SuiteSummary

if TYPE_CHECKING:
    import psycopg
    from psycopg_pool import ConnectionPool

    from steelyard_server.access.callers import Caller
    from steelyard_server.http.facts import RequestFacts

__all__ = ["BroughtVersion", "NewVersion", "StoredItem", "SuiteFile", "SuiteRow", "Suites", "content_digest"]

_LOCK: Final = 8101738236450  # decisions take it, too, in 0016_figures_in_columns.sql
_LISTED: Final = 500
_REVISION: Final = (
    "(SELECT count(*) FROM steelyard.suite_version o WHERE o.project_id = v.project_id AND o.name = v.name "
    "AND o.number = v.number AND o.id <= v.id)"
)
_COLUMNS: Final = (
    "v.id, v.name, v.number, v.digest, v.content, v.items, v.files, v.size_bytes, v.facts, p.name, "
    f"coalesce(t.name, ''), v.brought_at, coalesce(v.made_of, 0), v.reviewed_to, {_REVISION}"
)
_VERSIONS: Final = (
    "steelyard.suite_version v JOIN steelyard.person p ON p.id = v.brought_by "
    "LEFT JOIN steelyard.token t ON t.id = v.brought_with"
)


@dataclass(frozen=True)
class SuiteRow:
    """A version; ``made_of`` is the version that a review here made it of, 0 for one that was pushed.

    ``number`` is what its files say, which a review need not change: ``revision`` counts those of one number from 1.
    """

    id: int
    name: str
    number: int
    digest: str
    content: str
    items: int
    files: int
    size: int
    summary: SuiteSummary
    brought_by: str
    token: str
    brought_at: datetime
    made_of: int
    reviewed_to: int
    revision: int

    @property
    def label(self) -> str:
        """Its number, with the revision where it is not the first: ``1``, ``1, revision 2``."""
        return _label(self.number, self.revision)


@dataclass(frozen=True)
class BroughtVersion:
    """What the list of a suite's versions shows of one; as in :class:`SuiteRow`."""

    id: int
    number: int
    digest: str
    items: int
    brought_by: str
    brought_at: datetime
    made_of: int
    revision: int

    @property
    def label(self) -> str:
        """As of :class:`SuiteRow`."""
        return _label(self.number, self.revision)


@dataclass(frozen=True)
class SuiteFile:
    """A file of a version."""

    name: str
    sha256: str
    content: bytes


@dataclass(frozen=True)
class StoredItem:
    """An item of a version at its place, from 1; ``change`` is what the version's own record says of it."""

    place: int
    line: int
    sha256: str
    item: SuiteItem
    change: Change | None


@dataclass(frozen=True, kw_only=True)
class NewVersion:
    """What is to be put in: the files, the items, and what a process of its own read of them."""

    summary: SuiteSummary
    files: tuple[SuiteFile, ...]
    items: tuple[ItemLine, ...]
    made_of: int = 0
    reviewed_to: int = 0


def content_digest(files: Iterable[SuiteFile]) -> str:
    """The SHA-256 of all files, by name and digest."""
    return hashlib.sha256(canonical({each.name: each.sha256 for each in files})).hexdigest()


class Suites:
    """The suites of projects: who asks for one names the project, by its number."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def listed(self, project: int) -> list[SuiteRow]:
        """The last version of each suite of a project, by name."""
        query = (
            f"SELECT DISTINCT ON (v.name) {_COLUMNS} FROM {_VERSIONS} WHERE v.project_id = %s "  # noqa: S608 — our words
            "ORDER BY v.name, v.id DESC LIMIT %s"
        )
        with reading(self._pool) as connection:
            return [_row(row) for row in connection.execute(query.encode(), (project, _LISTED)).fetchall()]

    def versions(self, project: int, name: str, number: int = 50) -> list[BroughtVersion]:
        """The versions of a suite, the last one first; none where there is no such suite."""
        query = (
            f"SELECT v.id, v.number, v.digest, v.items, p.name, v.brought_at, coalesce(v.made_of, 0), {_REVISION} "  # noqa: S608
            f"FROM {_VERSIONS} WHERE v.project_id = %s AND v.name = %s ORDER BY v.id DESC LIMIT %s"
        )
        with reading(self._pool) as connection:
            rows = connection.execute(query.encode(), (project, name, number)).fetchall()
        return [BroughtVersion(*row) for row in rows]

    def current(self, project: int, name: str) -> SuiteRow | None:
        """The last version of a suite."""
        with reading(self._pool) as connection:
            return _current(connection, project, name)

    def files(self, version: int) -> Iterator[SuiteFile]:
        """The files of a version with their bytes, one at a time, by name."""
        with reading(self._pool) as connection:
            names = connection.execute(
                "SELECT name FROM steelyard.suite_file WHERE version_id = %s ORDER BY name", (version,)
            ).fetchall()
        for (name,) in names:
            found = self.file(version, name)
            assert found is not None, "rows are never deleted"
            yield found

    def file(self, version: int, name: str) -> SuiteFile | None:
        """One file of a version."""
        with reading(self._pool) as connection:
            row = connection.execute(
                "SELECT name, sha256, content FROM steelyard.suite_file WHERE version_id = %s AND name = %s",
                (version, name),
            ).fetchone()
        return None if row is None else SuiteFile(row[0], row[1], bytes(row[2]))

    def item(self, version: int, place: int) -> StoredItem | None:
        """One item of a version, by its place from 1."""
        with reading(self._pool) as connection:
            row = connection.execute(
                "SELECT place, line, sha256, item, change FROM steelyard.suite_item "
                "WHERE version_id = %s AND place = %s",
                (version, min(place, 2**31 - 1)),
            ).fetchone()
        if row is None:
            return None
        change = msgspec.json.decode(row[4], type=Change) if row[4] else None
        return StoredItem(row[0], row[1], row[2], msgspec.json.decode(row[3], type=SuiteItem), change)

    def add(
        self, project: int, new: NewVersion, caller: Caller, facts: RequestFacts, act: str = "push-suite"
    ) -> tuple[SuiteRow, bool]:
        """Put a version in, with its audit line; False, and no change, where the last one has the very same files."""
        content = content_digest(new.files)
        with self._pool.connection() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            last = _current(connection, project, new.summary.name)
            if last is not None and last.content == content:
                return last, False
            made = _insert(connection, project, new, content, caller)
            actor = f"token:{caller.token}" if caller.token is not None else f"person:{caller.person}"
            append_audit(
                connection, act, actor=actor, subject=f"suite-version:{made}",
                details={"digest": new.summary.digest, "name": new.summary.name, "address": facts.address[:100]},
                request=facts.request_id,
            )  # fmt: skip
            row = _current(connection, project, new.summary.name)
            assert row is not None, "it was just put in"
            return row, True

    def note_refused(self, caller: Caller, facts: RequestFacts) -> None:
        """Put on record that a suite was refused; why, which may quote an item, is for who brought it alone."""
        with self._pool.connection() as connection:
            append_audit(
                connection, "push-suite-refused", actor=f"token:{caller.token}",
                details={"address": facts.address[:100]}, request=facts.request_id,
            )  # fmt: skip


def _insert(connection: psycopg.Connection[Any], project: int, new: NewVersion, content: str, caller: Caller) -> int:
    summary = new.summary
    made = insert_one(
        connection,
        "INSERT INTO steelyard.suite_version (project_id, name, number, digest, content, items, files, size_bytes, "
        "facts, brought_by, brought_with, made_of, reviewed_to) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
        (
            project, summary.name, summary.number, summary.digest, content, summary.items, len(new.files),
            sum(len(each.content) for each in new.files), msgspec.json.encode(summary).decode(), caller.person,
            caller.token, new.made_of or None, new.reviewed_to,
        ),
    )  # fmt: skip
    for file in new.files:
        connection.execute(
            "INSERT INTO steelyard.suite_file (version_id, name, sha256, content) VALUES (%s, %s, %s, %s)",
            (made, file.name, file.sha256, file.content),
        )
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY steelyard.suite_item (version_id, place, id, line, sha256, item, decision, change) FROM STDIN"
        ) as copy,
    ):
        for place, each in enumerate(new.items, 1):
            copy.write_row((made, place, each.id, each.line, each.sha256, each.item, each.decision, each.change))
    connection.execute("SELECT steelyard.begin_review(%s)", (made,))
    return made


def _current(connection: psycopg.Connection[Any], project: int, name: str) -> SuiteRow | None:
    query = (
        f"SELECT {_COLUMNS} FROM {_VERSIONS} WHERE v.project_id = %s AND v.name = %s "  # noqa: S608 — our own words
        "ORDER BY v.id DESC LIMIT 1"
    )
    row = connection.execute(query.encode(), (project, name)).fetchone()
    return None if row is None else _row(row)


def _label(number: int, revision: int) -> str:
    return f"{number}" if revision == 1 else f"{number}, revision {revision}"


def _row(row: tuple[Any, ...]) -> SuiteRow:
    summary = msgspec.json.decode(row[8], type=SuiteSummary)
    return SuiteRow(
        id=row[0], name=row[1], number=row[2], digest=row[3], content=row[4], items=row[5], files=row[6], size=row[7],
        summary=summary, brought_by=row[9], token=row[10], brought_at=row[11], made_of=row[12], reviewed_to=row[13],
        revision=row[14],
    )  # fmt: skip
