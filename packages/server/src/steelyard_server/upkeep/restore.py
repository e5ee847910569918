"""Restore a backup into an empty data folder and an empty database: all of it, or nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError, StorageError, VerificationError
from steelyard_server.database.audit import AuditHead, append_audit, audit_head, check_audit, open_months
from steelyard_server.database.beneath import make_folders, opened, remove
from steelyard_server.database.connection import open_database
from steelyard_server.database.folder import DataFolder, open_data_folder
from steelyard_server.database.job_copies import clear_marked, copies_of_erased, copies_of_run, mark_copies
from steelyard_server.database.migrate import FENCED, TABLES, grant_rights, make_schema, migrations
from steelyard_server.encryption.key_file import secret_key_file
from steelyard_server.endpoints.rows import unreadable_endpoints
from steelyard_server.runs.text_retention import NOT_WITHDRAWN, NOT_WITHHELD
from steelyard_server.upkeep.backup import columns_of
from steelyard_server.upkeep.backup_file import (
    ERASURES,
    WITHDRAWALS,
    BackupReader,
    Manifest,
    digest_of,
    run_member,
    table_member,
)
from steelyard_server.upkeep.erasure import Erasure, apply_erasure, read_erasures, write_erasures
from steelyard_server.upkeep.withdrawal import (
    Withdrawal,
    apply_withdrawal,
    read_withdrawals,
    remove_withdrawn,
    write_withdrawals,
)

if TYPE_CHECKING:
    import psycopg

    from steelyard_server.database.connection import Database

__all__ = ["RestoreResult", "restore_backup"]

_MAX_MONTHS: Final = 2400


@dataclass(frozen=True, slots=True)
class RestoreResult:
    """What was restored. ``erasures`` counts those that were applied again, ``sessions`` those that were ended.

    ``withdrawals`` counts the runs that were withdrawn again.

    ``unverified`` counts the runs that are marked as not verified here, since no SHA-256 vouched for the backup.
    ``without_keys`` are the endpoints whose keys cannot be read with the secret key that is here, if any.
    ``stopped`` counts the jobs that were paused, and the schedules, webhooks and mail that were switched off. ``begun``
    counts the jobs that have a sealed plan: they go on only under the key of their project, which is in no backup.
    """

    manifest: Manifest
    erasures: int
    sessions: int
    stopped: int
    unverified: int = 0
    without_keys: tuple[str, ...] = ()
    withdrawals: int = 0
    begun: int = 0


def restore_backup(
    path: Path,
    target: Path,
    *,
    sha256: str = "",
    erasures: Path | None = None,
    withdrawals: Path | None = None,
    run_as: str = "",
    notify: Callable[[str], None] = lambda _: None,
    environment: Mapping[str, str] = os.environ,
) -> RestoreResult:
    """Restore the backup at ``path`` into the new or empty folder ``target``, and its database or that of DATABASE_URL.

    The backup is read whole and held against its manifest, and against ``sha256`` where that is given, before anything
    is written. Without ``sha256`` nothing shows whose backup it is: its runs are marked, since what their rows say was
    not computed here. Erasures that the backup and the file ``erasures`` name, and withdrawals likewise, are applied
    before anybody can see the data; all sessions end. Raises InputError for a folder or a database that is not empty,
    and as :class:`BackupReader`; then nothing is left of it.
    """
    if sha256 and digest_of(path) != sha256.strip().lower():
        raise VerificationError(f"{path}: is another file than the one with that SHA-256; nothing was restored")
    notify("reading the backup")
    with BackupReader(path) as backup:
        _check_schema(backup, path)
        wanted = {*_erasures_in(backup), *(read_erasures(erasures) if erasures else ())}
        taken_out = sorted({*_withdrawals_in(backup), *(read_withdrawals(withdrawals) if withdrawals else ())})
        was_there = target.exists()
        _check_empty(target)
        try:
            folder = open_data_folder(target, restoring=True)
            _check_room(backup, folder)
            _write_files(backup, folder, notify)
            write_erasures(folder, sorted(wanted))
            write_withdrawals(folder, taken_out)
            with open_database(folder, run_as, notify, environment) as database:
                done = _restore(backup, database, sorted(wanted), taken_out, notify, is_known=bool(sha256))
                with database.connect_as_owner() as connection:
                    remove_withdrawn(connection, folder)
                folder.restoring.unlink()
                with database.connect() as connection:
                    names = unreadable_endpoints(connection, secret_key_file(folder, environment))
                return replace(done, without_keys=tuple(names))
        except BaseException:
            _remove(target, was_there=was_there)
            raise


def _check_schema(backup: BackupReader, path: Path) -> None:
    ours = tuple(migration.sha256 for migration in migrations())
    found = backup.manifest.schema
    if found != ours[: len(found)] or not found:
        raise InputError(
            f"is a backup of steelyard {backup.manifest.made_with[:40]}, whose database this version does not know: "
            "restore it with that version",
            where=path,
        )


def _check_empty(target: Path) -> None:
    try:
        if target.exists() and any(target.iterdir()):
            raise InputError("is not empty: a backup is restored into a new or an empty folder", where=target)
    except OSError as error:
        raise InputError(f"cannot be used as the data folder: {error.strerror}", where=target) from None


def _check_room(backup: BackupReader, folder: DataFolder) -> None:
    free = shutil.disk_usage(folder.path).free
    if backup.size > free:
        raise StorageError(f"{folder.path}: the backup needs {backup.size >> 20:,} MB, and {free >> 20:,} MB are free")


def _erasures_in(backup: BackupReader) -> list[Erasure]:
    if ERASURES not in backup.manifest.members:
        return []
    return read_erasures(b"".join(backup.read(ERASURES)))


def _withdrawals_in(backup: BackupReader) -> list[Withdrawal]:
    if WITHDRAWALS not in backup.manifest.members:
        return []
    return read_withdrawals(b"".join(backup.read(WITHDRAWALS)))


def _write_files(backup: BackupReader, folder: DataFolder, notify: Callable[[str], None]) -> None:
    notify(f"the files of {backup.manifest.runs:,} runs")
    for name in backup.run_files():
        *above, last = name.split("/")  # in one of the forms that the reader takes
        make_folders(folder.path, *above)
        with opened(folder.path, *above) as place:
            descriptor = os.open(last, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=place)
        with os.fdopen(descriptor, "wb") as file:
            for chunk in backup.read(name):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())


def _restore(
    backup: BackupReader,
    database: Database,
    erasures: list[Erasure],
    withdrawals: list[Withdrawal],
    notify: Callable[[str], None],
    *,
    is_known: bool,
) -> RestoreResult:
    """One transaction: the schema of the backup, its rows, what the manifest says of them, what was erased since."""
    notify("the database")
    manifest = backup.manifest
    with database.connect_as_owner() as connection, connection.transaction():
        if connection.execute("SELECT to_regnamespace('steelyard')").fetchone() != (None,):
            raise InputError(
                "the database that DATABASE_URL names holds a platform already: give an empty one for a restore"
            )
        make_schema(connection, migrations()[: len(manifest.schema)])
        connection.execute("DELETE FROM steelyard.project")  # the migrations made one, and the backup has its own
        tables = [table for table in TABLES if columns_of(connection, table)]
        if set(tables) != set(manifest.tables):
            raise VerificationError("the backup has other tables than its schema; nothing was restored")
        if manifest.audit_problem:  # its lines are loaded as they are, and the log says so whenever it is checked
            connection.execute("ALTER TABLE steelyard.audit DISABLE TRIGGER chain")
        for table in tables:
            _load(backup, connection, table)
        if manifest.audit_problem:
            connection.execute("ALTER TABLE steelyard.audit ENABLE TRIGGER chain")
        _check_rows(manifest, connection)
        make_schema(connection, migrations()[len(manifest.schema) :])
        sessions = connection.execute("UPDATE steelyard.session SET ended_at = now() WHERE ended_at IS NULL").rowcount
        for links in ("admin_link", "person_link"):  # one may have been used after the backup
            connection.execute(f"UPDATE steelyard.{links} SET used_at = now() WHERE used_at IS NULL".encode())  # noqa: S608
        connection.execute("UPDATE steelyard.share SET revoked_at = now() WHERE revoked_at IS NULL")
        connection.execute("UPDATE steelyard.serving SET folder = ''")  # the backup's folder is another one
        stopped = _stop_work(connection)
        # After that no job runs: those of people who were erased end here, and what they left goes.
        applied = sum(apply_erasure(connection, erasure) for erasure in erasures)
        withdrawn = [number for each in withdrawals if (number := apply_withdrawal(connection, each)) is not None]
        mark_copies(connection, copies_of_erased(connection))
        for number in withdrawn:
            mark_copies(connection, copies_of_run(connection, (), number), because="withdraw")
        clear_marked(connection)
        unverified = 0 if is_known else _mark_runs(connection)
        details = {
            "erasures": applied, "made_at": manifest.made_at, "sessions": sessions, "stopped": stopped,
            "unverified": unverified, "withdrawals": len(withdrawn),
        }  # fmt: skip
        append_audit(connection, "restore", actor="owner", details=details)
        begun = _count_begun(connection)
        grant_rights(connection, database.application_role)
    return RestoreResult(manifest, applied, sessions, stopped, unverified, withdrawals=len(withdrawn), begun=begun)


def _stop_work(connection: psycopg.Connection[Any]) -> int:
    """Pause jobs that have not ended, and switch schedules, webhooks and mail off; what was on its way is dropped.

    A copy must not ask, spend and write beside the original.
    """
    jobs = connection.execute(
        "UPDATE steelyard.job SET state = 'paused', wanted = '', leased_until = NULL, changed_by = 'owner', "
        "reason = 'restored from a backup: resume it where it is still wanted' WHERE state IN ('waiting', 'running')"
    ).rowcount
    connection.execute(
        "UPDATE steelyard.delivery SET state = 'dropped', leased_until = NULL, ended_at = now() WHERE state = 'waiting'"
    )
    connection.execute("UPDATE steelyard.worker SET ended_at = now() WHERE ended_at IS NULL")  # they are of another one
    switched = (
        "UPDATE steelyard.schedule SET is_on = false WHERE is_on",
        "UPDATE steelyard.webhook SET disabled_at = now(), disabled_because = 'restored from a backup: switch it on "
        "where it is still wanted' WHERE disabled_at IS NULL AND retired_at IS NULL",
        "UPDATE steelyard.mail_server SET is_on = false WHERE is_on",
    )
    return jobs + sum(connection.execute(each.encode()).rowcount for each in switched)


def _count_begun(connection: psycopg.Connection[Any]) -> int:
    """How many of the jobs that have not ended go on with a sealed plan; none where the backup's schema has none."""
    row = connection.execute(
        "SELECT count(*) FROM steelyard.job j WHERE j.state = 'paused' AND EXISTS (SELECT FROM steelyard.job o "
        "WHERE coalesce(o.resumes, o.id) = coalesce(j.resumes, j.id) AND o.stored_run_id IS NOT NULL)"
    ).fetchone()
    assert row is not None
    return int(row[0])


