"""Everything that the database has of one person, as JSON lines: for them, or before they are erased.

Which tables name people is asked of the database itself, so that a new table is not forgotten. What opens a door is
left out: hashes of passwords, digests of secrets, encrypted keys.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError
from steelyard.util.atomic_file import whole_file
from steelyard_server.database.audit import append_audit
from steelyard_server.upkeep.backup import columns_of

if TYPE_CHECKING:
    import psycopg

    from steelyard_server.database.connection import Database

__all__ = ["FORMAT", "Exported", "export_person", "tables_of_people"]

FORMAT: Final = "steelyard-person/1"
_SECRET: Final = frozenset({"password_hash", "sealed", "sha256"})
_LEFT_OUT: Final = _SECRET | {"summary"}  # of a run: a megabyte of tables that name nobody
_AUDIT: Final = """
SELECT line FROM steelyard.audit WHERE line::json ->> 'subject' = %(subject)s OR line::json ->> 'actor' IN
    (SELECT %(subject)s UNION ALL SELECT 'token:' || id FROM steelyard.token WHERE person_id = %(person)s)
ORDER BY sequence
"""


@dataclass(frozen=True, slots=True)
class Exported:
    """Whose rows they are, how many of each table, and the file's size."""

    person: int
    rows: dict[str, int]
    size: int


def export_person(database: Database, name: str, path: Path) -> Exported:
    """Write what there is of the person who signs in as ``name`` to a new file, for its owner alone to read.

    The first line is the manifest: person, moment, how many rows of each table, and the SHA-256 of all other lines,
    which are ``{"row": …, "table": …}``. An audit line says that it was made. Raises InputError where there is no such
    person, and where the file exists or cannot be written.
    """
    if path.exists():
        raise InputError("exists: give a new name", where=path)
    with database.connect_as_owner() as connection, connection.transaction():
        row = connection.execute(
            "SELECT id FROM steelyard.person WHERE lower(name) = lower(%s) AND erased_at IS NULL", (name,)
        ).fetchone()
        if row is None:
            raise InputError("there is no person of this name: the page Admin lists them")
        person = int(row[0])
        append_audit(connection, "export", actor="owner", subject=f"person:{person}")
        lines, rows = _lines(connection, person)
    body = b"".join(lines)
    manifest = {
        "format": FORMAT,
        "left_out": sorted(_LEFT_OUT),
        "made_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "name": name,
        "person": person,
        "rows": rows,
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    try:
        with whole_file(path, 0o600) as file:
            file.write(_line(manifest) + body)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=path) from None
    return Exported(person, rows, path.stat().st_size)


def tables_of_people(connection: psycopg.Connection[Any]) -> dict[str, tuple[str, ...]]:
    """The tables with a column that is a person's number, and these columns."""
    found: dict[str, tuple[str, ...]] = {"person": ("id",)}
    rows = connection.execute(
        "SELECT t.relname, a.attname FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid "
        "JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey) "
        "WHERE c.contype = 'f' AND c.confrelid = 'steelyard.person'::regclass AND NOT t.relispartition "
        "ORDER BY t.relname, a.attname"
    )
    for table, column in rows:
        found[table] = (*found.get(table, ()), column)
    return found


def _lines(connection: psycopg.Connection[Any], person: int) -> tuple[list[bytes], dict[str, int]]:
    lines: list[bytes] = []
    rows: dict[str, int] = {}
    for table, columns in tables_of_people(connection).items():
        found = _rows(connection, table, columns, person)
        rows[table] = len(found)
        lines += [_line({"row": row, "table": table}) for row in found]
    audit = connection.execute(_AUDIT, {"person": person, "subject": f"person:{person}"}).fetchall()
    rows["audit"] = len(audit)
    lines += [_line({"row": json.loads(line), "table": "audit"}) for (line,) in audit]
    return lines, rows


def _rows(connection: psycopg.Connection[Any], table: str, columns: tuple[str, ...], person: int) -> list[Any]:
    from psycopg import sql

    shown = [name for name in columns_of(connection, table) if name not in _LEFT_OUT]
    query = sql.SQL("SELECT row_to_json(r)::text FROM (SELECT {} FROM {} WHERE {} ORDER BY 1) r").format(
        sql.SQL(", ").join(map(sql.Identifier, shown)),
        sql.Identifier("steelyard", table),
        sql.SQL(" OR ").join(sql.SQL("{} = %(person)s").format(sql.Identifier(name)) for name in columns),
    )
    return [json.loads(row) for (row,) in connection.execute(query, {"person": person})]


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, sort_keys=True).encode("utf-8", "backslashreplace") + b"\n"
