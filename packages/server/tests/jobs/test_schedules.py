from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from packages.server.tests.jobs.from_a_pool import Jobs, Schedules
from steelyard.errors import InputError
from steelyard_server.access.groups import apply_groups
from steelyard_server.database.connection import Database
from steelyard_server.endpoints.own_places import note_own_places
from steelyard_server.jobs.rows import insert_job
from steelyard_server.jobs.schedules import make_due_jobs, why_they_wait
from steelyard_server.jobs.specification import BUILT_IN, Resumption, RunSpecification
from steelyard_server.oidc.settings import OidcSettings
from steelyard_server.settings import serve_settings

ASKED = RunSpecification(model=BUILT_IN, task="mmlu")


@pytest.fixture
def schedules(jobs: Jobs, job_pool: ConnectionPool, database: Database) -> Schedules:
    """No schedule is on."""
    with database.connect() as connection:
        connection.execute("UPDATE steelyard.schedule SET is_on = false")
    return Schedules(job_pool)


def made(database: Database) -> int:
    with database.connect() as connection:
        connection.commit()
        connection.autocommit = True
        return make_due_jobs(connection)


def added(schedules: Schedules, person: int, cron: str = "0 6 * * *", zone: str = "UTC") -> int:
    return schedules.add(f"each day {datetime.now(UTC).timestamp()}", cron, zone, ASKED, person)


def due_since(database: Database, schedule: int, ago: timedelta) -> datetime:
    """As if the schedule's next look had come so long ago; on a full minute."""
    moment = (datetime.now(UTC) - ago).replace(second=0, microsecond=0)
    with database.connect_as_owner() as connection:
        connection.execute("ALTER TABLE steelyard.schedule DISABLE TRIGGER keep")
        connection.execute("UPDATE steelyard.schedule SET next_at = %s WHERE id = %s", (moment, schedule))
        connection.execute("ALTER TABLE steelyard.schedule ENABLE TRIGGER keep")
    return moment


def test_a_schedule_makes_one_job_when_it_is_due(
    schedules: Schedules, jobs: Jobs, person: int, database: Database
) -> None:
    number = added(schedules, person, "* * * * *")
    assert made(database) == 0
    moment = due_since(database, number, timedelta())
    assert made(database) == 1
    assert made(database) == 0
    (job,) = (each for each in jobs.list(state="waiting") if each.schedule == number)
    assert (job.kind, job.requested_by, job.scheduled_at, job.note) == ("run", person, moment, "")
    assert jobs.events(job.id)[0].actor == f"schedule:{number}"
    (row,) = (each for each in schedules.list() if each.id == number)
    assert row.next_at == moment + timedelta(minutes=1)


def test_what_was_missed_is_made_up_by_one_job_which_says_so(
    schedules: Schedules, jobs: Jobs, person: int, database: Database
) -> None:
    number = added(schedules, person, "*/30 * * * *")
    due_since(database, number, timedelta(hours=10))
    assert made(database) == 1
    (job,) = (each for each in jobs.list(state="waiting") if each.schedule == number)
    assert job.note.startswith("late: it was due at ")
    assert "earlier looks since" in job.note
    assert jobs.events(job.id)[0].reason == job.note
    (row,) = (each for each in schedules.list() if each.id == number)
    assert row.next_at > datetime.now(UTC)


def test_a_schedule_waits_for_its_last_job(schedules: Schedules, jobs: Jobs, person: int, database: Database) -> None:
    number = added(schedules, person, "* * * * *")
    moment = due_since(database, number, timedelta(minutes=30))
    with database.connect() as connection:
        look = (number, moment - timedelta(minutes=1), "")
        last = insert_job(connection, "default", ASKED, person, look=look)
    assert made(database) == 0
    jobs.cancel(last, person)
    assert made(database) == 1


