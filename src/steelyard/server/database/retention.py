"""Delete what is over: sessions and administrator links; and files of runs that no row names.

Runs and audit lines stay: whole months of them by partition are not built yet.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from steelyard.server.database.audit import append_audit
from steelyard.server.database.folder import DataFolder

if TYPE_CHECKING:
    import psycopg

    from steelyard.server.database.connection import Database

__all__ = ["DEFAULT_MONTHS", "Retained", "retain"]

DEFAULT_MONTHS: Final = 6
_DAYS_PER_MONTH: Final = 31  # rather too long than too short
_ORPHAN_SECONDS: Final = 86_400.0  # a push that is still at work is younger


@dataclass(frozen=True, slots=True)
class Retained:
    """How many of each were deleted; ``orphans`` are folders of runs that no row names."""

    sessions: int
    links: int
    orphans: int


def retain(database: Database, folder: DataFolder, months: int = DEFAULT_MONTHS) -> Retained:
    """Delete sessions and links that were over before so many months, and runs' folders that were never accepted.

    A folder without a row is what a push leaves that was killed between the two; one younger than a day stays. An audit
    line says what was deleted.
    """
    cut = datetime.now(UTC) - timedelta(days=months * _DAYS_PER_MONTH)
    with database.connect_as_owner() as connection:
        with connection.transaction():
            row = connection.execute("SELECT * FROM steelyard.retain_since(%s)", (cut,)).fetchone()
            assert row is not None
            orphans = _orphans(connection, folder)
            details = {"before": cut.strftime("%Y-%m-%d"), "links": row[1], "orphans": len(orphans), "sessions": row[0]}
            append_audit(connection, "retain", actor="owner", details=details)
        for path in orphans:
            shutil.rmtree(path, ignore_errors=True)
    return Retained(row[0], row[1], len(orphans))


def _orphans(connection: psycopg.Connection[Any], folder: DataFolder) -> list[Path]:
    """The folders of runs that no row names, and that have not changed for a day."""
    if not folder.runs.is_dir():
        return []
    rows = connection.execute("SELECT coalesce(folder, seal_sha256) FROM steelyard.run")
    known = {key for (key,) in rows}
    old = time.time() - _ORPHAN_SECONDS
    return [
        path
        for path in folder.runs.glob("??/*")
        if path.is_dir() and not path.is_symlink() and path.name not in known and path.stat().st_mtime < old
    ]
