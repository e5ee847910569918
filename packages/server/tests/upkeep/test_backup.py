from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from packages.server.tests.database.rows import FILES, add_run, digest, fill
from packages.server.tests.databases import started
from steelyard.errors import InputError
from steelyard_server.database.audit import audit_head
from steelyard_server.database.connection import Database
from steelyard_server.database.folder import DataFolder, open_data_folder
from steelyard_server.database.migrate import migrations
from steelyard_server.upkeep.backup import write_backup
from steelyard_server.upkeep.backup_file import BackupReader, Manifest, run_member


@pytest.fixture
def platform(data: Path) -> Iterator[tuple[Database, DataFolder]]:
    with started(data) as database:
        folder = open_data_folder(data)
        fill(database, folder)
        yield database, folder


def test_a_backup_holds_tables_runs_and_no_secret(platform: tuple[Database, DataFolder], tmp_path: Path) -> None:
    database, folder = platform
    path = tmp_path / "platform.backup"
    done = write_backup(database, folder, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (done.size, done.sha256) == (path.stat().st_size, digest(path.read_bytes()))
    assert done.manifest.damaged == ()
    assert {name: table.rows for name, table in done.manifest.tables.items() if table.rows} == {
        "project": 1, "person": 1, "group_mapping": 1, "membership": 2, "identity": 1, "session": 1, "admin_link": 1,
        "person_link": 1, "token": 1, "run": 2, "run_file": 6, "endpoint": 1, "endpoint_key": 1, "share": 2,
        "stored_run": 1, "stored_run_questions": 1, "lease": 1, "stored_line": 2, "stored_text": 1, "stored_file": 1,
        "threshold_change": 2, "threshold_decision": 1,
        "schedule": 1, "job": 1, "job_event": 1, "webhook_place": 1, "webhook": 1, "webhook_key": 1,
        "mail_server": 1, "mail_address": 1, "mail_choice": 1, "event": 2, "delivery": 2, "delivery_attempt": 1,
        "suite_version": 1, "suite_file": 1, "suite_item": 1, "suite_decision": 1, "suite_review": 1,
        "suite_view": 1, "run_suite": 1, "label_set": 1, "label_answer": 1, "label": 1,
        "reader_key": 1, "run_seen": 2, "audit": len(migrations()) + 1,
    }  # fmt: skip
    with zipfile.ZipFile(path) as file:
        everything = b"".join(file.read(name) for name in file.namelist())
        assert not [name for name in file.namelist() if "secret" in name or "postgres" in name]
    assert folder.passwords.read_text() not in everything.decode("utf-8", "replace")
    with database.connect() as connection:
        assert audit_head(connection).lines == done.manifest.audit_lines + 1
        (line,) = connection.execute("SELECT line FROM steelyard.audit WHERE act = 'backup'").fetchone() or ("",)
    assert msgspec.json.decode(line)["details"] == {"runs": 2, "sha256": done.sha256, "size": done.size}


def test_a_run_that_comes_meanwhile_is_in_the_next_one(platform: tuple[Database, DataFolder], tmp_path: Path) -> None:
    """The snapshot is one moment: rows and files agree, whatever comes."""
    database, folder = platform
    seals: list[str] = []

    def push(_: str) -> None:
        with database.connect() as connection:
            seals.append(add_run(connection, folder, 1, f"late {len(seals)}"))

    done = write_backup(database, folder, tmp_path / "one", push)
    assert len(seals) == 2  # one before the snapshot was taken, one after
    assert done.manifest.runs == 3
    with BackupReader(tmp_path / "one") as backup:
        assert run_member(seals[0], "plan.dsse.json") in backup.run_files()
        assert run_member(seals[1], "plan.dsse.json") not in backup.run_files()


def test_a_damaged_file_stops_no_backup_and_is_named(platform: tuple[Database, DataFolder], tmp_path: Path) -> None:
    database, folder = platform
    seal = digest("seal of ada 0")
    place = folder.runs / seal[:2] / seal
    (place / "plan.dsse.json").write_bytes(b"[]")
    (place / "journal" / "main-0000.jsonl").unlink()
    (place / "journal" / "main-0000.jsonl").symlink_to("/etc/passwd")
    done = write_backup(database, folder, tmp_path / "one")
    assert done.manifest.damaged == tuple(
        run_member(seal, name) for name in ("journal/main-0000.jsonl", "plan.dsse.json")
    )
    with BackupReader(tmp_path / "one") as backup:
        assert len(backup.run_files()) == 2 * len(FILES) - 2


def test_nothing_is_written_over_or_left_half_written(platform: tuple[Database, DataFolder], tmp_path: Path) -> None:
    database, folder = platform
    (tmp_path / "there").write_text("mine")
    with pytest.raises(InputError, match="a backup is never written over another one"):
        write_backup(database, folder, tmp_path / "there")
    with pytest.raises(InputError, match="cannot be written: No such file or directory"):
        write_backup(database, folder, tmp_path / "no" / "folder")
    assert {path.name for path in tmp_path.iterdir()} == {"there"}


def test_a_broken_log_stops_no_backup_and_is_named(platform: tuple[Database, DataFolder], tmp_path: Path) -> None:
    database, folder = platform
    with database.connect_as_owner() as connection:
        connection.execute("ALTER TABLE steelyard.audit DISABLE TRIGGER keep")
        connection.execute("UPDATE steelyard.audit SET line = replace(line, 'sign-in', 'sign-on')")
    done = write_backup(database, folder, tmp_path / "new")
    assert f"audit line {len(migrations())}: was changed" in done.manifest.audit_problem
    with BackupReader(tmp_path / "new") as backup:
        assert backup.manifest.tables["audit"].rows == done.manifest.audit_lines == len(migrations()) + 1


def test_the_manifest_is_strict() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"format": "steelyard-backup/1"}', type=Manifest)