def _mark_runs(connection: psycopg.Connection[Any]) -> int:
    """Mark all runs as not verified here; how many they are."""
    connection.execute(
        "INSERT INTO steelyard.run_restored (run_id) SELECT id FROM steelyard.run ON CONFLICT DO NOTHING"
    )
    row = connection.execute("SELECT count(*) FROM steelyard.run_restored").fetchone()
    assert row is not None
    return int(row[0])


def _load(backup: BackupReader, connection: psycopg.Connection[Any], table: str) -> None:
    from psycopg import DatabaseError, OperationalError, sql

    content = backup.manifest.tables[table]
    columns = columns_of(connection, table)
    if content.columns != columns:
        raise VerificationError(f"the backup's table {table} has other columns than its schema; nothing was restored")
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    # Lines of the log go to the partitions of their months, which are made when the months are known.
    is_parted = connection.execute(
        "SELECT relkind = 'p' FROM pg_class WHERE oid = ('steelyard.' || %s)::regclass", (table,)
    ).fetchone() == (True,)
    place = sql.Identifier("pg_temp", "loaded") if is_parted else sql.Identifier("steelyard", table)
    try:
        if is_parted:
            connection.execute("CREATE TEMPORARY TABLE loaded (LIKE steelyard.audit) ON COMMIT DROP")
        with _unfenced(connection, table), connection.cursor() as cursor:
            with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(place, names)) as copy:
                for chunk in backup.read(table_member(table)):
                    copy.write(chunk)
            loaded = cursor.rowcount
        if is_parted:
            _load_months(connection)
    except OperationalError:
        raise
    except DatabaseError as error:
        raise VerificationError(
            f"the backup's table {table} cannot be loaded (SQLSTATE {error.sqlstate}); nothing was restored"
        ) from None
    if loaded != content.rows:
        raise VerificationError(
            f"the backup's table {table} has {loaded} rows, and its manifest says {content.rows}; nothing was restored"
        )
    sequence = connection.execute(
        "SELECT pg_get_serial_sequence('steelyard.' || %s, 'id') FROM pg_attribute "
        "WHERE attrelid = ('steelyard.' || %s)::regclass AND attname = 'id' AND attidentity <> ''",
        (table, table),
    ).fetchone()
    if sequence is not None:
        connection.execute(
            sql.SQL("SELECT setval(%s, greatest(max(id), 1), max(id) IS NOT NULL) FROM {}").format(
                sql.Identifier("steelyard", table)
            ),
            sequence,
        )


