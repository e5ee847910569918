"""Migrations: numbered SQL files, each in a transaction of its own, with their digests recorded and checked."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, Any, Final, LiteralString

from steelyard.errors import InputError
from steelyard.evidence.canonical import sha256_hex
from steelyard_server.database.audit import append_audit

if TYPE_CHECKING:
    import psycopg

__all__ = [
    "DERIVED",
    "FENCED",
    "TABLES",
    "Migration",
    "apply_migrations",
    "check_schema",
    "grant_rights",
    "make_schema",
    "migrations",
    "missing_migrations",
]

_LOCK: Final = 8101738236421
_NAME: Final = re.compile(r"([0-9]{4})_([a-z0-9_]+)\.sql")
# What the application's role may do; where a table is not named, nothing. Append-only is INSERT and SELECT.
_RIGHTS: Final = {
    "schema_migration": "SELECT",
    "project": "SELECT, INSERT, UPDATE (text_months)",
    "person": "SELECT, INSERT, UPDATE (password_hash, is_admin, disabled_at)",
    "group_mapping": "SELECT, INSERT, UPDATE (ended_at)",
    "membership": "SELECT, INSERT, UPDATE (confirmed_at, ended_at)",
    "identity": "SELECT, INSERT",
    "session": "SELECT, INSERT, UPDATE (ended_at)",
    "admin_link": "SELECT, INSERT, UPDATE (used_at)",
    "person_link": "SELECT, INSERT, UPDATE (used_at)",
    "token": "SELECT, INSERT, UPDATE (revoked_at, last_used_at)",
    "run": "SELECT, INSERT",
    "run_file": "SELECT, INSERT",
    "run_withheld": "SELECT",
    "run_restored": "SELECT",
    "run_withdrawn": "SELECT",
    "run_seen": "SELECT, INSERT",
    "endpoint": "SELECT, INSERT, UPDATE (models, concurrency, price_in, price_out, retired_at, rest_until)",
    "endpoint_key": "SELECT, INSERT, UPDATE (sealed, set_at, set_by)",
    "share": "SELECT, INSERT, UPDATE (revoked_at, opened, opened_at)",
    "audit_cut": "SELECT",
    "stored_run": "SELECT, INSERT",
    "stored_run_cleared": "SELECT",
    "stored_run_questions": "SELECT, INSERT",
    "lease": "SELECT, INSERT, UPDATE (until)",
    "stored_line": "SELECT, INSERT",
    "stored_text": "SELECT, INSERT",
    "stored_file": "SELECT, INSERT",
    "schedule": "SELECT, INSERT, UPDATE (is_on, next_at)",
    "job": "SELECT, INSERT, UPDATE (state, wanted, attempt, failures, not_before, worker, leased_until, progress, "
    "reason, changed_by, run_id, ended_at, stored_run_id, waits_for, alert, taken_at, resumed_by)",
    "job_event": "SELECT",
    "approval": "SELECT, INSERT",
    "threshold_change": "SELECT, INSERT",
    "threshold_decision": "SELECT, INSERT",
    "worker": "SELECT, INSERT, UPDATE (seen_at, ended_at, problem)",
    "budget": "SELECT, INSERT, UPDATE (cost, tokens, set_by, set_at)",
    "spending": "SELECT",
    "reservation": "SELECT",
    "serving": "SELECT, INSERT, UPDATE (places, folder, noted_at)",
    "webhook_place": "SELECT, INSERT, UPDATE (retired_at)",
    "webhook": "SELECT, INSERT, UPDATE (kinds, failing_since, disabled_at, disabled_because, retired_at)",
    "webhook_key": "SELECT, INSERT, UPDATE (sealed, ends_at)",
    "mail_server": "SELECT, INSERT, UPDATE (host, port, security, sender, username, sealed, is_on, set_at, set_by)",
    "mail_address": "SELECT, INSERT, UPDATE (address, sha256, asked, asked_on, confirmed_at)",
    "mail_choice": "SELECT, INSERT, UPDATE (kinds, changed_at)",
    "event": "SELECT, INSERT",
    "delivery": "SELECT, INSERT, UPDATE (state, attempt, next_at, leased_until, ended_at)",
    "delivery_attempt": "SELECT, INSERT",
    "suite_version": "SELECT, INSERT",
    "suite_file": "SELECT, INSERT",
    "suite_item": "SELECT, INSERT",
    "suite_decision": "SELECT, INSERT",
    "suite_review": "SELECT",
    "suite_view": "SELECT, INSERT",
    "run_suite": "SELECT, INSERT",
    "suite_seen": "SELECT",
    "label_set": "SELECT, INSERT",
    "label_answer": "SELECT, INSERT",
    "label": "SELECT, INSERT",
    "reader_key": "SELECT, INSERT, UPDATE (confirmed_at, ended_at)",
    "audit": "SELECT, INSERT",
}
# Functions of the owner's that the application may call.
_CALLED: Final = (
    "open_audit_month(timestamptz)",
    "begin_review(bigint)",
    "reserve(bigint, integer, numeric, numeric, numeric, numeric, numeric, numeric)",
    "foresee_job(bigint, integer, numeric, numeric, numeric, numeric)",
)


# What triggers add up of other tables' rows, in a restore, too: no backup has it.
DERIVED: Final = ("suite_seen",)
# In an order in which rows can be written: what a row refers to comes before it.
TABLES: Final = tuple(table for table in _RIGHTS if table not in ("schema_migration", *DERIVED))

# Tables that take rows only in their moment: under a lease, or while a job or a threshold waits for a decision.
FENCED: Final = (
    "lease", "stored_line", "stored_text", "stored_file", "approval", "threshold_change", "threshold_decision",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file; ``sha256`` is that of its bytes."""

    number: int
    name: str
    sql: bytes = field(repr=False)
    sha256: str

    @property
    def about(self) -> str:
        """What it does, in one line: the comment at its beginning."""
        lines = itertools.takewhile(lambda line: line.startswith("--"), self.sql.decode().splitlines())
        return " ".join(line.removeprefix("--").strip() for line in lines)


