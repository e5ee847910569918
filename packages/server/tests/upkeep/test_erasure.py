from __future__ import annotations

from pathlib import Path

import pytest

from packages.server.tests.database.rows import content, fill
from steelyard.errors import InputError
from steelyard_server.database.connection import Database
from steelyard_server.database.folder import DataFolder, open_data_folder
from steelyard_server.upkeep.erasure import Erasure, apply_erasure, erase_person, read_erasures, write_erasures


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return open_data_folder(tmp_path / "data")


def test_a_name_and_what_opens_the_door_are_gone_and_the_number_stays(database: Database, folder: DataFolder) -> None:
    number = fill(database, folder, "Eve Erased")
    assert erase_person(database, folder, "eve ERASED").number == number
    rows = content(database)
    (person,) = [row for row in rows["person"] if row[0] == number]
    assert person[1:4] == (f"erased-{number}", None, False)
    assert None not in (person[5], person[6])
    for session in [row for row in rows["session"] if row[1] == number]:
        assert session[5] is not None
        assert session[6:] == ("", "")
    for token in [row for row in rows["token"] if row[1] == number]:
        assert (token[2], token[7] is None) == ("erased", False)
    assert [row for row in rows["run"] if row[18] == number]
    assert not [row for row in rows["identity"] if row[0] == number]
    assert [row[1:3] for row in rows["mail_address"] if row[0] == number] == [("", None)]
    assert [row[3] for row in rows["mail_choice"] if row[1] == number] == [[]]
    assert [(row[2], row[6] is None) for row in rows["reader_key"] if row[1] == number] == [("erased", False)]
    assert {row[5] for row in rows["delivery"] if row[3] == number} == {"dropped"}
    assert all(row[-1] for row in rows["membership"] + rows["person_link"] if row[1] == number)
    assert "Eve" not in repr({name: rows[name] for name in ("person", "session", "token", "audit", "admin_link")})
    erased = [row[1] for row in rows["audit"] if row[4] == "erase"]
    assert sum(f'"person:{number}"' in line for line in erased) == 1
    (noted,) = read_erasures(folder.erasures)
    assert (noted.person, b"Eve" in folder.erasures.read_bytes()) == (number, False)


def test_who_was_erased_is_nobody_any_more(database: Database, folder: DataFolder) -> None:
    number = fill(database, folder, "twice", runs=0)
    erase_person(database, folder, "twice")
    for name in ("twice", f"erased-{number}", "nobody of that name"):
        with pytest.raises(InputError, match="there is no person of this name"):
            erase_person(database, folder, name)
    with database.connect_as_owner() as connection:
        assert not apply_erasure(connection, read_erasures(folder.erasures)[0])
    assert fill(database, folder, "twice", runs=0) != number


def test_a_persons_name_changes_by_erasure_alone(database: Database, folder: DataFolder) -> None:
    import psycopg

    number = fill(database, folder, "stays", runs=0)
    for start in ("UPDATE steelyard.person SET name = 'x'", "DELETE FROM steelyard.person"):
        with database.connect_as_owner() as connection, pytest.raises(psycopg.errors.RestrictViolation):
            connection.execute(f"{start} WHERE id = %s".encode(), (number,))


@pytest.mark.parametrize(
    "line", ["", "{}", "[]", '{"person": "1", "created_at": "2026-11-28"}', '{"person": 1, "created_at": "soon"}']
)
def test_a_line_that_is_no_erasure_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "erasures.jsonl"
    path.write_text('{"person": 1, "created_at": "2026-11-28T00:00:00+00:00"}\n' + line + "\n")
    with pytest.raises(InputError, match=r"erasures.jsonl:2: is no erasure"):
        read_erasures(path)


def test_what_is_written_is_read(folder: DataFolder) -> None:
    written = [Erasure(3, "2026-11-28T00:00:00.123456+00:00"), Erasure(4, "2026-11-28T00:00:00+00:00")]
    write_erasures(folder, written[:1])
    write_erasures(folder, [])
    write_erasures(folder, written[1:])
    assert read_erasures(folder.erasures) == written
    assert read_erasures(folder.erasures.read_bytes()) == written
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_erasures(folder.path / "none")
