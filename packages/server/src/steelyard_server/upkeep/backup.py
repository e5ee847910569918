"""Write a backup: the database first, in one snapshot, then the runs that it names: one consistent set.

A run's files are in the data folder before its row is in the database, and are never changed. Passwords and keys
(``secrets/``) and what is being received are not in a backup.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError, VerificationError
from steelyard.util.atomic_file import whole_file
from steelyard_server.archive import is_accepted
from steelyard_server.database.audit import AuditHead, append_audit, audit_head, check_audit
from steelyard_server.database.folder import DataFolder
from steelyard_server.database.migrate import TABLES, check_schema, migrations
from steelyard_server.runs.folders import open_run_file
from steelyard_server.runs.text_retention import NOT_WITHDRAWN, NOT_WITHHELD, hold_files
from steelyard_server.upkeep.backup_file import (
    ERASURES,
    FORMAT,
    WITHDRAWALS,
    BackupWriter,
    Manifest,
    TableContent,
    digest_of,
    run_member,
    table_member,
)

if TYPE_CHECKING:
    import psycopg

    from steelyard_server.database.connection import Database

__all__ = ["BackupResult", "columns_of", "damaged_files", "write_backup"]

_CHUNK: Final = 1 << 18
_BATCH: Final = 1_000


@dataclass(frozen=True, slots=True)
class BackupResult:
    """What was written, the file's SHA-256, and how many bytes it has."""

    manifest: Manifest
    sha256: str
    size: int


def write_backup(
    database: Database,
    folder: DataFolder,
    path: Path,
    notify: Callable[[str], None] = lambda _: None,
) -> BackupResult:
    """Write a backup to a new file, readable by its owner alone; an audit line says so when it is whole.

    The platform may be used meanwhile. Raises InputError where the file exists or the schema is another version's,
    VerificationError where a file changed meanwhile. A broken audit log is in the manifest, and stops no backup.
    """
    if path.exists():
        raise InputError("exists: a backup is never written over another one; give a new name", where=path)
    try:
        with whole_file(path, 0o600) as file, BackupWriter(file) as writer:
            with database.connect_as_owner() as connection:
                check_schema(connection)
                hold_files(connection)
                manifest = _write(writer, connection, database, folder, notify)
            writer.finish(manifest)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=path) from None
    result = BackupResult(manifest, digest_of(path), path.stat().st_size)
    with database.connect_as_owner() as connection:
        details = {"runs": manifest.runs, "sha256": result.sha256, "size": result.size}
        append_audit(connection, "backup", actor="owner", details=details)
    return result


def columns_of(connection: psycopg.Connection[Any], table: str) -> tuple[str, ...]:
    """A table's columns in their order; none where the schema has no such table."""
    rows = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass('steelyard.' || quote_ident(%s)) "
        "AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        (table,),
    )
    return tuple(name for (name,) in rows)


def _write(
    writer: BackupWriter,
    connection: psycopg.Connection[Any],
    database: Database,
    folder: DataFolder,
    notify: Callable[[str], None],
) -> Manifest:
    from steelyard import __version__

    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        notify("the database")
        tables = {table: _write_table(writer, connection, table) for table in TABLES}
        head, problem = _audit(connection)
        runs, damaged = _write_runs(writer, connection, folder, notify)
    if folder.erasures.is_file():
        writer.add(ERASURES, iter([folder.erasures.read_bytes()]))
    if folder.withdrawals.is_file():
        writer.add(WITHDRAWALS, iter([folder.withdrawals.read_bytes()]))
    return Manifest(
        format=FORMAT,
        made_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        made_with=__version__,
        postgres=database.version,
        schema=tuple(migration.sha256 for migration in migrations()),
        tables=tables,
        runs=runs,
        members=writer.members,
        audit_lines=head.lines,
        audit_sha256=head.sha256,
        damaged=damaged,
        audit_problem=problem,
    )


def _audit(connection: psycopg.Connection[Any]) -> tuple[AuditHead, str]:
    """The log's head, and why its chain is broken: a backup is wanted all the more then."""
    try:
        return check_audit(connection), ""
    except VerificationError as error:
        return audit_head(connection), str(error)


def _write_table(writer: BackupWriter, connection: psycopg.Connection[Any], table: str) -> TableContent:
    from psycopg import sql

    columns = columns_of(connection, table)
    query = sql.SQL("COPY (SELECT {} FROM {} ORDER BY 1) TO STDOUT").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier("steelyard", table)
    )
    with connection.cursor() as cursor:
        with cursor.copy(query) as copy:
            writer.add(table_member(table), (bytes(chunk) for chunk in copy))
        return TableContent(columns=columns, rows=cursor.rowcount)


def _write_runs(
    writer: BackupWriter, connection: psycopg.Connection[Any], folder: DataFolder, notify: Callable[[str], None]
) -> tuple[int, tuple[str, ...]]:
    """Every file of every run of the snapshot, each once; the count of runs, and the files that are damaged."""
    damaged: list[str] = []
    count = connection.execute("SELECT count(*) FROM steelyard.run").fetchone()
    assert count is not None
    notify(f"the files of {count[0]:,} runs")
    for key, name, sha256, is_whole in _checked_files(connection, folder):
        member = run_member(key, name)
        if not is_whole:
            damaged.append(member)
        elif writer.add(member, _content(folder, key, name)) != sha256:
            raise VerificationError(f"{member}: was changed while the backup was written: try again")
    return count[0], tuple(damaged)


def damaged_files(connection: psycopg.Connection[Any], folder: DataFolder) -> tuple[int, tuple[str, ...]]:
    """How many files all runs have, and those that are gone or not as they were received, by their path in the folder.

    Reads every byte of every run.
    """
    with connection.transaction():
        found = [(run_member(key, name), is_whole) for key, name, _, is_whole in _checked_files(connection, folder)]
    return len(found), tuple(name for name, is_whole in found if not is_whole)


def _checked_files(connection: psycopg.Connection[Any], folder: DataFolder) -> Iterator[tuple[str, str, str, bool]]:
    """Of each file of each run: the key of its folder, its name, its SHA-256, and whether the file still has that."""
    query = (
        "SELECT coalesce(folder, seal_sha256) AS key, run_file.name, sha256 FROM steelyard.run "  # noqa: S608
        f"JOIN steelyard.run_file ON run_id = id WHERE {NOT_WITHHELD} AND {NOT_WITHDRAWN} ORDER BY key, run_file.name"
    )
    with connection.cursor(name="run_files") as cursor:
        cursor.itersize = _BATCH
        cursor.execute(query.encode())
        for key, name, sha256 in cursor:
            yield key, name, sha256, is_accepted(name) and _digest(folder, key, name) == sha256


def _digest(folder: DataFolder, key: str, name: str) -> str:
    """The SHA-256 of a run's file; nothing where it cannot be read, so that one damaged file stops no backup."""
    import hashlib

    digest = hashlib.sha256()
    try:
        for chunk in _content(folder, key, name):
            digest.update(chunk)
    except (OSError, VerificationError):
        return ""
    return digest.hexdigest()


def _content(folder: DataFolder, key: str, name: str) -> Iterator[bytes]:
    with open_run_file(folder, key, name) as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
        while chunk := file.read(_CHUNK):
            yield chunk
