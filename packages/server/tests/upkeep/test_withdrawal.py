"""A run that was pushed by mistake: its files and texts are gone for good, its row stays, also after a restore."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from packages.server.tests.database.rows import content, digest, fill, one
from packages.server.tests.database.test_job_copies import a_job
from packages.server.tests.databases import Server, open_folder, started
from steelyard.errors import InputError
from steelyard_server.database.audit import check_audit
from steelyard_server.database.connection import Database
from steelyard_server.database.folder import DataFolder, open_data_folder
from steelyard_server.upkeep.backup import damaged_files, write_backup
from steelyard_server.upkeep.restore import restore_backup
from steelyard_server.upkeep.retention import retain
from steelyard_server.upkeep.withdrawal import read_withdrawals, withdraw_run

SEALS = [digest(f"seal of ada {number}") for number in (0, 1)]


@pytest.fixture
def own(data: Path) -> Iterator[tuple[Database, DataFolder]]:
    with started(data) as database:
        folder = open_data_folder(data)
        fill(database, folder)
        yield database, folder


def test_files_and_texts_go_and_the_row_stays(own: tuple[Database, DataFolder], tmp_path: Path, older: Server) -> None:
    database, folder = own
    before = content(database)
    done = withdraw_run(database, folder, SEALS[1], reason="it named somebody")
    assert (done.project, done.files, done.jobs, done.is_running) == ("default", 4, 0, False)
    key = digest("folder of ada 1")
    assert not (folder.runs / key[:2] / key).exists()
    assert (folder.runs / SEALS[0][:2] / SEALS[0]).exists()
    after = content(database)
    assert [after[name] for name in ("run", "run_file", "run_suite")] == [
        before[name] for name in ("run", "run_file", "run_suite")
    ]
    assert [(row[0], row[2]) for row in after["run_withdrawn"]] == [(done.number, "it named somebody")]
    (line,) = [row[1] for row in after["audit"] if row[4] == "withdraw"]
    assert f'"run:{done.number}"' in line
    with pytest.raises(InputError, match="is withdrawn already"):
        withdraw_run(database, folder, SEALS[1])
    # What a crash leaves the next retention finds; neither it nor doctor miss what is gone.
    (folder.runs / key[:2] / key / "texts").mkdir(parents=True)
    retain(database, folder)
    assert not (folder.runs / key[:2] / key).exists()
    with database.connect_as_owner() as connection:
        assert damaged_files(connection, folder) == (3, ())
    # A backup from now is whole without it.
    backup = tmp_path / "after.backup"
    assert write_backup(database, folder, backup).manifest.damaged == ()
    environment = older.environment()
    with open_folder("new") as new:
        assert restore_backup(backup, new, environment=environment).withdrawals == 0, "its row says so already"
        assert read_withdrawals(new / "withdrawals.jsonl") == read_withdrawals(folder.withdrawals)


@pytest.mark.parametrize("by_file", [True, False])
def test_a_backup_from_before_does_not_bring_it_back(
    own: tuple[Database, DataFolder], tmp_path: Path, by_file: bool, older: Server
) -> None:
    database, folder = own
    before = tmp_path / "before.backup"
    write_backup(database, folder, before)
    withdraw_run(database, folder, SEALS[0])
    noted = folder.withdrawals if by_file else None
    environment = older.environment()
    with open_folder("new") as new:
        done = restore_backup(before, new, withdrawals=noted, environment=environment)
        assert done.withdrawals == int(by_file)
        assert (new / "runs" / SEALS[0][:2] / SEALS[0]).exists() != by_file
        with started(new, environment) as restored, restored.connect_as_owner() as connection:
            assert one(connection, "SELECT count(*) FROM steelyard.run_withdrawn") == int(by_file)
            assert one(connection, "SELECT count(*) FROM steelyard.run") == 2
            check_audit(connection)


def test_what_the_servers_own_job_left_and_was_given_goes_too(own: tuple[Database, DataFolder]) -> None:
    database, folder = own
    with database.connect_as_owner() as connection:
        person = one(connection, "SELECT id FROM steelyard.person WHERE name = 'ada'")
    job, stored = a_job(database, folder, person, "finished", days=0)
    other, kept = a_job(database, folder, person, "finished", days=0)
    asked = '{"kind":"run","model":"embedded:smollm2","questions":{"own":"{\\"question\\":\\"Who is Eve Public?\\"}"}}'
    with database.connect_as_owner() as connection:
        connection.execute("ALTER TABLE steelyard.job DISABLE TRIGGER USER")
        connection.execute("UPDATE steelyard.job SET specification = %s WHERE id IN (%s, %s)", (asked, job, other))
        connection.execute("ALTER TABLE steelyard.job ENABLE TRIGGER USER")
    assert withdraw_run(database, folder, f"{job:064x}").jobs == 1
    rows = content(database)
    assert {row[0] for row in rows["stored_text"]} & {stored, kept} == {kept}
    assert not (folder.jobs / str(job)).exists()
    assert (folder.jobs / str(other)).exists()
    with database.connect_as_owner() as connection:
        query = "SELECT specification FROM steelyard.job WHERE id = %s"
        found = [str(connection.execute(query, (number,)).fetchone()) for number in (job, other)]
    assert [("Eve Public" in text, '"own"' in text) for text in found] == [(False, True), (True, True)]
    with database.connect_as_owner() as connection, pytest.raises(psycopg.errors.RestrictViolation):
        connection.execute("UPDATE steelyard.job SET specification = '{}' WHERE id = %s", (other,))


def test_a_run_whose_job_goes_on_keeps_what_that_needs(own: tuple[Database, DataFolder]) -> None:
    database, folder = own
    with database.connect_as_owner() as connection:
        person = one(connection, "SELECT id FROM steelyard.person WHERE name = 'ada'")
    job, _ = a_job(database, folder, person, "finished", days=0)
    a_job(database, folder, person, "paused", resumes=job)
    done = withdraw_run(database, folder, f"{job:064x}")
    assert (done.jobs, done.is_running) == (0, True)
    assert (folder.jobs / str(job)).exists()


def test_which_run_and_what_a_reason_is(own: tuple[Database, DataFolder]) -> None:
    database, folder = own
    for seal, more, said in (
        ("0" * 64, {}, "there is no run with this seal"),
        ("abc", {}, "64 hexadecimal digits"),
        (SEALS[0], {"project": "other"}, "there is no run with this seal"),
        (SEALS[0], {"reason": "a\nb"}, "one line"),
        (SEALS[0], {"reason": "x" * 301}, "one line"),
    ):
        with pytest.raises(InputError, match=said):
            withdraw_run(database, folder, seal, **more)
    assert not folder.withdrawals.exists()
    with database.connect_as_owner() as connection:
        connection.execute("INSERT INTO steelyard.project (name) VALUES ('second')")
        connection.execute(
            "INSERT INTO steelyard.run (project_id, seal_sha256, root, kind, name, subject, verdict, exit, files, "
            "size_bytes, pushed_by, verified_at, verified_exit, verified_with, summary) SELECT "
            "(SELECT max(id) FROM steelyard.project), seal_sha256, root, kind, name, subject, verdict, "
            "exit, files, size_bytes, pushed_by, verified_at, verified_exit, verified_with, summary FROM steelyard.run "
            "WHERE seal_sha256 = %s",
            (SEALS[0],),
        )
    with pytest.raises(InputError, match=r"name one with --project \(default, second\)"):
        withdraw_run(database, folder, SEALS[0])
    assert withdraw_run(database, folder, SEALS[0], project="default").project == "default"
    assert withdraw_run(database, folder, SEALS[0]).project == "second", "that is the one which is left"


@pytest.mark.parametrize(
    "line",
    [
        "", "{}", '{"project":"a","seal":"0","pushed_at":"2026-11-28T00:00:00+00:00","withdrawn_at":"soon"}',
        '{"project":"a\\u0000","seal":"' + "0" * 64 + '","pushed_at":"2026-11-28T00:00:00+00:00","withdrawn_at":'
        '"2026-11-28T00:00:00+00:00"}',
    ],
)  # fmt: skip
def test_a_line_that_is_no_withdrawal_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "withdrawals.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(InputError, match=r"withdrawals.jsonl:1: is no withdrawal"):
        read_withdrawals(path)
