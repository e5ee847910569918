"""The folder of a run goes into the database when it begins, and comes out of it again, byte for byte.

A process that goes on with a run works in a folder that it wrote from the database, never in one that another process
left: what that process had not committed was never finished.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from steelyard.errors import InputError, VerificationError
from steelyard.evidence import layout
from steelyard.storage.run_folder import RunFolder, check_new_folder
from steelyard_server.store.leases import Lease, give_back, take
from steelyard_server.store.store import (
    BATCH_RECORDS,
    BATCH_SECONDS,
    Connect,
    PostgresStore,
    insert_file,
    parts_of,
)

if TYPE_CHECKING:
    import psycopg

__all__ = ["StoredRun", "begin_run", "open_run", "write_folder"]

_BEGIN_SECONDS: Final = 60.0
_ROWS: Final = 1_000  # that are fetched at once
_MAIN: Final = "main"


@dataclass
class StoredRun:
    """What the database holds of a run: its segments' labels, how many texts, and its files' SHA-256 by name."""

    segments: list[str] = field(default_factory=list)
    texts: int = 0
    digests: dict[str, str] = field(default_factory=dict)

    @property
    def is_sealed(self) -> bool:
        """Whether the run is finished."""
        return layout.BUNDLE in self.digests


def begin_run(connection: psycopg.Connection[Any], run: RunFolder, project: str, holder: str) -> int:
    """Put a run of which nothing was asked yet into the database: its plan and samples; returns its number there.

    One transaction, under the run's first lease, which is given back. Raises InputError for a run that has a journal,
    for one that the project has already, and where there is no such project.
    """
    import psycopg

    if os.path.lexists(run.path / layout.JOURNAL):
        raise InputError("was begun already: only a run of which nothing was asked is put there", where=run.path)
    try:
        with connection.transaction():
            row = connection.execute(
                "INSERT INTO steelyard.stored_run (project_id, plan_sha256) "
                "SELECT id, %s FROM steelyard.project WHERE name = %s RETURNING id",
                (run.plan_sha256, project),
            ).fetchone()
            if row is None:
                raise InputError(f"there is no project {project[:100]!r}")
            lease = take(connection, row[0], holder, _BEGIN_SECONDS)
            assert lease is not None, "nobody else sees the run yet"
            for name in layout.run_files(run.path):
                for _ in insert_file(connection, lease, name, parts_of(run.path, name)):
                    pass
            give_back(connection, lease)
    except psycopg.errors.UniqueViolation:
        raise InputError("this plan is in the database already", where=run.path) from None
    number: int = row[0]
    return number


@contextmanager
def open_run(
    connect: Connect,
    lease: Lease,
    path: Path,
    *,
    batch_records: int = BATCH_RECORDS,
    batch_seconds: float = BATCH_SECONDS,
) -> Iterator[PostgresStore]:
    """The store of a run under a lease, and its folder as far as it is committed, written to the new folder ``path``.

    Pass the store in the options of the session that resumes the run in that folder. At the end of the block the lease
    is given back. Raises LeaseLost, and as :func:`write_folder`.
    """
    with connect() as connection:
        found = write_folder(connection, lease.run, path)
    # Who begins the journal writes its main segment; who goes on with it has one for the attempts.
    segment = f"lease-{lease.number:04d}" if found.segments else ""
    with PostgresStore(
        connect,
        lease,
        segment=segment,
        texts=found.texts,
        digests=found.digests,
        batch_records=batch_records,
        batch_seconds=batch_seconds,
    ) as store:
        yield store


def write_folder(connection: psycopg.Connection[Any], run: int, path: Path) -> StoredRun:
    """Write a run as it is in the database, in one snapshot, to a folder that is new or empty.

    Raises InputError for another folder, one that cannot be written, and where there is no such run; VerificationError
    where the database holds what belongs to no run.
    """
    check_new_folder(path)
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            found = StoredRun()
            for name, lease in _newest_files(connection, run):
                found.digests[name] = _write_file(connection, run, name, lease, path)
            if not found.digests:
                raise InputError(f"there is no run {run} in the database")
            found.segments = list(_segments(connection, run))
            for segment in found.segments:
                with _new_file(path, layout.segment(segment)) as file:
                    _write_lines(
                        connection,
                        file,
                        "SELECT line FROM steelyard.stored_line WHERE run_id = %s AND segment = %s ORDER BY sequence",
                        (run, segment),
                    )
            found.texts = _write_texts(connection, run, path)
    except OSError as error:
        raise InputError(f"cannot write here: {error.strerror}", where=path) from None
    return found


def _newest_files(connection: psycopg.Connection[Any], run: int) -> list[tuple[str, int]]:
    """The name of each file, and the last lease under which it was written."""
    return connection.execute(
        "SELECT name, max(lease) FROM steelyard.stored_file WHERE run_id = %s GROUP BY name ORDER BY name", (run,)
    ).fetchall()


def _write_file(connection: psycopg.Connection[Any], run: int, name: str, lease: int, path: Path) -> str:
    """Write a file part by part; returns its SHA-256."""
    digest, part = hashlib.sha256(), 0
    with _new_file(path, name) as file:
        while row := connection.execute(
            "SELECT data FROM steelyard.stored_file WHERE run_id = %s AND name = %s AND lease = %s AND part = %s",
            (run, name, lease, part),
            binary=True,
        ).fetchone():
            digest.update(row[0])
            file.write(row[0])
            part += 1
    return digest.hexdigest()


def _segments(connection: psycopg.Connection[Any], run: int) -> Iterator[str]:
    """The labels of a run's segments, one after the other, so that no line is read for them."""
    last = ""
    while row := connection.execute(
        "SELECT segment FROM steelyard.stored_line WHERE run_id = %s AND segment > %s ORDER BY segment LIMIT 1",
        (run, last),
    ).fetchone():
        last = row[0]
        yield last


def _write_texts(connection: psycopg.Connection[Any], run: int, path: Path) -> int:
    """Write the texts, unless the run has none; returns how many lines they are."""
    query = "SELECT line FROM steelyard.stored_text WHERE run_id = %s ORDER BY sequence"
    if connection.execute(query + " LIMIT 1", (run,)).fetchone() is None:
        return 0
    with _new_file(path, layout.TEXT_SEGMENT) as file:
        return _write_lines(connection, file, query, (run,))


def _write_lines(connection: psycopg.Connection[Any], file: BinaryIO, query: str, values: tuple[object, ...]) -> int:
    number = 0
    with connection.cursor("lines", binary=True) as cursor:
        cursor.itersize = _ROWS
        cursor.execute(query.encode(), values)
        for (line,) in cursor:
            file.write(line)
            file.write(b"\n")
            number += 1
    return number


@contextmanager
def _new_file(path: Path, name: str) -> Iterator[BinaryIO]:
    """A new file of a run's folder; raises VerificationError for a name that no run's file has."""
    if not (layout.is_sealable(name) or layout.is_media(name) or name == layout.BUNDLE):
        raise VerificationError(f"the database holds a file {name[:80]!r} that belongs to no run")
    place = path / name
    if place.parent != path:
        place.parent.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        yield file
