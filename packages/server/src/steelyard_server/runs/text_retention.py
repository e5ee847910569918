"""Texts of old runs: deleted where the run was sealed without them, so that it verifies as it did before.

A seal that withholds texts names none: samples and model outputs are there by their digests, in the journal. A run that
was sealed *with* its texts would no longer verify; it is left as it is, and counted.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import SteelyardError
from steelyard.evidence import layout
from steelyard.evidence.bundle import Bundle
from steelyard_server.database.beneath import opened, unlink
from steelyard_server.runs.folders import folder_of

if TYPE_CHECKING:
    import psycopg

    from steelyard_server.database.folder import DataFolder

__all__ = [
    "NOT_WITHDRAWN",
    "NOT_WITHHELD",
    "OldRun",
    "OldTexts",
    "delete_texts",
    "find_old_texts",
    "hold_files",
    "left_over",
]

_LOCK: Final = 8101738236426
# Of rows of run and run_file: those whose files are there.
NOT_WITHHELD: Final = (
    f"NOT ((run_file.name LIKE '{layout.TEXTS}%' OR run_file.name LIKE '{layout.MEDIA}%') "  # noqa: S608 — our words
    "AND run_file.run_id IN (SELECT w.run_id FROM steelyard.run_withheld w))"
)
NOT_WITHDRAWN: Final = "run_file.run_id NOT IN (SELECT d.run_id FROM steelyard.run_withdrawn d)"
# Runs of a project that keeps texts for some months, which were pushed before them.
_OLD: Final = f"""
SELECT r.id, coalesce(r.folder, r.seal_sha256), p.text_months, count(*), sum(f.size_bytes)
FROM steelyard.run r JOIN steelyard.project p ON p.id = r.project_id
JOIN steelyard.run_file f ON f.run_id = r.id AND (f.name LIKE '{layout.TEXTS}%' OR f.name LIKE '{layout.MEDIA}%')
WHERE r.pushed_at < date_trunc('month', now()) - make_interval(months => p.text_months)
    AND NOT EXISTS (SELECT FROM steelyard.run_withheld w WHERE w.run_id = r.id)
    AND NOT EXISTS (SELECT FROM steelyard.run_withdrawn d WHERE d.run_id = r.id)
GROUP BY r.id, p.text_months ORDER BY r.id
"""  # noqa: S608 — our words


@dataclass(frozen=True, slots=True)
class OldRun:
    """A run whose texts its project keeps no longer: how many ``months`` it does, how many files and bytes they are.

    ``folder`` is the key of where it lies.
    """

    id: int
    folder: str
    months: int
    files: int
    size: int


@dataclass(frozen=True, slots=True)
class OldTexts:
    """Runs whose texts may go; how many as old ones were sealed with their texts, and how many cannot be read."""

    runs: tuple[OldRun, ...]
    sealed: int
    damaged: int


def hold_files(connection: psycopg.Connection[Any], *, alone: bool = False) -> None:
    """Until the connection ends: no files of runs are deleted; with ``alone`` no backup reads them either."""
    function = "pg_advisory_lock" if alone else "pg_advisory_lock_shared"
    connection.execute(f"SELECT {function}(%s)".encode(), (_LOCK,))


def find_old_texts(connection: psycopg.Connection[Any], folder: DataFolder) -> OldTexts:
    """The runs whose texts are older than their project keeps them; the connection's time zone is UTC."""
    runs, sealed, damaged = [], 0, 0
    for row in connection.execute(_OLD.encode()).fetchall():
        run = OldRun(row[0], row[1], row[2], row[3], int(row[4]))
        try:
            if Bundle.open(folder_of(folder, run.folder)).withheld:
                runs.append(run)
            else:
                sealed += 1
        except (SteelyardError, OSError):
            damaged += 1
    return OldTexts(tuple(runs), sealed, damaged)


def left_over(connection: psycopg.Connection[Any]) -> list[str]:
    """The keys of the folders of all runs whose texts are withheld: also those whose files a crash has left."""
    query = (
        "SELECT coalesce(folder, seal_sha256) FROM steelyard.run JOIN steelyard.run_withheld ON run_id = id ORDER BY 1"
    )
    return [key for (key,) in connection.execute(query)]


def delete_texts(folder: DataFolder, key: str) -> None:
    """Delete the texts and images of a run; nothing happens where they are gone, or where its folder is no run's."""
    run = folder_of(folder, key)
    if not (run / layout.TEXTS).is_dir() and not (run / layout.MEDIA).is_dir():
        return
    try:
        names = [name for name in layout.run_files(run) if layout.is_text(name) or layout.is_media(name)]
    except SteelyardError:
        return
    place = (folder.runs.name, key[:2], key)
    for name in names:
        unlink(folder.path, *place, *name.split("/"))
    with opened(folder.path, *place) as descriptor:
        for name in (layout.TEXTS, layout.MEDIA):
            with contextlib.suppress(OSError):  # it is not empty, or not there
                os.rmdir(name.rstrip("/"), dir_fd=descriptor)
        os.fsync(descriptor)
