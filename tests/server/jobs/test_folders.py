from __future__ import annotations

from pathlib import Path

from steelyard.server.database.folder import open_data_folder
from steelyard.server.jobs.folders import JobFolder, job_folder
from steelyard.server.jobs.leases import Lease


def attempt(path: Path, job: int, number: int, folder: int = 7) -> JobFolder:
    return job_folder(open_data_folder(path), Lease(job, number, "run", "{}", "a", folder, 1, 1, "default"))


def write(folder: JobFolder, name: str, text: str) -> None:
    place = folder.run / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)


def test_an_attempt_begins_with_what_the_latest_one_with_a_plan_left(tmp_path: Path) -> None:
    first = attempt(tmp_path, 7, 2)
    assert not first.copy_what_was_begun()
    write(first, "plan.dsse.json", "old")
    second = attempt(tmp_path, 7, 10)
    for name, text in {
        "plan.dsse.json": "new",
        "journal/main-0000.jsonl": "lines",
        "texts/main-0000.jsonl": "t",
    }.items():
        write(second, name, text)
    attempt(tmp_path, 8, 1)  # ended before it had a plan
    later = attempt(tmp_path, 8, 2)
    assert [path.name for path in later.earlier()] == ["8-1", "7-10", "7-2"]
    assert later.copy_what_was_begun()
    assert {str(path.relative_to(later.run)): path.read_text() for path in later.run.rglob("*") if path.is_file()} == {
        "plan.dsse.json": "new",
        "journal/main-0000.jsonl": "lines",
        "texts/main-0000.jsonl": "t",
    }
    (later.run / "journal" / "main-0000.jsonl").write_text("more")
    assert (second.run / "journal" / "main-0000.jsonl").read_text() == "lines"


def test_links_are_copied_as_links(tmp_path: Path) -> None:
    first = attempt(tmp_path, 7, 1)
    write(first, "plan.dsse.json", "plan")
    (first.run / "journal").mkdir()
    (first.run / "journal" / "main-0000.jsonl").symlink_to("/etc/hostname")
    second = attempt(tmp_path, 7, 2)
    second.copy_what_was_begun()
    assert (second.run / "journal" / "main-0000.jsonl").is_symlink()


def test_earlier_attempts_are_removed_and_nothing_else(tmp_path: Path) -> None:
    attempt(tmp_path, 7, 1)
    attempt(tmp_path, 7, 3)
    own = attempt(tmp_path, 7, 2)
    (own.above / "7-1x").mkdir()
    own.remove_earlier()
    assert sorted(path.name for path in own.above.iterdir()) == ["7-1x", "7-2", "7-3", "state"]
    assert own.path.stat().st_mode & 0o777 == 0o700
