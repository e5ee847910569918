from __future__ import annotations

import hashlib
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from packages.server.tests.database.rows import HOSTILE, digest, fill
from steelyard.errors import InputError
from steelyard_server.database.connection import Database
from steelyard_server.database.folder import DataFolder, open_data_folder
from steelyard_server.upkeep.export import FORMAT, export_person, tables_of_people


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return open_data_folder(tmp_path / "data")


def read(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    first, *rest = path.read_bytes().splitlines(keepends=True)
    manifest: dict[str, Any] = json.loads(first)
    assert manifest["sha256"] == hashlib.sha256(b"".join(rest)).hexdigest()
    return manifest, [json.loads(line) for line in rest]


def test_everything_that_names_a_person_is_there_and_nothing_of_others(
    database: Database, folder: DataFolder, tmp_path: Path
) -> None:
    fill(database, folder, "Otto Other")
    number = fill(database, folder, "Nora Inquiry")
    path = tmp_path / "nora.jsonl"
    done = export_person(database, "nora inquiry", path)
    manifest, lines = read(path)
    assert (manifest["format"], manifest["person"], done.person) == (FORMAT, number, number)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert manifest["rows"] == done.rows
    assert {table: count for table, count in done.rows.items() if count} == {
        "person": 1, "identity": 1, "membership": 2, "person_link": 1, "session": 1, "token": 1, "run": 2,
        "endpoint": 1, "endpoint_key": 1, "share": 2, "schedule": 1, "job": 1, "webhook_place": 1,
        "webhook": 1, "mail_server": 1, "mail_address": 1, "mail_choice": 1, "event": 1, "delivery": 1,
        "suite_version": 1, "suite_decision": 1, "suite_view": 1, "label_set": 1, "label": 1, "reader_key": 1,
        "run_seen": 2, "approval": 1, "threshold_change": 2, "threshold_decision": 1,
        "audit": 2,
    }  # fmt: skip
    by_table = [each["table"] for each in lines]
    assert {table: by_table.count(table) for table in set(by_table)} == {
        table: count for table, count in done.rows.items() if count
    }
    (person,) = [each["row"] for each in lines if each["table"] == "person"]
    assert person["name"] == "Nora Inquiry"
    assert [each["row"]["agent"] for each in lines if each["table"] == "session"] == [HOSTILE]
    assert [each["row"]["act"] for each in lines if each["table"] == "audit"] == ["sign-in", "export"]
    text = path.read_text()
    assert "Otto" not in text
    for secret in (
        "argon2",
        *(digest(f"{what} of {number}") for what in ("session", "token")),
        bytes(range(256)).hex(),
    ):
        assert secret not in text


def test_every_table_that_names_people_is_looked_at(database: Database) -> None:
    """Asked of the database: a new table with a person's number is in every export."""
    with database.connect_as_owner() as connection:
        assert tables_of_people(connection) == {
            "person": ("id",), "endpoint": ("made_by",), "endpoint_key": ("set_by",), "run": ("pushed_by",),
            "session": ("person_id",), "share": ("made_by",), "token": ("person_id",),
            "identity": ("person_id",), "membership": ("person_id",), "person_link": ("person_id",),
            "job": ("requested_by", "resumed_by"), "schedule": ("made_by",), "budget": ("set_by",),
            "webhook_place": ("made_by",), "webhook": ("made_by",), "mail_server": ("set_by",),
            "mail_address": ("person_id",), "mail_choice": ("person_id",), "event": ("person_id",),
            "delivery": ("person_id",),
            "suite_version": ("brought_by",), "suite_decision": ("person_id",), "suite_view": ("person_id",),
            "reader_key": ("person_id",), "label_set": ("brought_by",), "label": ("person_id",),
            "run_seen": ("person_id",), "approval": ("person_id",), "threshold_change": ("asked_by",),
            "threshold_decision": ("person_id",),
        }  # fmt: skip
        with connection.transaction(force_rollback=True):
            connection.execute(
                "CREATE TABLE steelyard.later "
                "(who bigint REFERENCES steelyard.person, by bigint REFERENCES steelyard.person)"
            )
            assert tables_of_people(connection)["later"] == ("by", "who")


def test_nobody_and_a_file_that_is_there_are_one_line(database: Database, folder: DataFolder, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no person of this name"):
        export_person(database, "nobody of that name", tmp_path / "none")
    fill(database, folder, "here", runs=0)
    (tmp_path / "there").write_text("mine")
    with pytest.raises(InputError, match="exists: give a new name"):
        export_person(database, "here", tmp_path / "there")
    with pytest.raises(InputError, match="cannot be written: No such file"):
        export_person(database, "here", tmp_path / "no" / "folder")
    assert {path.name for path in tmp_path.iterdir()} == {"data", "there"}
