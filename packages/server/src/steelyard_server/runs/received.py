"""The files of a run as they were received: each is read whole, and held against its SHA-256, before a byte leaves."""

from __future__ import annotations

import hashlib
from datetime import UTC
from typing import TYPE_CHECKING, BinaryIO

from steelyard.evidence import layout
from steelyard_server.runs.folders import folder_of, open_run_file
from steelyard_server.runs.gone import GoneError

if TYPE_CHECKING:
    from pathlib import Path

    from steelyard_server.database.folder import DataFolder
    from steelyard_server.runs.rows import RunRow, Runs

__all__ = ["open_received", "received_folder"]

_LOST = "this run's files are no longer in the data folder: restore them from a backup"
_CHANGED = "this file is not what was received here: it was changed in the data folder; restore it from a backup"


def open_received(data: DataFolder, runs: Runs, row: RunRow, name: str) -> BinaryIO | None:
    """A file of a run, at its beginning; None where the run has none of this name.

    Raises GoneError, in words, where it is not what was received, or was deleted for its age.
    """
    sha256 = runs.digest(row.listed.id, name)
    if sha256 is None:
        return None
    try:
        file = open_run_file(data, row.folder, name)
    except FileNotFoundError:
        is_text = layout.is_text(name) or layout.is_media(name)
        withheld = runs.withheld_at(row.listed.id) if is_text else None
        if withheld is None:
            raise GoneError(_LOST) from None
        when = withheld.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
        words = f"the texts of this run were deleted {when}: its project keeps them for some months"
        raise GoneError(words) from None
    except OSError:  # a link, or no file
        raise GoneError(_CHANGED) from None
    if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
        file.close()
        raise GoneError(_CHANGED)
    file.seek(0)
    return file


def received_folder(data: DataFolder, row: RunRow) -> Path:
    """Where a run's files lie; raises GoneError where they are gone."""
    folder = folder_of(data, row.folder)
    if not (folder / layout.BUNDLE).is_file():
        raise GoneError(_LOST)
    return folder
