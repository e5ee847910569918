from __future__ import annotations

from pathlib import Path

import pytest

from steelyard_server.database.folder import open_data_folder
from steelyard_server.jobs.disk import FLOOR, WARNED_BELOW, JobDisk, job_disk, why_no_room


def test_what_jobs_take_is_counted(tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path / "data")
    assert (job_disk(folder).used, job_disk(folder).is_whole) == (0, True)
    run = folder.jobs / "1" / "1-1" / "run"
    run.mkdir(parents=True)
    (run / "texts").write_bytes(b"x" * 100_000)
    (run / "link").symlink_to("/")
    found = job_disk(folder)
    assert 100_000 <= found.used < 1_000_000
    assert 0 < found.free < found.total


@pytest.mark.parametrize(
    ("free", "said"),
    [(FLOOR - 1, "below 1.6 GB no job is started"), (FLOOR, "long jobs may fill it"), (WARNED_BELOW, "")],
)
def test_it_is_said_before_a_job_would_fill_it(free: int, said: str) -> None:
    warning = JobDisk(free=free, total=1 << 40, used=0, is_whole=True).warning
    assert said in warning
    assert bool(warning) == bool(said)


def test_below_the_floor_no_job_is_started(tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path / "data")
    assert why_no_room(folder, 1) == ""
    assert "no job is started: make room" in why_no_room(folder, 1 << 62)
    (tmp_path / "data").rename(tmp_path / "elsewhere")
    assert why_no_room(folder, 1) == "the data folder cannot be looked at: No such file or directory"
