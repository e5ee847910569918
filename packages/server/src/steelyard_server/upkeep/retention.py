"""Delete what is over: sessions, links, months of the audit log, old texts, what jobs left; files without a row.

Whole months count, of UTC. Rows of runs, their journals and their digests stay for ever. All is one transaction, which
a dry run takes back, so that its numbers are those of the real one.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from steelyard_server.answers.keeping import clear_indexes
from steelyard_server.database.audit import CUT, AuditCut, append_audit
from steelyard_server.database.beneath import opened, remove
from steelyard_server.database.folder import DataFolder
from steelyard_server.database.job_copies import clear_marked, job_folders, mark_copies, old_copies, remove_job_folders
from steelyard_server.runs.text_retention import OldTexts, delete_texts, find_old_texts, hold_files, left_over
from steelyard_server.upkeep.withdrawal import remove_withdrawn

if TYPE_CHECKING:
    import psycopg

    from steelyard_server.database.connection import Database

__all__ = ["DEFAULT_MONTHS", "LEAST_MONTHS", "Retained", "cut_before", "retain"]

DEFAULT_MONTHS: Final = 6
LEAST_MONTHS: Final = 6  # of the audit log, and of sessions and links, whose addresses belong to it
_ORPHAN_SECONDS: Final = 86_400.0  # a push that is still at work is younger


@dataclass(frozen=True, slots=True, kw_only=True)
class Retained:
    """How many of each were deleted, or would be.

    ``before`` is the moment before which sessions, links, shares, events and audit lines went; ``orphans`` are folders
    of runs that no row names. Of ``runs`` runs the texts were deleted, ``files`` with ``size`` bytes; ``sealed`` runs
    are as old, but were sealed with their texts, and would not verify without them; ``damaged`` could not be read.
    ``jobs`` ended before ``jobs_before``, or before their project's texts went: what they left beside their runs went.
    ``workers`` were not heard of since ``before``.
    """

    before: datetime
    sessions: int
    links: int
    shares: int
    events: int
    orphans: int
    audit_months: int
    audit_lines: int
    runs: int
    files: int
    size: int
    sealed: int
    damaged: int
    jobs: int
    jobs_before: datetime
    workers: int


def cut_before(now: datetime, months: int) -> datetime:
    """The beginning of the month (UTC) that is so many whole months before that of ``now``."""
    number = now.astimezone(UTC).year * 12 + now.astimezone(UTC).month - 1 - months
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)


def retain(
    database: Database,
    folder: DataFolder,
    months: int = DEFAULT_MONTHS,
    *,
    job_days: int | None = None,
    is_dry: bool = False,
) -> Retained:
    """Delete what was over before the month that is so many months ago, and texts that a project keeps no longer.

    A folder without a row is what a push leaves that was killed between the two; one younger than a day stays. Each
    kind of thing that was deleted is an audit line, and each run whose texts went. What jobs left goes ``job_days``
    after they ended, by default with the months. Raises StorageError where the clock went back over the end of a month
    that would go.
    """
    now = datetime.now(UTC)
    cut = cut_before(now, months)
    jobs_cut = cut if job_days is None else now - timedelta(days=job_days)
    with database.connect_as_owner() as connection:
        hold_files(connection, alone=True)
        with connection.transaction(force_rollback=is_dry):
            old = find_old_texts(connection, folder)
            orphans = _orphans(connection, folder)
            copies = old_copies(connection, job_folders(folder), jobs_cut)
            mark_copies(connection, copies)
            done = _delete_rows(connection, cut, old, len(orphans), len(copies), jobs_cut)
        if not is_dry:
            clear_marked(connection)
            remove_job_folders(folder, copies)
            for above, name in orphans:
                _delete_orphan(connection, folder, above, name)
            remove_withdrawn(connection, folder)
            for seal in left_over(connection):
                delete_texts(folder, seal)
            clear_indexes(folder, _known(connection))
    return done


def _delete_rows(
    connection: psycopg.Connection[Any],
    cut: datetime,
    old: OldTexts,
    orphans: int,
    jobs: int,
    jobs_cut: datetime,
) -> Retained:
    row = connection.execute("SELECT * FROM steelyard.retain_since(%s)", (cut,)).fetchone()
    shares = connection.execute("SELECT steelyard.retain_shares_since(%s)", (cut,)).fetchone()
    events = connection.execute("SELECT steelyard.retain_events_since(%s)", (cut,)).fetchone()
    workers = connection.execute("SELECT steelyard.retain_workers_since(%s)", (cut,)).fetchone()
    assert row is not None
    assert shares is not None
    assert events is not None
    assert workers is not None
    before = cut.strftime("%Y-%m-%d")
    details = {
        "before": before, "events": events[0], "jobs": jobs, "links": row[1], "orphans": orphans, "sessions": row[0],
        "shares": shares[0], "workers": workers[0],
    }  # fmt: skip
    append_audit(connection, "retain", actor="owner", details=details)
    for run in old.runs:
        connection.execute("SELECT steelyard.withhold_texts(%s)", (run.id,))
        details = {"files": run.files, "months": run.months, "folder": run.folder, "size": run.size}
        append_audit(connection, "withhold-texts", actor="owner", subject=f"run:{run.id}", details=details)
    gone = connection.execute("SELECT months, gone, lines, sha256, at FROM steelyard.cut_audit(%s)", (cut,)).fetchone()
    assert gone is not None
    if gone[2] is not None:
        details = {**AuditCut(*gone[2:]).details, "before": before, "gone": gone[1]}
        append_audit(connection, CUT, actor="owner", details=details)
    return Retained(
        before=cut,
        sessions=row[0],
        links=row[1],
        shares=shares[0],
        events=events[0],
        orphans=orphans,
        audit_months=gone[0],
        audit_lines=gone[1],
        runs=len(old.runs),
        files=sum(run.files for run in old.runs),
        size=sum(run.size for run in old.runs),
        sealed=old.sealed,
        damaged=old.damaged,
        jobs=jobs,
        jobs_before=jobs_cut,
        workers=workers[0],
    )


def _orphans(connection: psycopg.Connection[Any], folder: DataFolder) -> list[tuple[str, str]]:
    """The folders of runs that no row names and that have not changed for a day: the folder above, and the name."""
    known = _known(connection)
    return [
        (above, name)
        for above in _folders(folder, folder.runs.name)
        if len(above) == 2
        for name in _folders(folder, folder.runs.name, above)
        if name not in known and _is_old(folder, above, name)
    ]


def _known(connection: psycopg.Connection[Any]) -> set[str]:
    """The keys of the folders that rows name."""
    return {key for (key,) in connection.execute("SELECT coalesce(folder, seal_sha256) FROM steelyard.run")}


def _delete_orphan(connection: psycopg.Connection[Any], folder: DataFolder, above: str, name: str) -> None:
    """Delete a folder that no row names, unless a push has put a run there since it was looked for.

    It is renamed away first: a push that comes after that makes a folder of its own. What a push made before has a row,
    or is young and will have one: it is put back.
    """
    away = f"{name[:64]}.{secrets.token_hex(4)}"
    with contextlib.suppress(OSError), opened(folder.path, folder.runs.name, above) as place:
        os.rename(name, away, src_dir_fd=place, dst_dir_fd=place)
        query = "SELECT FROM steelyard.run WHERE coalesce(folder, seal_sha256) = %s"
        if _is_old(folder, above, away) and connection.execute(query, (name,)).fetchone() is None:
            remove(folder.path, folder.runs.name, above, away)
            return
        try:
            os.rename(away, name, src_dir_fd=place, dst_dir_fd=place)
        except OSError:  # the same run was pushed once more meanwhile, and lies there
            remove(folder.path, folder.runs.name, above, away)


def _folders(folder: DataFolder, *names: str) -> list[str]:
    """The names of the folders in a folder of the data folder, where no link is one."""
    with contextlib.suppress(OSError), opened(folder.path, *names) as above, os.scandir(above) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    return []


def _is_old(folder: DataFolder, above: str, name: str) -> bool:
    """Whether a folder has not changed for a day; a push that is still at work is younger."""
    with contextlib.suppress(OSError), opened(folder.path, folder.runs.name, above, name) as place:
        return os.fstat(place).st_mtime < time.time() - _ORPHAN_SECONDS
    return False