def migrations(folder: Traversable | None = None) -> tuple[Migration, ...]:
    """The migrations of this program in their order: 1, 2, 3 …; ``folder`` is another one, for tests of old schemas."""
    found = []
    for file in (folder or files("steelyard_server.database") / "sql").iterdir():
        if named := _NAME.fullmatch(file.name):
            sql = file.read_bytes()
            found.append(Migration(int(named[1]), named[2], sql, sha256_hex(sql)))
    found.sort(key=lambda migration: migration.number)
    assert [migration.number for migration in found] == list(range(1, len(found) + 1)), "numbers without a gap"
    return tuple(found)


def apply_migrations(
    connection: psycopg.Connection[Any],
    application: str,
    wanted: Sequence[Migration] | None = None,
    *,
    actor: str = "owner",
) -> tuple[Migration, ...]:
    """Apply, as the owner, the migrations that are missing; return them. The role ``application`` gets its rights.

    Several may call it at one time: each step is under a lock. Each migration is one transaction, with an audit line.
    Raises InputError where the database has a newer schema, or a migration that was changed.
    """
    ours = migrations() if wanted is None else tuple(wanted)
    done: list[Migration] = []
    while (migration := _apply_next(connection, ours, actor)) is not None:
        done.append(migration)
    with connection.transaction():
        _lock(connection)
        grant_rights(connection, application)
    return tuple(done)


def make_schema(connection: psycopg.Connection[Any], wanted: Sequence[Migration]) -> None:
    """Make the schema in an empty database, in the caller's transaction and without audit lines: for a restore."""
    _lock(connection)
    for migration in wanted:
        _apply(connection, migration)


def check_schema(connection: psycopg.Connection[Any], wanted: Sequence[Migration] | None = None) -> None:
    """Raise InputError unless the database has exactly this program's schema; the application's role may call it."""
    missing = missing_migrations(connection, wanted)
    if missing:
        raise InputError(
            f"the database's schema is number {missing[0].number - 1}, and this version of steelyard needs "
            f"{missing[-1].number}: run steelyard serve migrate"
        )


