"""What jobs leave is deleted when nobody can go on with it: by age, by the project's own time, and with its person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from packages.server.tests.database.rows import add_stored_run, content, one
from packages.server.tests.databases import Server, open_folder, started
from packages.server.tests.jobs.yard import a_person
from steelyard.errors import InputError
from steelyard_server.database.connection import Database
from steelyard_server.database.folder import DataFolder, open_data_folder
from steelyard_server.database.job_copies import clear_marked, job_folders, mark_copies, old_copies
from steelyard_server.jobs.rows import find_job, insert_job
from steelyard_server.jobs.specification import Resumption
from steelyard_server.store.leases import take
from steelyard_server.upkeep.backup import write_backup
from steelyard_server.upkeep.erasure import erase_person
from steelyard_server.upkeep.restore import restore_backup
from steelyard_server.upkeep.retention import retain


@pytest.fixture
def own(data: Path) -> Iterator[tuple[Database, DataFolder]]:
    with started(data) as database:
        yield database, open_data_folder(data)


def a_job(
    database: Database, folder: DataFolder, person: int, state: str, days: int = 300, *, resumes: int | None = None
) -> tuple[int, int]:
    """A job with a run in the database and a folder, which ended so many days ago unless it is open; both numbers."""
    with database.connect_as_owner() as connection, connection.transaction():
        job = one(
            connection,
            "INSERT INTO steelyard.job (project_id, kind, specification, requested_by, resumes) "
            'VALUES (1, %s, \'{"kind":"run","model":"embedded:smollm2","task":"mmlu"}\', %s, %s) '
            "RETURNING id",
            ("resume" if resumes else "run", person, resumes),
        )
        run = add_stored_run(connection, f"job {job}")
        change(connection, job, "state = 'running', attempt = 1, leased_until = now() + interval '1 hour'")
        change(connection, job, f"stored_run_id = {run}")
        if state == "finished":
            made = one(
                connection,
                "INSERT INTO steelyard.run (project_id, seal_sha256, root, kind, name, subject, verdict, exit, files, "
                "size_bytes, pushed_by, verified_at, verified_exit, verified_with, summary) VALUES (1, %s, '', 'run', "
                "'', '', '', 0, 0, 0, %s, now(), 0, '', '{}') RETURNING id",
                (f"{job:064x}", person),
            )
            change(connection, job, f"run_id = {made}, state = 'finished', {ended(days)}")
        elif state in ("failed", "cancelled"):
            change(connection, job, f"state = '{state}', {ended(days)}")
        elif state != "running":
            change(connection, job, f"state = '{state}', leased_until = NULL")
    path = folder.jobs / str(resumes or job)
    (path / f"{job}-1" / "run").mkdir(parents=True, exist_ok=True)
    (path / f"{job}-1" / "run" / "texts").write_text("a text of somebody")
    return job, run


def ended(days: int) -> str:
    return f"leased_until = NULL, ended_at = now() - interval '{days} days'"


def change(connection: Any, job: int, values: str) -> None:
    connection.execute(f"UPDATE steelyard.job SET {values} WHERE id = {job}".encode())


def stored(database: Database) -> set[int]:
    """The runs of which lines, texts and files are in the database."""
    rows = content(database)
    found = [{row[0] for row in rows[table]} for table in ("stored_line", "stored_text", "stored_file")]
    assert found[0] == found[1] == found[2]
    return found[0]


def test_copies_of_jobs_that_ended_long_ago_go_and_all_others_stay(own: tuple[Database, DataFolder]) -> None:
    database, folder = own
    person = a_person(database)
    for state in ("finished", "failed", "cancelled"):
        a_job(database, folder, person, state)
    kept = [a_job(database, folder, person, state) for state in ("waiting", "running", "paused")]
    kept += [a_job(database, folder, person, state, days=3) for state in ("finished", "failed", "cancelled")]
    resumed = a_job(database, folder, person, "failed")
    kept += [resumed, a_job(database, folder, person, "paused", resumes=resumed[0])]
    before = content(database)
    dry = retain(database, folder, is_dry=True)
    assert content(database) == before
    assert retain(database, folder) == dry
    assert dry.jobs == 3
    assert stored(database) == {run for _, run in kept}
    assert job_folders(folder) == sorted({job for job, _ in kept} - {kept[-1][0]})
    after = content(database)
    for table in ("job", "stored_run", "lease", "run"):
        assert after[table] == before[table], table
    assert [row[1].count('"because":"retain"') for row in after["audit"] if row[4] == "clear-job"] == [1, 1, 1]
    assert retain(database, folder).jobs == 0


def test_days_of_its_own(own: tuple[Database, DataFolder]) -> None:
    database, folder = own
    person = a_person(database)
    a_job(database, folder, person, "finished", days=20)
    young = a_job(database, folder, person, "failed", days=10)
    assert retain(database, folder, job_days=15).jobs == 1
    assert stored(database) == {young[1]}


def test_a_projects_time_for_texts_is_that_of_its_jobs(own: tuple[Database, DataFolder]) -> None:
    database, folder = own
    person = a_person(database)
    a_job(database, folder, person, "finished", days=70)
    young = a_job(database, folder, person, "finished", days=0)
    with database.connect_as_owner() as connection:
        connection.execute("UPDATE steelyard.project SET text_months = 1")
    assert retain(database, folder).jobs == 1
    assert stored(database) == {young[1]}


def test_nobody_goes_on_with_what_was_cleared(own: tuple[Database, DataFolder]) -> None:
    database, folder = own
    person = a_person(database)
    job, run = a_job(database, folder, person, "failed")
    retain(database, folder)
    with database.connect() as connection:
        connection.autocommit = True
        with pytest.raises(InputError, match="what it left was deleted since"):
            insert_job(connection, "default", Resumption(job), person)
        with pytest.raises(InputError, match="finished and sealed"):
            take(connection, run, "late", 9.0)
        row = find_job(connection, "default", job)
    assert row is not None
    assert row.cleared_at is not None


def test_what_a_crash_left_goes_at_the_next_retention(own: tuple[Database, DataFolder]) -> None:
    """Cut off after the rows were marked; and after they were deleted, before the folder was."""
    database, folder = own
    person = a_person(database)
    (first, _), (second, _) = (a_job(database, folder, person, "finished") for _ in range(2))
    with database.connect_as_owner() as connection, connection.transaction():
        mark_copies(connection, old_copies(connection, job_folders(folder), datetime.now(UTC)))
    assert job_folders(folder) == [first, second]
    assert retain(database, folder).jobs == 2
    assert (stored(database), job_folders(folder)) == (set(), [])


def test_rows_are_deleted_only_of_a_run_that_was_marked(own: tuple[Database, DataFolder]) -> None:
    database, folder = own
    person = a_person(database)
    (_, run), (_, marked) = (a_job(database, folder, person, "finished") for _ in range(2))
    with database.connect_as_owner() as connection:
        connection.execute("SELECT steelyard.mark_cleared(%s)", (marked,))
        for statement in (
            "DELETE FROM steelyard.stored_text", "UPDATE steelyard.stored_line SET sequence = 9",
            f"SELECT steelyard.clear_stored_run({run})", "DELETE FROM steelyard.stored_run_cleared",
        ):  # fmt: skip
            with pytest.raises(psycopg.errors.RestrictViolation), connection.transaction():
                connection.execute(statement.encode())
        assert clear_marked(connection) == 4
    assert stored(database) == {run}
    for statement in (
        "DELETE FROM steelyard.stored_text", f"SELECT steelyard.mark_cleared({run})",
        f"SELECT steelyard.clear_stored_run({run})", "SELECT steelyard.stop_jobs_of(1)",
        "SELECT steelyard.retain_workers_since(now())", "DELETE FROM steelyard.worker",
        f"INSERT INTO steelyard.stored_run_cleared (run_id) VALUES ({run})",
    ):  # fmt: skip
        with database.connect() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())


def test_an_erasure_reaches_what_the_persons_jobs_left(own: tuple[Database, DataFolder]) -> None:
    database, folder = own
    eve, other = a_person(database, "Eve"), a_person(database, "other")
    a_job(database, folder, eve, "finished", days=1)
    waiting = a_job(database, folder, eve, "paused")
    running = a_job(database, folder, eve, "running")
    others = a_job(database, folder, other, "finished", days=1)
    done = erase_person(database, folder, "eve")
    assert (done.number, done.jobs, done.running) == (eve, 2, 1)
    assert stored(database) == {running[1], others[1]}
    assert job_folders(folder) == [running[0], others[0]]
    with database.connect() as connection:
        rows = {job: find_job(connection, "default", job) for job in (waiting[0], running[0])}
    assert [(row.state, row.wanted) for row in rows.values() if row] == [("cancelled", ""), ("running", "cancel")]
    with database.connect_as_owner() as connection:
        change(connection, running[0], f"state = 'cancelled', wanted = '', {ended(0)}")
    assert retain(database, folder).jobs == 1
    assert (stored(database), job_folders(folder)) == ({others[1]}, [others[0]])


def test_a_restore_from_before_applies_it(own: tuple[Database, DataFolder], tmp_path: Path, older: Server) -> None:
    database, folder = own
    eve, other = a_person(database, "Eve"), a_person(database, "other")
    for state in ("finished", "running", "paused"):
        a_job(database, folder, eve, state, days=1)
    others = a_job(database, folder, other, "running")
    write_backup(database, folder, tmp_path / "backup")
    erase_person(database, folder, "Eve")
    environment = older.environment()
    with open_folder("restored") as path:
        restore_backup(tmp_path / "backup", path, erasures=folder.erasures, environment=environment)
        with started(path, environment) as restored:
            assert stored(restored) == {others[1]}
            with restored.connect_as_owner() as connection:
                assert clear_marked(connection) == 0
                row = find_job(connection, "default", others[0])
            assert row is not None
            assert row.state == "paused"
