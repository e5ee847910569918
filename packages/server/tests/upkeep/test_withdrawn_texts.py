"""What a schedule would ask again of a withdrawn run: found by its text or its samples, taken out, and off for good."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from packages.server.tests.database.rows import digest, fill, one
from packages.server.tests.database.test_job_copies import a_job
from packages.server.tests.databases import Server, open_folder, started
from steelyard.errors import InputError
from steelyard_server.database.connection import Database
from steelyard_server.database.folder import DataFolder, open_data_folder
from steelyard_server.jobs.schedules import list_schedules, switch_schedule
from steelyard_server.upkeep.backup import write_backup
from steelyard_server.upkeep.restore import restore_backup
from steelyard_server.upkeep.withdrawal import withdraw_run

EVE = '{"question":"Who is Eve Public?"}\n'
OTHER = '{"question":"What is 1 + 1?"}\n'
SEAL = digest("seal of ada 0")  # a run that somebody pushed


@pytest.fixture
def own(data: Path) -> Iterator[tuple[Database, DataFolder]]:
    with started(data) as database:
        folder = open_data_folder(data)
        fill(database, folder)
        yield database, folder


def asks(**questions: str) -> str:
    return json.dumps({"kind": "run", "model": "sums", "endpoint": "e", "questions": questions})


def schedule(connection: Any, name: str, asked: str) -> int:
    return one(
        connection,
        "INSERT INTO steelyard.schedule (project_id, name, cron, zone, specification, made_by, next_at) "
        "SELECT 1, %s, '0 6 * * MON', 'UTC', %s, min(id), now() FROM steelyard.person RETURNING id",
        (name, asked),
    )


def as_it_was(connection: Any, change: str, *values: object) -> None:
    """What tests make and nobody may change."""
    table = change.split()[1]
    connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER".encode())
    connection.execute(change.encode(), values)
    connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER".encode())


def found(database: Database) -> dict[str, tuple[list[str], bool, bool]]:
    """Of each schedule: the texts that it has, whether it is on, and whether it says that it lost some."""
    with database.connect_as_owner() as connection:
        rows = connection.execute(
            "SELECT name, specification, is_on, withdrawn_at IS NOT NULL FROM steelyard.schedule "
            "WHERE name NOT LIKE %s",
            ("each day%",),
        ).fetchall()
    return {
        name: (sorted(filter(None, json.loads(asked)["questions"].values())), is_on, is_withdrawn)
        for name, asked, is_on, is_withdrawn in rows
    }


def test_the_same_text_goes_out_of_every_schedule_of_the_project(own: tuple[Database, DataFolder]) -> None:
    database, folder = own
    with database.connect_as_owner() as connection:
        person = one(connection, "SELECT id FROM steelyard.person WHERE name = 'ada'")
    job, _ = a_job(database, folder, person, "finished", days=0)
    waiting, _ = a_job(database, folder, person, "paused", days=0)
    with database.connect_as_owner() as connection:
        as_it_was(connection, "UPDATE steelyard.job SET specification = %s WHERE id = %s", asks(own=EVE), job)
        first = schedule(connection, "same text", asks(other=EVE))
        schedule(connection, "both", asks(one=EVE, two=OTHER))
        schedule(connection, "another text", asks(one=OTHER))
        as_it_was(
            connection, "UPDATE steelyard.job SET schedule_id = %s, scheduled_at = now() WHERE id = %s", first, waiting
        )
        elsewhere = one(connection, "INSERT INTO steelyard.project (name) VALUES ('elsewhere') RETURNING id")
        as_it_was(
            connection, "UPDATE steelyard.schedule SET project_id = %s WHERE id = %s", elsewhere,
            schedule(connection, "elsewhere", asks(one=EVE)),
        )  # fmt: skip
    done = withdraw_run(database, folder, f"{job:064x}")
    assert (done.schedules, done.open_jobs) == (("both", "same text"), (waiting,))
    assert found(database) == {
        "same text": ([], False, True), "both": ([OTHER], False, True), "another text": ([OTHER], True, False),
        "elsewhere": ([EVE], True, False),
    }  # fmt: skip
    with database.connect() as connection:
        by_name = {each.name: each for each in list_schedules(connection, "default")}
        assert by_name["same text"].withdrawn_at is not None
        assert by_name["another text"].withdrawn_at is None
        with pytest.raises(InputError, match="its questions were withdrawn with a run"):
            switch_schedule(connection, "default", by_name["same text"].id, on=True)


def test_however_its_rows_are_written(own: tuple[Database, DataFolder]) -> None:
    database, folder = own
    with database.connect_as_owner() as connection:
        person = one(connection, "SELECT id FROM steelyard.person WHERE name = 'ada'")
    job, _ = a_job(database, folder, person, "finished", days=0)
    rows = [{"question": f"What is {number} + 3?\u2028 Én?", "answer": number + 3} for number in range(4)]
    asked = "".join(json.dumps(each) + "\n" for each in rows)
    written = {
        "a blank line more": asked + "\n",
        "another end of line": asked.replace("\n", "\r\n"),
        "spaces": "".join(json.dumps(each, separators=(" , ", ":  ")) + "\n" for each in rows),
        "no escapes": "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in rows),
        "a mark of its bytes": "\ufeff" + asked,
        "another order of rows": "".join(json.dumps(each) + "\n" for each in rows[::-1]),
        "another order of fields": "".join(json.dumps(each, sort_keys=True) + "\n" for each in rows),
        "one row of it": json.dumps(rows[2]),
        "among others": OTHER + json.dumps(rows[1]) + "\n" + EVE,
    }
    kept = {"other rows": EVE + OTHER, "no JSON": "x\n" + "[" * 9000 + "\n{\n", "part of a row": '"answer": 3\n\n3\n'}
    with database.connect_as_owner() as connection:
        change = "UPDATE steelyard.job SET specification = %s WHERE id = %s"
        as_it_was(connection, change, asks(own=asked + "\n{broken\n"), job)
        for name, text in (written | kept).items():
            schedule(connection, name, asks(other=text))
    assert withdraw_run(database, folder, f"{job:064x}").schedules == tuple(sorted(written))
    gone: dict[str, tuple[list[str], bool, bool]] = {name: ([], False, True) for name in written}
    assert found(database) == gone | {name: ([text], True, False) for name, text in kept.items()}


def test_of_a_run_that_was_pushed_they_are_found_by_the_samples(own: tuple[Database, DataFolder]) -> None:
    database, folder = own
    with database.connect_as_owner() as connection:
        person = one(connection, "SELECT id FROM steelyard.person WHERE name = 'ada'")
    look, _ = a_job(database, folder, person, "finished", days=0)
    with database.connect_as_owner() as connection:
        number = schedule(connection, "weekly", asks(own=EVE, two=OTHER))
        schedule(connection, "has no run yet", asks(own=EVE))
        as_it_was(
            connection, "UPDATE steelyard.job SET schedule_id = %s, scheduled_at = now() WHERE id = %s", number, look
        )
        samples = [{"task": "gsm8k", "digest": "public"}, {"task": "own", "digest": "eve"}]
        change = "UPDATE steelyard.run SET samples = %s WHERE seal_sha256 = %s"
        more = [{"task": "two", "digest": "two"}]
        as_it_was(connection, change, json.dumps(samples + more), f"{look:064x}")
        as_it_was(connection, change, json.dumps(samples), SEAL)
    assert withdraw_run(database, folder, SEAL).schedules == ("weekly",)
    assert found(database) == {"weekly": ([OTHER], False, True), "has no run yet": ([EVE], True, False)}


def test_a_backup_of_before_loses_them_too(own: tuple[Database, DataFolder], tmp_path: Path, older: Server) -> None:
    database, folder = own
    with database.connect_as_owner() as connection:
        person = one(connection, "SELECT id FROM steelyard.person WHERE name = 'ada'")
    job, _ = a_job(database, folder, person, "finished", days=0)
    with database.connect_as_owner() as connection:
        as_it_was(connection, "UPDATE steelyard.job SET specification = %s WHERE id = %s", asks(own=EVE), job)
        schedule(connection, "same text", asks(other=EVE))
    before = tmp_path / "before.backup"
    (folder.runs / f"{job:064x}"[:2] / f"{job:064x}").mkdir(parents=True, exist_ok=True)
    write_backup(database, folder, before)
    withdraw_run(database, folder, f"{job:064x}")
    environment = older.environment()
    with open_folder("new") as new:
        restore_backup(before, new, withdrawals=folder.withdrawals, environment=environment)
        with started(new, environment) as restored:
            assert found(restored) == {"same text": ([], False, True)}


def test_by_hand_nothing_else_is_changed(own: tuple[Database, DataFolder]) -> None:
    database, folder = own
    with database.connect_as_owner() as connection:
        number = schedule(connection, "kept", asks(one=EVE, two=OTHER))
    change = "UPDATE steelyard.schedule SET specification = %s, is_on = false, withdrawn_at = now() WHERE id = %s"

    def refused(query: str, *values: object) -> None:
        with database.connect_as_owner() as connection, pytest.raises(psycopg.errors.RestrictViolation):
            connection.execute(query.encode(), values)

    refused(change, asks(one="", two=""), number)  # nothing was withdrawn here
    withdraw_run(database, folder, SEAL)
    for asked in (asks(one=""), asks(one=OTHER, two=""), asks(one="", two="", three=""), "{}", "x"):
        refused(change, asked, number)
    refused(change, json.dumps(json.loads(asks(one="", two="")) | {"model": "other"}), number)
    refused("UPDATE steelyard.schedule SET specification = %s WHERE id = %s", asks(one="", two=""), number)
    with database.connect() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(change, (asks(one="", two=""), number))
    with database.connect_as_owner() as connection:
        connection.execute(change, (asks(one="", two=OTHER), number))
    refused("UPDATE steelyard.schedule SET is_on = true WHERE id = %s", number)
    refused("UPDATE steelyard.schedule SET withdrawn_at = NULL WHERE id = %s", number)