def missing_migrations(
    connection: psycopg.Connection[Any], wanted: Sequence[Migration] | None = None
) -> tuple[Migration, ...]:
    """The migrations of the installed program that a database lacks, in order; the application's role may call it.

    They are read anew at each call, so a server that runs sees those of a version that was installed since. Raises
    InputError as :func:`apply_migrations`.
    """
    ours = migrations() if wanted is None else tuple(wanted)
    with connection.transaction():
        return ours[_applied(connection, ours) :]


def _apply_next(connection: psycopg.Connection[Any], ours: tuple[Migration, ...], actor: str) -> Migration | None:
    with connection.transaction():
        _lock(connection)
        applied = _applied(connection, ours)
        if applied == len(ours):
            return None
        migration = ours[applied]
        _apply(connection, migration)
        append_audit(
            connection,
            "migrate",
            actor=actor,
            subject=f"schema:{migration.number}",
            details={"name": migration.name, "sha256": migration.sha256},
        )
    return migration


def _apply(connection: psycopg.Connection[Any], migration: Migration) -> None:
    connection.execute(migration.sql)
    connection.execute(
        "INSERT INTO steelyard.schema_migration (number, name, digest) VALUES (%s, %s, %s)",
        (migration.number, migration.name, migration.sha256),
    )


def _applied(connection: psycopg.Connection[Any], ours: tuple[Migration, ...]) -> int:
    """How many migrations the database has, each as this program has it."""
    if connection.execute("SELECT to_regclass('steelyard.schema_migration')").fetchone() == (None,):
        return 0
    rows = connection.execute("SELECT number, digest FROM steelyard.schema_migration ORDER BY number").fetchall()
    if len(rows) > len(ours):
        raise InputError(
            f"the database's schema is number {rows[-1][0]}, and this version of steelyard knows {len(ours)}: it was "
            "used by a newer version; install that one, or restore a backup that was made before"
        )
    for (number, sha256), migration in zip(rows, ours, strict=False):
        if (number, sha256) != (migration.number, migration.sha256):
            raise InputError(
                f"the database's schema was made by another migration {number} than this version of steelyard has: "
                "use the version that made it"
            )
    return len(rows)


def _lock(connection: psycopg.Connection[Any]) -> None:
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))


def grant_rights(connection: psycopg.Connection[Any], application: str) -> None:
    """Give the application's role the rights of this version, and no other; the owner itself needs none.

    What an older schema has not yet is left out.
    """
    from psycopg import sql

    if connection.execute("SELECT current_user").fetchone() == (application,):
        return
    role = sql.Identifier(application)
    connection.execute(sql.SQL("GRANT USAGE ON SCHEMA steelyard TO {}").format(role))
    for table, rights in _RIGHTS.items():
        if columns := _columns(connection, table):
            name = sql.Identifier("steelyard", table)
            connection.execute(sql.SQL("REVOKE ALL ON {} FROM {}").format(name, role))
            connection.execute(
                sql.SQL("GRANT {} ON {} TO {}").format(sql.SQL(_on_columns(rights, columns)), name, role)
            )
    for function in _CALLED:
        named = connection.execute("SELECT to_regprocedure('steelyard.' || %s)", (function,)).fetchone()
        if named != (None,):
            connection.execute(sql.SQL("GRANT EXECUTE ON FUNCTION steelyard.{} TO {}").format(sql.SQL(function), role))


def _columns(connection: psycopg.Connection[Any], table: str) -> set[str]:
    """The columns of a table; none where it does not exist."""
    rows = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass('steelyard.' || %s) AND attnum > 0 "
        "AND NOT attisdropped",
        (table,),
    )
    return {name for (name,) in rows}


def _on_columns(rights: LiteralString, columns: set[str]) -> LiteralString:
    """The rights of a table as GRANT takes them, with those columns alone that it has."""
    before, _, listed = rights.partition(", UPDATE (")
    names = [name for name in listed.removesuffix(")").split(", ") if name in columns]
    return f"{before}, UPDATE ({', '.join(names)})" if names else before