def test_one_that_cannot_be_read_here_stops_no_other(
    schedules: Schedules, jobs: Jobs, person: int, database: Database
) -> None:
    broken, number = (added(schedules, person, "* * * * *") for _ in range(2))
    with database.connect_as_owner() as connection:
        connection.execute("ALTER TABLE steelyard.schedule DISABLE TRIGGER keep")
        connection.execute("UPDATE steelyard.schedule SET zone = 'Mars/Base' WHERE id = %s", (broken,))
        connection.execute("ALTER TABLE steelyard.schedule ENABLE TRIGGER keep")
    for each in (broken, number):
        due_since(database, each, timedelta(minutes=2))
    said: list[str] = []
    with database.connect() as connection:
        connection.autocommit = True
        assert make_due_jobs(connection, said.append) == 1
    assert [each.schedule for each in jobs.list(state="waiting")] == [number]
    assert said == [
        f"schedule {broken}: there is no time zone 'Mars/Base' on this machine: give one as Europe/Berlin or UTC"
    ]


def test_what_is_off_makes_nothing_and_makes_nothing_up(schedules: Schedules, person: int, database: Database) -> None:
    number = added(schedules, person, "* * * * *")
    assert schedules.switch(number, person, on=False)
    assert not schedules.switch(number, person, on=False)
    due_since(database, number, timedelta(hours=3))
    assert made(database) == 0
    assert schedules.switch(number, person, on=True)
    assert made(database) == 0
    assert not schedules.switch(10**12, person, on=True)


def test_a_disabled_persons_schedules_rest(schedules: Schedules, database: Database) -> None:
    with database.connect() as connection:
        row = connection.execute("INSERT INTO steelyard.person (name) VALUES ('left') RETURNING id").fetchone()
        assert row is not None
        connection.commit()
        number = added(schedules, row[0], "* * * * *")
        connection.execute("UPDATE steelyard.person SET disabled_at = now() WHERE id = %s", row)
    due_since(database, number, timedelta(minutes=2))
    assert made(database) == 0


def waits(database: Database, schedule: int) -> str:
    with database.connect() as connection:
        return why_they_wait(connection, "default").get(schedule, "")


def new_person(database: Database, name: str) -> int:
    with database.connect() as connection:
        row = connection.execute("INSERT INTO steelyard.person (name) VALUES (%s) RETURNING id", (name,)).fetchone()
    assert row is not None
    return int(row[0])


def give(database: Database, person: int, role: str) -> None:
    """The role in the first project, by hand; "" takes it."""
    with database.connect() as connection:
        connection.execute(
            "UPDATE steelyard.membership SET ended_at = now() WHERE person_id = %s AND ended_at IS NULL", (person,)
        )
        if role:
            connection.execute(
                "INSERT INTO steelyard.membership (person_id, project_id, role) VALUES (%s, 1, %s)", (person, role)
            )


def test_a_schedule_rests_while_its_maker_may_start_no_jobs(schedules: Schedules, database: Database) -> None:
    person = new_person(database, "lost the role")
    give(database, person, "runner")
    number = added(schedules, person, "* * * * *")
    due_since(database, number, timedelta(minutes=10))
    for role in ("", "viewer"):
        give(database, person, role)
        assert made(database) == 0
        assert waits(database, number) == "role"
    give(database, person, "runner")
    assert waits(database, number) == "worker"
    assert made(database) == 1
    urgent = schedules.add("urgent", "* * * * *", "UTC", ASKED, person, priority=5)
    due_since(database, urgent, timedelta(minutes=10))
    assert made(database) == 0, "a priority above 0 is an admin's"
    give(database, person, "admin")
    assert made(database) == 1


def test_a_role_by_a_group_counts_for_schedules_as_it_does_for_tokens(
    schedules: Schedules, database: Database, tmp_path: Path
) -> None:
    person = new_person(database, "by a group")
    number = added(schedules, person, "* * * * *")
    due_since(database, number, timedelta(minutes=10))
    settings = serve_settings(data=tmp_path, bind="127.0.0.1:8420")
    with database.connect() as connection:
        connection.execute(
            "INSERT INTO steelyard.group_mapping (issuer, group_name, project_id, role) "
            "VALUES ('https://id.example', 'schedulers', 1, 'editor')"
        )
        apply_groups(connection, person, "https://id.example", ["schedulers"])
        note_own_places(connection, settings, database)
    assert (made(database), waits(database, number)) == (0, "role"), "of a provider that is not configured"
    oidc = OidcSettings(issuer="https://id.example", client_id="x", client_secret="y")
    with database.connect() as connection:
        note_own_places(connection, replace(settings, oidc=oidc), database)
        connection.execute("UPDATE steelyard.membership SET confirmed_at = now() - interval '31 days' "
                           "WHERE person_id = %s", (person,))  # fmt: skip
    assert (made(database), waits(database, number)) == (0, "role"), "its last sign-in is too long ago"
    with database.connect() as connection:
        apply_groups(connection, person, "https://id.example", ["schedulers"])
    assert made(database) == 1


