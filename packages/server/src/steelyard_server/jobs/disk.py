"""Room on the disk where jobs work: below a floor none is started, since it could not be ended well."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from steelyard_server.database.folder import DataFolder

__all__ = ["FLOOR", "WARNED_BELOW", "JobDisk", "job_disk", "why_no_room"]

# No run is taken in below 1 GB, and one that is needs its own size again.
FLOOR: Final = 3 << 29
WARNED_BELOW: Final = 8 << 30
_MOST_ENTRIES: Final = 20_000  # that are looked at


@dataclass(frozen=True, slots=True)
class JobDisk:
    """Bytes on the disk of the folder of jobs: free, altogether, and what that folder takes of it.

    ``is_whole``: everything in it was counted; of a very large one as much as is counted in a moment.
    """

    free: int
    total: int
    used: int
    is_whole: bool

    @property
    def warning(self) -> str:
        """What there is to say about it; "" where there is room."""
        if self.free < FLOOR:
            return _no_room(self.free, FLOOR)
        if self.free < WARNED_BELOW:
            return (
                f"{self.free / 1e9:.1f} GB are free on the disk of the data folder: long jobs may fill it, and below "
                f"{FLOOR / 1e9:.1f} GB none is started; make room"
            )
        return ""


def why_no_room(data: DataFolder, floor: int = FLOOR) -> str:
    """Why no job is started: so few bytes are free where jobs work; "" where one is."""
    try:
        free = shutil.disk_usage(_place(data)).free
    except OSError as error:
        return f"the data folder cannot be looked at: {error.strerror}"
    return _no_room(free, floor) if free < floor else ""


def job_disk(data: DataFolder) -> JobDisk:
    """How full the disk of the folder of jobs is."""
    disk = shutil.disk_usage(_place(data))
    used, is_whole = _size(data.jobs)
    return JobDisk(disk.free, disk.total, used, is_whole)


def _place(data: DataFolder) -> Path:
    return data.jobs if data.jobs.is_dir() else data.path


def _no_room(free: int, floor: int) -> str:
    return f"{free / 1e9:,.1f} GB are free on the disk, and below {floor / 1e9:,.1f} GB no job is started: make room"


def _size(folder: Path) -> tuple[int, bool]:
    """Bytes that the files of a folder take, and whether all were counted."""
    used, left = 0, _MOST_ENTRIES
    folders = [folder]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    left -= 1
                    if left < 0:
                        return used, False
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(Path(entry.path))
                    else:
                        used += 512 * entry.stat(follow_symlinks=False).st_blocks
        except OSError:  # a job has just removed it
            continue
    return used, True
