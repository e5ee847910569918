from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from packages.server.tests.database.rows import FILES, content, digest, fill, one
from packages.server.tests.database.tampering import TAMPERINGS, of_the_first_schema, without_table
from packages.server.tests.databases import Server, copied, open_folder, started
from steelyard.errors import InputError, SteelyardError, VerificationError
from steelyard_server.database.audit import audit_head, check_audit
from steelyard_server.database.connection import Database, open_database
from steelyard_server.database.folder import open_data_folder
from steelyard_server.database.migrate import migrations
from steelyard_server.upkeep.backup import write_backup
from steelyard_server.upkeep.erasure import erase_person
from steelyard_server.upkeep.restore import restore_backup

Rows = dict[str, list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def made(data_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Rows, Path]:
    """A backup, what was in the database then, and the erasures that came after it."""
    backup = tmp_path_factory.mktemp("backup") / "platform.backup"
    with open_folder() as data:
        folder = open_data_folder(copied(data_template, data))
        with started(data) as database:
            fill(database, folder)
            fill(database, folder, "grace", runs=1)
            before = content(database)
            write_backup(database, folder, backup)
            erase_person(database, folder, "Ada")
        erasures = backup.with_name("erasures.jsonl")
        shutil.copy(folder.erasures, erasures)
    return backup, before, erasures


def unended(rows: Rows) -> Rows:
    """Without what a restore changes on purpose: sessions and links end, the log goes on, nothing is sent."""
    return {
        **rows,
        "session": [row[:5] + row[6:] for row in rows["session"]],
        "admin_link": [row[:4] for row in rows["admin_link"]],
        "person_link": [row[:5] for row in rows["person_link"]],
        "share": [row[:7] + row[8:] for row in rows["share"]],
        "audit": [row for row in rows["audit"] if row[4] != "restore"],
        "run_restored": [],
        "webhook": [row[:10] for row in rows["webhook"]],
        "mail_server": [row[:7] for row in rows["mail_server"]],
        "delivery": [row[:5] for row in rows["delivery"]],
    }


def check_restored(database: Database, path: Path, before: Rows) -> None:
    after = content(database)
    assert unended(after) == unended(before)
    assert [row[0] for row in after["run_restored"]] == [row[0] for row in after["run"]]
    assert all(row[5] is not None for row in after["session"] + after["person_link"])
    assert all(row[7] is not None for row in after["share"])
    with database.connect() as connection:
        assert check_audit(connection).lines == len(before["audit"]) + 1
        seen = "SELECT u.suite::text, u.recipient, s.line_set = u.line_set, s.runs FROM steelyard.run_suite u "
        joined = "LEFT JOIN steelyard.suite_seen s ON (s.suite, s.recipient) = (u.suite, u.recipient)"
        sums = connection.execute(f"{seen}{joined}".encode()).fetchall()
        assert sums
        assert all(row[2:] == (True, 1) for row in sums), "it is added up of the rows that are loaded"
    assert sorted(path.glob("runs/*/*/*/*")) != []
    for folder in path.glob("runs/??/*"):
        assert {
            str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()
        } == FILES
    # The platform goes on: numbers follow those that were there.
    assert fill(database, open_data_folder(path), "later", runs=1) == 3


def test_an_empty_machine_gets_everything_back(made: tuple[Path, Rows, Path]) -> None:
    backup, before, _ = made
    with open_folder() as path:
        done = restore_backup(backup, path, environment={})
        assert (done.manifest.runs, done.sessions, done.erasures) == (3, 2, 0)
        with started(path) as database:
            check_restored(database, path, before)


def test_a_copy_asks_nothing_by_itself(data: Path, tmp_path: Path, older: Server) -> None:
    with started(data) as database:
        folder = open_data_folder(data)
        person = fill(database, folder)
        with database.connect() as connection:
            connection.execute("UPDATE steelyard.schedule SET is_on = true")
            for _ in range(2):
                connection.execute(
                    "INSERT INTO steelyard.job (project_id, kind, specification, requested_by) "
                    "VALUES (1, 'run', '{}', %s)",
                    (person,),
                )
            connection.execute("SELECT steelyard.take_job('w', '1 hour')")
            connection.execute(
                "UPDATE steelyard.job SET stored_run_id = (SELECT min(id) FROM steelyard.stored_run) "
                "WHERE state = 'running'"
            )
        write_backup(database, folder, tmp_path / "backup")
    environment = older.environment()
    with open_folder() as path:
        done = restore_backup(tmp_path / "backup", path, environment=environment)
        assert (done.stopped, done.begun) == (5, 1)
        with started(path, environment) as database, database.connect() as connection:
            rows = connection.execute("SELECT state, count(*) FROM steelyard.job GROUP BY 1 ORDER BY 1").fetchall()
            assert rows == [("cancelled", 1), ("paused", 2)]
            assert connection.execute("SELECT bool_or(is_on) FROM steelyard.schedule").fetchone() == (False,)
            last = connection.execute("SELECT actor, state FROM steelyard.job_event ORDER BY id DESC LIMIT 1")
            assert last.fetchone() == ("owner", "paused")
            assert connection.execute("SELECT DISTINCT state FROM steelyard.delivery").fetchall() == [("dropped",)]
            assert connection.execute("SELECT bool_or(is_on) FROM steelyard.mail_server").fetchone() == (False,)
            assert connection.execute("SELECT bool_and(disabled_because <> '') FROM steelyard.webhook").fetchone() == (
                True,
            )


def test_our_own_18_goes_to_a_teams_database_and_back(
    made: tuple[Path, Rows, Path], team: Server, tmp_path: Path
) -> None:
    backup, before, _ = made
    environment = team.environment()
    with open_folder("of the team") as path:
        restore_backup(backup, path, environment=environment)
        folder = open_data_folder(path)
        with open_database(folder, environment=environment) as database:
            assert (database.version, database.is_one_role) == (team.version, False)
            check_restored(database, path, before)
            now = content(database)
            again = write_backup(database, folder, tmp_path / "again").manifest
            assert again.postgres == team.version
        assert not folder.cluster.exists()
        with pytest.raises(InputError, match="holds a platform already"):
            restore_backup(backup, path.with_name("second"), environment=environment)
        assert not path.with_name("second").exists()
        with open_folder("own") as own:
            restore_backup(tmp_path / "again", own, environment={})
            with started(own) as database:
                assert unended(content(database)) == unended(now)


def test_a_backup_of_the_first_schema_comes_back_with_all_runs_in_the_first_project(
    made: tuple[Path, Rows, Path], tmp_path: Path, older: Server
) -> None:
    of_the_first_schema(made[0], tmp_path / "old")
    environment = older.environment()
    with open_folder() as path:
        assert restore_backup(tmp_path / "old", path, environment=environment).manifest.runs == 3
        with started(path, environment) as database, database.connect() as connection:
            rows = connection.execute("SELECT project_id, seal_sha256, folder FROM steelyard.run").fetchall()
            assert {(project, folder) for project, _, folder in rows} == {(1, None)}
            assert all((path / "runs" / seal[:2] / seal / "plan.dsse.json").is_file() for _, seal, _ in rows)
            assert connection.execute("SELECT DISTINCT project_id FROM steelyard.token").fetchall() == [(1,)]
            assert connection.execute("SELECT count(*) FROM steelyard.membership").fetchone() == (0,)


def test_an_erasure_after_the_backup_stays_in_force(made: tuple[Path, Rows, Path], older: Server) -> None:
    backup, _, erasures = made
    assert b"ada" not in erasures.read_bytes()
    environment = older.environment()
    with open_folder() as path:
        done = restore_backup(backup, path, erasures=erasures, environment=environment)
        assert done.erasures == 1
        with started(path, environment) as database, database.connect() as connection:
            people = connection.execute(
                "SELECT name, password_hash, disabled_at IS NULL FROM steelyard.person ORDER BY id"
            )
            assert people.fetchall() == [("erased-1", None, False), ("grace", "argon2…", True)]
            check_audit(connection)
        assert (path / "erasures.jsonl").read_bytes() == erasures.read_bytes()


def test_a_number_that_somebody_else_has_now_is_not_erased(
    made: tuple[Path, Rows, Path], tmp_path: Path, older: Server
) -> None:
    """After an older backup a number may be given again: the erasure is of the person who was made at that moment."""
    backup, _, erasures = made
    other = tmp_path / "erasures.jsonl"
    other.write_bytes(erasures.read_bytes().replace(b"T", b"T", 1).replace(b"20", b"19", 1))
    environment = older.environment()
    with open_folder() as path:
        assert restore_backup(backup, path, erasures=other, environment=environment).erasures == 0
        with started(path, environment) as database, database.connect() as connection:
            assert one(connection, "SELECT count(*) FROM steelyard.person WHERE erased_at IS NOT NULL") == 0


@pytest.mark.parametrize("name", TAMPERINGS)
def test_what_was_torn_or_changed_is_refused_and_nothing_is_left(
    made: tuple[Path, Rows, Path], older: Server, tmp_path: Path, name: str
) -> None:
    changed = tmp_path / "changed"
    message = TAMPERINGS[name](made[0], changed)
    target = tmp_path / "target"
    with pytest.raises(SteelyardError, match=message) as caught:
        restore_backup(changed, target, environment=older.environment())
    assert int(caught.value.exit_code) in (1, 2)
    assert not target.exists()
    assert {path.name for path in tmp_path.iterdir()} == {"changed"}


def test_an_empty_folder_that_was_there_is_empty_again(made: tuple[Path, Rows, Path], older: Server) -> None:
    """The database refuses the rows, after files were written: the folder is as it was, and so is the database."""
    environment = older.environment()
    with open_folder() as above:
        above.mkdir()
        changed = above.with_name("changed")
        TAMPERINGS["rows of another chain"](made[0], changed)
        target = above / "data"
        target.mkdir()
        with pytest.raises(VerificationError):
            restore_backup(changed, target, environment=environment)
        assert list(target.iterdir()) == []
        restore_backup(made[0], target, environment=environment)


def test_what_is_not_empty_is_left_alone(made: tuple[Path, Rows, Path], tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(InputError, match="is not empty"):
        restore_backup(made[0], tmp_path, environment={})
    with pytest.raises(VerificationError, match="is another file than the one with that SHA-256"):
        restore_backup(made[0], tmp_path / "new", sha256="0" * 64, environment={})
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_the_log_says_that_it_was_restored(made: tuple[Path, Rows, Path], older: Server) -> None:
    environment = older.environment()
    with open_folder() as path:
        restore_backup(made[0], path, environment=environment)
        with started(path, environment) as database, database.connect() as connection:
            head = audit_head(connection)
            row = connection.execute("SELECT act FROM steelyard.audit ORDER BY sequence DESC LIMIT 1").fetchone()
            assert (row, check_audit(connection)) == (("restore",), head)


def test_a_backup_with_its_sha256_is_taken_as_it_is(made: tuple[Path, Rows, Path], older: Server) -> None:
    environment = older.environment()
    with open_folder() as path:
        assert (
            restore_backup(made[0], path, sha256=digest(made[0].read_bytes()), environment=environment).unverified == 0
        )
        with started(path, environment) as database:
            assert content(database)["run_restored"] == []


def test_a_broken_log_comes_back_as_it_was_and_says_so(data: Path, tmp_path: Path, older: Server) -> None:
    folder = open_data_folder(data)
    with started(data) as database:
        fill(database, folder)
        with database.connect_as_owner() as connection:
            connection.execute("ALTER TABLE steelyard.audit DISABLE TRIGGER keep")
            connection.execute("UPDATE steelyard.audit SET line = replace(line, 'sign-in', 'sign-on')")
            connection.execute("ALTER TABLE steelyard.audit ENABLE TRIGGER keep")
        lines = sorted(content(database)["audit"])  # by their numbers
        write_backup(database, folder, tmp_path / "backup")
    environment = older.environment()
    with open_folder("restored") as path:
        done = restore_backup(tmp_path / "backup", path, environment=environment)
        assert f"audit line {len(migrations())}: was changed" in done.manifest.audit_problem
        with started(path, environment) as database, database.connect() as connection:
            restored = sorted(content(database)["audit"])
            assert [row[:3] for row in restored][: len(lines)] == [row[:3] for row in lines]
            with pytest.raises(VerificationError, match="was changed"):
                check_audit(connection)
            with pytest.raises(psycopg.errors.RestrictViolation):  # what comes later follows
                connection.execute("INSERT INTO steelyard.audit (line, at) VALUES ('{}', now())")


def test_a_restore_that_was_killed_leaves_no_platform(made: tuple[Path, Rows, Path]) -> None:
    """The moment is found by what it has written, not by a time."""
    program = (
        "import sys; from pathlib import Path; from steelyard_server.upkeep.restore import restore_backup; "
        "restore_backup(Path(sys.argv[1]), Path(sys.argv[2]), environment={}, "
        "notify=lambda line: line == 'the database' and (print(line, flush=True), sys.stdin.read()))"
    )
    with open_folder() as path:
        command = [sys.executable, "-c", program, str(made[0]), str(path)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"the database\n"
            process.kill()
        assert (path / "steelyard-data").is_file()
        with pytest.raises(InputError, match="its restore was cut off"):
            open_data_folder(path)


@pytest.mark.parametrize("table", ["audit", "run_withheld"])
def test_a_backup_without_one_of_its_tables_is_refused(
    made: tuple[Path, Rows, Path], older: Server, tmp_path: Path, table: str
) -> None:
    without_table(made[0], tmp_path / "changed", table)
    with pytest.raises(VerificationError, match="has other tables than its schema"):
        restore_backup(tmp_path / "changed", tmp_path / "target", environment=older.environment())
