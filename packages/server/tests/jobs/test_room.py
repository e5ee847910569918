from __future__ import annotations

import time
from datetime import UTC, datetime

import psycopg
import pytest

from packages.server.tests.jobs.from_a_pool import Jobs
from packages.server.tests.jobs.yard import a_person
from steelyard.errors import InputError
from steelyard_server.access.callers import Caller, Membership, Role
from steelyard_server.database.connection import Database
from steelyard_server.http.facts import RequestFacts
from steelyard_server.jobs import acts, room, schedule_acts
from steelyard_server.jobs.room import (
    OPEN_OF_PROJECT,
    SCHEDULES_OF_PERSON,
    SCHEDULES_OF_PROJECT,
    check_room,
    room_for_looks,
)
from steelyard_server.jobs.rows import insert_job
from steelyard_server.jobs.specification import BUILT_IN, RunSpecification

FACTS = RequestFacts("request", "10.0.0.1")
ASKED = RunSpecification(model=BUILT_IN, task="mmlu")


def test_there_is_room_until_a_day_holds_too_much(jobs: Jobs, person: int, database: Database) -> None:
    """What people's acts make of it: packages/server/tests/jobs/test_acts.py."""
    with database.connect() as connection:
        check_room(connection, 10**9, person)
        check_room(connection, 10**9, person, 64 << 20)
        with pytest.raises(InputError, match="hold 64 MB of sheets and questions"):
            check_room(connection, 10**9, person, (64 << 20) + 1)


def new_project(connection: psycopg.Connection[object]) -> Membership:
    name = f"room-{time.monotonic_ns()}"
    row = connection.execute("INSERT INTO steelyard.project (name) VALUES (%s) RETURNING id", (name,)).fetchone()
    assert isinstance(row, tuple)
    return Membership(row[0], name, Role.RUNNER)


def new_caller(database: Database, member: Membership) -> Caller:
    person = a_person(database, f"schedules much {time.monotonic_ns()}")
    return Caller(person=person, session=1, memberships=(member,))


def add(connection: psycopg.Connection[object], caller: Caller, asked: RunSpecification = ASKED) -> int:
    (member,) = caller.memberships
    when = (f"each day {time.monotonic_ns()}", "0 6 * * *", "UTC")
    return schedule_acts.add_schedule(connection, caller, member.project, *when, asked, FACTS)


def test_schedules_that_are_on_are_bounded_by_person_and_project(jobs: Jobs, database: Database) -> None:
    with database.connect() as connection:
        member = new_project(connection)
        connection.commit()
        first = new_caller(database, member)
        numbers = [add(connection, first) for _ in range(SCHEDULES_OF_PERSON)]
        with pytest.raises(InputError, match="20 schedules of one person are on"):
            add(connection, first)
        assert schedule_acts.switch(connection, first, member.project, numbers[0], FACTS, on=False)
        last = add(connection, first)
        with pytest.raises(InputError, match="20 schedules of one person are on"):
            schedule_acts.switch(connection, first, member.project, numbers[0], FACTS, on=True)
        assert not schedule_acts.switch(connection, first, member.project, last, FACTS, on=True), "it is on"
        others = [new_caller(database, member) for _ in "12"]
        for number in range(SCHEDULES_OF_PROJECT - SCHEDULES_OF_PERSON):
            add(connection, others[number % 2])
        with pytest.raises(InputError, match="50 schedules of the project are on"):
            add(connection, new_caller(database, member))


def test_schedules_of_a_day_are_bounded_in_number_and_in_bytes(
    jobs: Jobs, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "SCHEDULES_A_DAY", 3)
    with database.connect() as connection:
        member = new_project(connection)
        connection.commit()
        caller = new_caller(database, member)
        for _ in range(3):
            schedule_acts.switch(connection, caller, member.project, add(connection, caller), FACTS, on=False)
        with pytest.raises(InputError, match="3 schedules were added to the project in the last 24 hours"):
            add(connection, caller)
        monkeypatch.setattr(room, "SCHEDULES_A_DAY", 100)
        monkeypatch.setattr(room, "BYTES_A_DAY", 3 * 1000)
        long = RunSpecification(model=BUILT_IN, questions={"own": '{"question": "1+1?", "answer": "2"}\n' * 30})
        add(connection, caller, long)
        monkeypatch.setattr(room, "BYTES_A_DAY", 2 * 1000)
        with pytest.raises(InputError, match="jobs and new schedules of the last 24 hours hold"):
            add(connection, caller, long)
        with pytest.raises(InputError, match="jobs and new schedules of the last 24 hours hold"):
            acts.add_job(connection, caller, member.project, long, FACTS)
        assert room_for_looks(connection, member.project_id) == (OPEN_OF_PROJECT, 2 * 1000)


def test_looks_have_room_of_their_own_and_leave_people_theirs(
    jobs: Jobs, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.connect() as connection:
        member = new_project(connection)
        connection.commit()
        caller = new_caller(database, member)
        schedule = add(connection, caller)
        before = room_for_looks(connection, member.project_id)
        look = (schedule, datetime(2026, 11, 2, tzinfo=UTC), "")
        assert caller.person is not None
        number = insert_job(connection, member.project, ASKED, caller.person, look=look)
        connection.commit()
        jobs_left, bytes_left = room_for_looks(connection, member.project_id)
        assert jobs_left == before[0] - 1
        assert bytes_left < before[1]
        acts.cancel(connection, caller, member.project, number, FACTS)
        assert room_for_looks(connection, member.project_id) == (before[0], bytes_left)
        monkeypatch.setattr(room, "BYTES_A_DAY", 2 * (before[1] - bytes_left))
        acts.add_job(connection, caller, member.project, ASKED, FACTS)
        with pytest.raises(InputError, match="of the last 24 hours"):
            acts.add_job(connection, caller, member.project, ASKED, FACTS)
