"""Taking in the run of a job: as a pushed one is, and by no other way, so that nobody's word for it counts.

The sealed files go through the strict reader of pushed archives, are verified in a process without the network, and get
an ordinary row; the same transaction ends the job, so that there is never a run of a job that another went on with.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError, StorageError
from steelyard.evidence.bundle import Bundle
from steelyard_server.archive import Limits, Unpacker, packed
from steelyard_server.client.push import files_to_push
from steelyard_server.database.audit import append_audit
from steelyard_server.jobs.leases import finish_job
from steelyard_server.jobs.look_changes import change_since, note_change
from steelyard_server.runs.folders import folder_key, keep
from steelyard_server.runs.rows import insert_run

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

    from steelyard_server.database.folder import DataFolder
    from steelyard_server.jobs.leases import Lease
    from steelyard_server.push.verifying import Verifier
    from steelyard_server.runs.summary import RunSummary

__all__ = ["finish", "keep_run", "verified_copy"]

_FREE: Final = 1 << 30  # bytes of the disk that stay free: the database lies there too


def verified_copy(run: Path, taken: Path, verifier: Verifier) -> RunSummary:
    """Copy the sealed files of ``run`` to the new folder ``taken``, and verify them there.

    Raises VerificationError where the run does not verify, InputError where that cannot be told, StorageError where the
    disk is nearly full.
    """
    taken.mkdir(mode=0o700)
    unpacker = Unpacker(taken, Limits())
    try:
        for piece in packed(run, files_to_push(run, with_texts=False)):
            unpacker.feed(piece)
            if shutil.disk_usage(taken).free < _FREE:
                raise StorageError("the disk of the server is nearly full")
        unpacker.finish()
    finally:
        unpacker.close()
    found = verifier.verify(taken)
    if found.seal != Bundle.open(taken).sha256:
        raise InputError("the run was changed while it was verified")
    return found


def keep_run(connection: psycopg.Connection[Any], data: DataFolder, taken: Path, run: RunSummary, lease: Lease) -> None:
    """Put the verified files where runs of the job's project lie, unless a row says that they are there."""
    if _number(connection, run.seal, lease.project) is None:
        keep(data, taken, folder_key(lease.project_id, lease.project, run.seal))


def finish(connection: psycopg.Connection[Any], lease: Lease, run: RunSummary, worker: str) -> bool:
    """Put the row in and end the job, both or neither; False where the attempt's write was refused."""
    from psycopg import Rollback

    with connection.transaction() as whole:
        is_done = _finish(connection, lease, run, worker)
        if not is_done:
            raise Rollback(whole)
    return is_done


def _finish(connection: psycopg.Connection[Any], lease: Lease, run: RunSummary, worker: str) -> bool:
    made = insert_run(connection, run, lease.requested_by, None, lease.project_id, lease.project)
    number = _number(connection, run.seal, lease.project) if made is None else made
    change = change_since(connection, lease, run)
    if number is None or not finish_job(connection, lease, number, worker, change.words if change else ""):
        return False
    if change is not None:
        note_change(connection, lease, run, change)
    if made is not None:
        append_audit(
            connection, "job-run", actor=f"job:{lease.job}", subject=f"run:{number}",
            details={"attempt": lease.attempt, "seal": run.seal, "worker": worker},
        )  # fmt: skip
    return True


def _number(connection: psycopg.Connection[Any], seal: str, project: str) -> int | None:
    row = connection.execute(
        "SELECT r.id FROM steelyard.run r JOIN steelyard.project p ON p.id = r.project_id "
        "WHERE r.seal_sha256 = %s AND p.name = %s",
        (seal, project),
    ).fetchone()
    return None if row is None else int(row[0])
