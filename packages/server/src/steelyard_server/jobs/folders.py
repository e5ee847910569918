"""Where attempts lie: each has a folder of its own, so that one which was only paused writes into nothing that counts.

::

    DATA/jobs/FOLDER/          of the job that began it
      state/                   what the run's process notes for itself; nothing of the user's
      JOB-ATTEMPT/inputs/      questions and sheet, as files, and the empty folder in which the process works
      JOB-ATTEMPT/run/         the run, which begins as what earlier attempts committed to the database
      JOB-ATTEMPT/taken/       its sealed files, on their way to DATA/runs
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from steelyard_server.database.folder import DataFolder
    from steelyard_server.jobs.leases import Lease

__all__ = ["JobFolder", "job_folder"]

_NAME: Final = re.compile(r"([0-9]{1,19})-([0-9]{1,10})")


class JobFolder:
    """The places of one attempt."""

    def __init__(self, above: Path, job: int, attempt: int) -> None:
        self.above = above
        self.number = (job, attempt)
        self.path = above / f"{job}-{attempt}"
        self.state = above / "state"
        self.inputs = self.path / "inputs"
        self.run = self.path / "run"
        self.taken = self.path / "taken"

    def earlier(self) -> list[Path]:
        """The folders of earlier attempts, the latest first."""
        found = []
        for path in self.above.iterdir():
            if named := _NAME.fullmatch(path.name):
                number = (int(named[1]), int(named[2]))
                if number < self.number:
                    found.append((number, path))
        return [path for _, path in sorted(found, reverse=True)]

    def remove_earlier(self) -> None:
        """Remove what earlier attempts left: this one has it all."""
        for path in self.earlier():
            shutil.rmtree(path, ignore_errors=True)


def job_folder(data: DataFolder, lease: Lease) -> JobFolder:
    """The new, empty folder of an attempt."""
    above = data.jobs / str(lease.folder)
    for path in (data.jobs, above, above / "state"):
        path.mkdir(mode=0o700, exist_ok=True)
    folder = JobFolder(above, lease.job, lease.attempt)
    folder.path.mkdir(mode=0o700)
    folder.inputs.mkdir(mode=0o700)
    return folder
