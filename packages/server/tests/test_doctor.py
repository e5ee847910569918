from __future__ import annotations

from pathlib import Path

import pytest

from packages.server.tests.database.rows import fill
from packages.server.tests.databases import Server, started
from packages.server.tests.site import Site
from steelyard_server.database.connection import Database, open_database
from steelyard_server.database.folder import open_data_folder
from steelyard_server.database.migrate import apply_migrations, migrations
from steelyard_server.doctor import _schema, _secret_key, examine
from steelyard_server.encryption.key_file import secret_key_file
from steelyard_server.jobs.workers import Presence
from steelyard_server.upkeep.backup import write_backup


def test_beside_a_server_everything_is_looked_at(site: Site) -> None:
    site.administrator()
    found = {each.what: each for each in examine(site.data, "", lambda _: None)}
    assert [*found] == [
        "extra server", "isolation", "data folder", "secrets", "secret key", "disk", "database", "roles", "schema",
        "audit log", "workers", "backup", "administrator", "keys of endpoints", "secrets of webhooks and mail",
    ]  # fmt: skip
    assert all(each.works for each in found.values())
    assert found["administrator"].text == "there is one"


def test_the_files_of_runs_are_compared_with_what_was_received(data: Path) -> None:
    folder = open_data_folder(data)
    with started(data) as database:
        fill(database, folder)
        found = [each for each in examine(data, "", lambda _: None, runs=True) if each.what == "runs"]
        assert [(each.works, each.text) for each in found] == [(True, "6 files are as they were received")]
        plan, journal = (
            min(folder.runs.glob("*/*/plan.dsse.json")),
            min(folder.runs.glob("*/*/journal/main-0000.jsonl")),
        )
        plan.write_bytes(b"{ }")
        journal.unlink()
        *_, last = examine(data, "", lambda _: None, runs=True)
    assert (last.what, last.works, last.text) == ("runs", False, "2 of 6 files are gone, or not as they were received")
    assert str(plan.relative_to(data)) in last.fix


def test_a_folder_that_is_none_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "something").write_text("else")
    *_, last = examine(tmp_path, "", lambda _: None)
    assert (last.what, last.works) == ("data folder", False)
    assert "steelyard serve --data" in last.fix


def test_a_secret_key_that_others_read_is_named(tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path / "data")
    file = secret_key_file(folder, {})
    assert _secret_key(folder).text.startswith("none yet")
    file.make()
    assert _secret_key(folder).works
    file.path.chmod(0o644)
    found = _secret_key(folder)
    assert (found.works, "chmod 600 it" in found.text) == (False, True)


def test_workers_the_last_backup_and_secrets_that_cannot_be_read_are_named(data: Path, tmp_path: Path) -> None:
    folder = open_data_folder(data)
    with started(data) as database:
        fill(database, folder)  # with secrets that are no ciphertexts
        with database.connect() as connection:
            connection.autocommit = True
            Presence("here", 1, "steelyard 0").note(connection)
            Presence("killed", 1, "steelyard 0").note(connection)
            Presence("full", 1, "steelyard 0").note(connection, "0.1 GB are free on the disk")
        with database.connect_as_owner() as connection:
            connection.execute("UPDATE steelyard.worker SET seen_at = now() - interval '1 day' WHERE name = 'killed'")
        write_backup(database, folder, tmp_path / "backup")
        found = [*examine(data, "", lambda _: None)]
    by_name = {each.what: each for each in found}
    workers = [each for each in found if each.what == "workers"]
    assert sorted(each.text.split(" on ")[0] for each in workers) == ["full", "here", "killed"]
    assert any("killed" in each.text and "is gone: last heard of" in each.text for each in workers)
    assert [each.works for each in workers if "0.1 GB are free" in each.text] == [False]
    assert "the last one was written" in by_name["backup"].text
    assert by_name["secrets of webhooks and mail"].works is False
    assert "webhook 1 of default, the mail server" in by_name["secrets of webhooks and mail"].fix


def test_what_a_migration_would_do_is_said(empty: Database) -> None:
    with empty.connect_as_owner() as connection:
        apply_migrations(connection, empty.application_role, migrations()[:-2])
        found = _schema(connection)
    last = migrations()[-1]
    assert (found.works, found.text) == (False, f"number {last.number - 2}, and this version needs {last.number}")
    assert f"{last.number}: {last.about.rstrip('.')}" in found.fix


@pytest.fixture
def empty(older: Server, tmp_path: Path) -> Database:
    with open_database(open_data_folder(tmp_path / "data"), environment=older.environment()) as found:
        return found
