from __future__ import annotations

from pathlib import Path

from steelyard_server.database.folder import open_data_folder
from steelyard_server.jobs.folders import JobFolder, job_folder
from steelyard_server.jobs.leases import Lease


def attempt(path: Path, job: int, number: int, folder: int = 7) -> JobFolder:
    return job_folder(open_data_folder(path), Lease(job, number, "run", "{}", None, folder, 1, 1, "default"))


def test_earlier_attempts_come_latest_first(tmp_path: Path) -> None:
    for job, number in ((7, 2), (7, 10), (8, 1)):
        attempt(tmp_path, job, number)
    assert [path.name for path in attempt(tmp_path, 8, 2).earlier()] == ["8-1", "7-10", "7-2"]


def test_earlier_attempts_are_removed_and_nothing_else(tmp_path: Path) -> None:
    attempt(tmp_path, 7, 1)
    attempt(tmp_path, 7, 3)
    own = attempt(tmp_path, 7, 2)
    (own.above / "7-1x").mkdir()
    own.remove_earlier()
    assert sorted(path.name for path in own.above.iterdir()) == ["7-1x", "7-2", "7-3", "state"]
    assert own.path.stat().st_mode & 0o777 == 0o700
