"""Withdraw a run that was pushed by mistake: its files and texts go, its row stays and counts, and says that it went.

What was withdrawn is noted in the data folder, too, so that a backup from before can be restored without bringing it
back. What the server's own job left beside the run goes with it, and the questions that the job was given.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from steelyard.errors import InputError
from steelyard.evidence.canonical import canonical
from steelyard.evidence.forms import is_sha256
from steelyard.util.append_file import append_lines
from steelyard_server.answers.keeping import remove_index
from steelyard_server.database.audit import append_audit
from steelyard_server.database.beneath import remove
from steelyard_server.database.folder import DataFolder
from steelyard_server.database.job_copies import (
    clear_marked,
    copies_of_run,
    job_folders,
    mark_copies,
    remove_job_folders,
)
from steelyard_server.database.notes import read_notes
from steelyard_server.runs.text_retention import hold_files
from steelyard_server.upkeep.withdrawn_texts import remove_questions

if TYPE_CHECKING:
    import psycopg

    from steelyard_server.database.connection import Database

__all__ = [
    "MAX_REASON",
    "Withdrawal",
    "WithdrawnRun",
    "apply_withdrawal",
    "read_withdrawals",
    "remove_withdrawn",
    "withdraw_run",
    "write_withdrawals",
]

MAX_REASON: Final = 300  # characters


class Withdrawal(msgspec.Struct, frozen=True, order=True, forbid_unknown_fields=True, kw_only=True):
    """One withdrawal: of the run with this seal that was pushed into this project at this moment, when, and why.

    The moment of the push tells it from the same run that was pushed again after an older backup was restored.
    """

    project: str
    seal: str
    pushed_at: str
    withdrawn_at: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class WithdrawnRun:
    """The row that stays; how many files with how many bytes went, and of how many jobs what they had left.

    ``is_running``: a job that goes on with it runs or waits, and keeps what it has. ``schedules`` are the names of
    those that lost their questions, and are off for good; ``open_jobs`` the numbers of theirs that have not ended.
    """

    number: int
    project: str
    subject: str
    files: int
    size: int
    jobs: int
    is_running: bool
    schedules: tuple[str, ...] = ()
    open_jobs: tuple[int, ...] = ()


def withdraw_run(
    database: Database, folder: DataFolder, seal: str, *, project: str = "", reason: str = ""
) -> WithdrawnRun:
    """Withdraw the run with this seal; ``project`` is needed where several have it.

    It waits for a backup that is being written. The note in the data folder comes first, then the row with its audit
    line, then files are deleted; what a crash leaves the next retention finds. Raises InputError where there is no such
    run, where it is withdrawn already, and for a reason of more than 300 characters.
    """
    if not is_sha256(seal):
        raise InputError("a run is named by the digest of its seal, 64 hexadecimal digits, as its page has it")
    if len(reason) > MAX_REASON or not reason.isprintable():
        raise InputError(f"a reason is one line of {MAX_REASON} characters at most")
    with database.connect_as_owner() as connection:
        hold_files(connection, alone=True)
        with connection.transaction():
            number, withdrawal, subject, files, size = _find(connection, seal, project, reason)
            write_withdrawals(folder, [withdrawal])
            apply_withdrawal(connection, withdrawal)
            copies = copies_of_run(connection, job_folders(folder), number)
            mark_copies(connection, copies, because="withdraw")
            is_running = _has_jobs(connection, number) and not _are_over(connection, number)
            schedules, open_jobs = _emptied(connection)
            details = {"files": files, "schedules": len(schedules), "seal": seal, "size": size}
            append_audit(connection, "withdraw", actor="owner", subject=f"run:{number}", details=details)
        clear_marked(connection)
        remove_job_folders(folder, copies)
        remove_withdrawn(connection, folder)
    return WithdrawnRun(number, withdrawal.project, subject, files, size, len(copies), is_running, schedules, open_jobs)


def _find(
    connection: psycopg.Connection[Any], seal: str, project: str, reason: str
) -> tuple[int, Withdrawal, str, int, int]:
    rows = connection.execute(
        "SELECT r.id, p.name, r.pushed_at, r.subject, r.files, r.size_bytes, w.run_id, now() FROM steelyard.run r "
        "JOIN steelyard.project p ON p.id = r.project_id LEFT JOIN steelyard.run_withdrawn w ON w.run_id = r.id "
        "WHERE r.seal_sha256 = %s AND (%s = '' OR p.name = %s) ORDER BY p.name",
        (seal, project, project),
    ).fetchall()
    if not rows:
        raise InputError("there is no run with this seal: its page has the digest of its seal")
    left = [row for row in rows if row[6] is None]
    if not left:
        raise InputError("this run is withdrawn already")
    if len(left) > 1:
        names = ", ".join(row[1] for row in left[:20])
        raise InputError(f"several projects have this run: name one with --project ({names})")
    number, name, pushed_at, subject, files, size, _, now = left[0]
    withdrawal = Withdrawal(
        project=name, seal=seal, pushed_at=pushed_at.isoformat(), withdrawn_at=now.isoformat(), reason=reason
    )
    return number, withdrawal, subject, files, int(size)


def apply_withdrawal(connection: psycopg.Connection[Any], withdrawal: Withdrawal) -> int | None:
    """Note it in the caller's transaction, as the owner; the run's number, None where there is nothing to withdraw.

    The questions that its jobs were given, and schedules that ask them have, go at once; files and copies are the
    caller's to delete.
    """
    row = connection.execute(
        "INSERT INTO steelyard.run_withdrawn (run_id, withdrawn_at, reason) "
        "SELECT r.id, %s::timestamptz, %s FROM steelyard.run r JOIN steelyard.project p ON p.id = r.project_id "
        "WHERE p.name = %s AND r.seal_sha256 = %s AND r.pushed_at = %s::timestamptz "
        "ON CONFLICT DO NOTHING RETURNING run_id",
        (withdrawal.withdrawn_at, withdrawal.reason, withdrawal.project, withdrawal.seal, withdrawal.pushed_at),
    ).fetchone()
    if row is None:
        return None
    remove_questions(connection, row[0])
    return int(row[0])


def _emptied(connection: psycopg.Connection[Any]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The schedules of which this transaction took questions, and their jobs that have not ended."""
    rows = connection.execute(
        "SELECT id, name FROM steelyard.schedule WHERE withdrawn_at = now() ORDER BY name"
    ).fetchall()
    jobs = connection.execute(
        "SELECT id FROM steelyard.job WHERE schedule_id = ANY (%s) AND state IN ('waiting', 'running', 'paused') "
        "ORDER BY id",
        ([number for number, _ in rows],),
    ).fetchall()
    return tuple(name for _, name in rows), tuple(job for (job,) in jobs)