def test_no_look_becomes_a_job_without_room_and_others_are_not_held_up(
    schedules: Schedules, jobs: Jobs, person: int, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("steelyard_server.jobs.room.OPEN_OF_PROJECT", 2)
    monkeypatch.setattr("steelyard_server.jobs.schedules._AT_ONCE", 2)
    with database.connect() as connection:
        connection.execute("INSERT INTO steelyard.project (name) VALUES ('roomy') ON CONFLICT DO NOTHING")
        connection.execute("UPDATE steelyard.person SET is_admin = true WHERE id = %s", (person,))
    open_one = jobs.add(ASKED, person)
    numbers = [added(schedules, person, "* * * * *") for _ in range(5)]
    other = Schedules(schedules._pool, "roomy").add("roomy", "* * * * *", "UTC", ASKED, person)
    for ago, number in enumerate(reversed([*numbers, other])):
        due_since(database, number, timedelta(minutes=10 + ago))
    assert made(database) == 2, "one of the full project, and that of the other, which was due last"
    assert [each.schedule for each in jobs.list(state="waiting")] == [numbers[0], None]
    assert {waits(database, number) for number in numbers[1:]} == {"room"}
    jobs.cancel(open_one, person)
    assert made(database) == 1
    monkeypatch.setattr("steelyard_server.jobs.room.OPEN_OF_PROJECT", 50)
    monkeypatch.setattr("steelyard_server.jobs.room.BYTES_A_DAY", 1)
    assert made(database) == 0
    assert {waits(database, number) for number in numbers[2:]} == {"room"}
    monkeypatch.setattr("steelyard_server.jobs.room.BYTES_A_DAY", 64 << 20)
    assert made(database) >= 2
    with database.connect() as connection:
        connection.execute("UPDATE steelyard.person SET is_admin = false WHERE id = %s", (person,))


def test_of_several_at_once_one_makes_the_job(schedules: Schedules, person: int, database: Database) -> None:
    number = added(schedules, person, "* * * * *")
    due_since(database, number, timedelta())
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(made(database))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(found) == 1


def test_what_cannot_be_scheduled_is_bad_input(schedules: Schedules, person: int, job_pool: ConnectionPool) -> None:
    schedules.add("taken", "0 6 * * *", "Europe/Berlin", ASKED, person)
    for name, cron, asked in (
        ("taken", "0 6 * * *", ASKED),
        ("", "0 6 * * *", ASKED),
        ("x" * 101, "0 6 * * *", ASKED),
        ("new", "0 6 * *", ASKED),
        ("new", "0 6 * * *", Resumption(1)),
        ("new", "0 6 * * *", RunSpecification(model="gguf:/x", task="mmlu")),
    ):
        with pytest.raises(InputError):
            schedules.add(name, cron, "UTC", asked, person)
    nowhere = RunSpecification(endpoint="nowhere", model="sums", task="mmlu")
    with pytest.raises(InputError, match="there is no endpoint 'nowhere' in this platform's list"):
        schedules.add("of no endpoint", "0 6 * * *", "UTC", nowhere, person)
    with pytest.raises(InputError, match="priority"):
        schedules.add("new", "0 6 * * *", "UTC", ASKED, person, priority=1000)
    with pytest.raises(InputError, match="no project"):
        Schedules(job_pool, "nowhere").add("new", "0 6 * * *", "UTC", ASKED, person)


def test_no_look_comes_again(schedules: Schedules, person: int, database: Database) -> None:
    number = added(schedules, person)
    with database.connect() as connection, pytest.raises(psycopg.errors.RestrictViolation):
        connection.execute("UPDATE steelyard.schedule SET next_at = now() - interval '1 day' WHERE id = %s", (number,))
