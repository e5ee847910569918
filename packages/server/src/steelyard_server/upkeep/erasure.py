"""Erase a person: name and password go, sessions, tokens and share links end; the number stays in runs and audit lines.

Their jobs are stopped, and what those left goes: folders, and runs in the database with all texts.

What was erased is noted in the data folder, too, so that a backup from before can be restored without bringing it back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.errors import InputError
from steelyard.evidence.canonical import canonical
from steelyard.util.append_file import append_lines
from steelyard_server.database.audit import append_audit
from steelyard_server.database.folder import DataFolder
from steelyard_server.database.job_copies import (
    clear_marked,
    copies_of_erased,
    job_folders,
    mark_copies,
    remove_job_folders,
)
from steelyard_server.database.notes import read_notes

if TYPE_CHECKING:
    import psycopg

    from steelyard_server.database.connection import Database

__all__ = ["ErasedPerson", "Erasure", "apply_erasure", "erase_person", "read_erasures", "write_erasures"]


class Erasure(msgspec.Struct, frozen=True, order=True, forbid_unknown_fields=True):
    """One erasure: of the person with this number, who was made at this moment.

    The moment tells that person from another one who got the number after an older backup was restored.
    """

    person: int
    created_at: str


@dataclass(frozen=True, slots=True)
class ErasedPerson:
    """The number that stays; of how many jobs what they left was deleted, and how many still run, until they stop."""

    number: int
    jobs: int
    running: int


def erase_person(database: Database, folder: DataFolder, name: str) -> ErasedPerson:
    """Erase the person who signs in as ``name``.

    Sessions and tokens end at once, jobs as soon as their workers hear of it: what a running one leaves is deleted by
    the next retention. The note in the data folder comes first, so that no erasure can be without one.
    Raises InputError where there is no such person.
    """
    with database.connect_as_owner() as connection, connection.transaction():
        row = connection.execute(
            "SELECT id, created_at FROM steelyard.person "
            "WHERE lower(name) = lower(%s) AND erased_at IS NULL FOR UPDATE",
            (name,),
        ).fetchone()
        if row is None:
            raise InputError("there is no person of this name: the page Admin lists them")
        erasure = Erasure(row[0], row[1].isoformat())
        write_erasures(folder, [erasure])
        apply_erasure(connection, erasure)
        append_audit(connection, "erase", actor="owner", subject=f"person:{erasure.person}")
        copies = copies_of_erased(connection, job_folders(folder))
        mark_copies(connection, copies)
        clear_marked(connection)
        running = connection.execute(
            "SELECT count(*) FROM steelyard.job WHERE requested_by = %s AND state = 'running'", (erasure.person,)
        ).fetchone()
    remove_job_folders(folder, copies)
    return ErasedPerson(erasure.person, len(copies), running[0] if running else 0)


def apply_erasure(connection: psycopg.Connection[Any], erasure: Erasure) -> bool:
    """Erase in the caller's transaction, as the owner; whether there was something to erase."""
    row = connection.execute(
        "SELECT steelyard.erase_person(id) FROM steelyard.person WHERE id = %s AND created_at = %s::timestamptz",
        (erasure.person, erasure.created_at),
    ).fetchone()
    connection.execute(
        "SELECT steelyard.erase_shares(id), steelyard.erase_mail(id), steelyard.erase_reader_keys(id), "
        "steelyard.stop_jobs_of(id) "
        "FROM steelyard.person WHERE id = %s AND created_at = %s::timestamptz",
        (erasure.person, erasure.created_at),
    )
    return row == (True,)


def read_erasures(source: Path | bytes) -> list[Erasure]:
    """The erasures that a file or its bytes name; raises InputError, with the line, for what is none."""
    return read_notes(source, "erasures.jsonl", Erasure, _check, 'erasure: {"created_at": …, "person": …}')


def _check(erasure: Erasure) -> None:
    datetime.fromisoformat(erasure.created_at)


def write_erasures(folder: DataFolder, erasures: list[Erasure]) -> None:
    """Note erasures in the data folder, on disk to stay."""
    if erasures:
        append_lines(folder.erasures, b"".join(canonical(erasure) + b"\n" for erasure in erasures))