def _load_months(connection: psycopg.Connection[Any]) -> None:
    """Lines of the audit log from ``loaded`` to their months; the log's trigger refuses one that does not follow."""
    months = connection.execute("SELECT DISTINCT date_trunc('month', at) FROM pg_temp.loaded").fetchall()
    if len(months) > _MAX_MONTHS:
        raise VerificationError("the backup's audit log is of more months than any; nothing was restored")
    open_months(connection, (month for (month,) in months))
    connection.execute(
        "INSERT INTO steelyard.audit (sequence, line, sha256, at, act) "
        "SELECT sequence, line, sha256, at, act FROM pg_temp.loaded ORDER BY sequence"
    )
    connection.execute("DROP TABLE pg_temp.loaded")


@contextmanager
def _unfenced(connection: psycopg.Connection[Any], table: str) -> Iterator[None]:
    """A table that takes rows although their lease is over, as only its owner can make it."""
    from psycopg import sql

    if table not in FENCED:
        yield
        return
    name = sql.Identifier("steelyard", table)
    connection.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(name))
    yield
    connection.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(name))


def _check_rows(manifest: Manifest, connection: psycopg.Connection[Any]) -> None:
    """The audit log's chain and head, and that every file of a run is in the backup, as the rows say it."""
    head = audit_head(connection) if manifest.audit_problem else check_audit(connection)
    if head != AuditHead(manifest.audit_lines, manifest.audit_sha256) or head.lines == 0:  # each migration is a line
        raise VerificationError("the backup's audit log has another head than its manifest; nothing was restored")
    damaged = set(manifest.damaged)
    left = {name for name in manifest.members if name.startswith("runs/")}
    # The first schema had no folders but those by the seal, and withheld no texts.
    key = "coalesce(folder, seal_sha256)" if "folder" in columns_of(connection, "run") else "seal_sha256"
    query = f"SELECT {key}, run_file.name, sha256 FROM steelyard.run JOIN steelyard.run_file ON run_id = id"  # noqa: S608
    if "run_withheld" in manifest.tables:
        query += f" WHERE {NOT_WITHHELD}"
    if "run_withdrawn" in manifest.tables:
        query += f" AND {NOT_WITHDRAWN}"
    for folder, name, sha256 in connection.execute(query.encode()):
        member = run_member(folder, name)
        left.discard(member)
        if member not in damaged and manifest.members.get(member) != sha256:
            raise VerificationError(f"the backup lacks {member[:200]}, or has another one; nothing was restored")
    if left:
        raise VerificationError(f"no run of the backup has {min(left)[:200]}; nothing was restored")


def _remove(target: Path, *, was_there: bool) -> None:
    """Take away what was written into a folder that was new or empty."""
    if not was_there:
        shutil.rmtree(target, ignore_errors=True)
        return
    for entry in target.iterdir():
        remove(target.resolve(), entry.name)