def remove_withdrawn(connection: psycopg.Connection[Any], folder: DataFolder) -> None:
    """Remove the folders of all runs that were withdrawn, and the lists of their answers, where they are still here."""
    rows = connection.execute(
        "SELECT coalesce(folder, seal_sha256) FROM steelyard.run JOIN steelyard.run_withdrawn ON run_id = id ORDER BY 1"
    ).fetchall()
    for (key,) in rows:
        remove(folder.path, folder.runs.name, key[:2], key)
        remove_index(folder, key)


def _has_jobs(connection: psycopg.Connection[Any], number: int) -> bool:
    return connection.execute("SELECT FROM steelyard.job WHERE run_id = %s LIMIT 1", (number,)).fetchone() is not None


def _are_over(connection: psycopg.Connection[Any], number: int) -> bool:
    query = (
        "SELECT FROM steelyard.job WHERE coalesce(resumes, id) IN (SELECT coalesce(resumes, id) FROM steelyard.job "
        "WHERE run_id = %s) AND state NOT IN ('finished', 'failed', 'cancelled') LIMIT 1"
    )
    return connection.execute(query, (number,)).fetchone() is None


def read_withdrawals(source: Path | bytes) -> list[Withdrawal]:
    """The withdrawals that a file or its bytes name; raises InputError, with the line, for what is none."""
    wanted = 'withdrawal: {"project": …, "pushed_at": …, "reason": …, "seal": …, "withdrawn_at": …}'
    return read_notes(source, "withdrawals.jsonl", Withdrawal, _check, wanted)


def _check(withdrawal: Withdrawal) -> None:
    for moment in (withdrawal.pushed_at, withdrawal.withdrawn_at):
        if datetime.fromisoformat(moment).tzinfo is None:
            raise ValueError
    if not is_sha256(withdrawal.seal) or len(withdrawal.reason) > MAX_REASON or "\0" in repr(withdrawal):
        raise ValueError
    if not (withdrawal.reason + withdrawal.project).isprintable():
        raise ValueError


def write_withdrawals(folder: DataFolder, withdrawals: list[Withdrawal]) -> None:
    """Note withdrawals in the data folder, on disk to stay."""
    if withdrawals:
        append_lines(folder.withdrawals, b"".join(canonical(each) + b"\n" for each in withdrawals))
