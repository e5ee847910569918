from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from psycopg_pool import ConnectionPool

from packages.server.tests.jobs.from_a_pool import Jobs, Schedules
from steelyard_server.database.connection import Database
from steelyard_server.jobs.leases import Outcome, leave_job, take_job
from steelyard_server.jobs.past_looks import LookRow, last_looks, list_looks
from steelyard_server.jobs.rows import insert_job
from steelyard_server.jobs.specification import BUILT_IN, Resumption, RunSpecification

ASKED = RunSpecification(model=BUILT_IN, task="mmlu")
FIRST = datetime(2026, 11, 2, 5, tzinfo=UTC)


@pytest.fixture
def schedule(jobs: Jobs, job_pool: ConnectionPool, person: int) -> int:
    number = Schedules(job_pool).add(
        f"past {datetime.now(UTC).timestamp()}", "0 6 * * MON", "Europe/Berlin", ASKED, person
    )
    Schedules(job_pool).switch(number, person, on=False)
    return number


def looked(database: Database, schedule: int, person: int, week: int, note: str = "") -> int:
    with database.connect() as connection:
        look = (schedule, FIRST + timedelta(weeks=week), note)
        return insert_job(connection, "default", ASKED, person, priority=100, look=look)


def failed(database: Database, job: int, reason: str) -> None:
    with database.connect() as connection:
        lease = take_job(connection, "w", 60)
        assert lease is not None
        assert lease.job == job
        assert leave_job(connection, lease, Outcome("failed", reason), "w")


def found(database: Database, schedule: int, *, alerts: bool = False, before: int = 0) -> tuple[LookRow, ...]:
    with database.connect() as connection:
        return list_looks(connection, "default", schedule=schedule, alerts=alerts, before=before)


def test_a_look_is_what_went_on_with_its_job(schedule: int, person: int, database: Database, jobs: Jobs) -> None:
    number = looked(database, schedule, person, 0)
    failed(database, number, "the endpoint is gone")
    (look,) = found(database, schedule)
    assert (look.job, look.last, look.state, look.due_at) == (number, number, "failed", FIRST)
    assert [*look.alerts()] == ["it failed: the endpoint is gone"]
    again = jobs.add(Resumption(number), person)
    (look,) = found(database, schedule)
    assert (look.job, look.last, look.state) == (number, again, "waiting")
    assert [*look.alerts()] == []
    jobs.cancel(again, person)
    assert found(database, schedule)[0].state == "cancelled"


def test_the_newest_are_first_and_those_with_an_alert_can_be_had_alone(
    schedule: int, person: int, database: Database, jobs: Jobs
) -> None:
    numbers = [looked(database, schedule, person, week, "late" if week == 1 else "") for week in range(3)]
    assert [each.job for each in found(database, schedule)] == numbers[::-1]
    assert [each.job for each in found(database, schedule, alerts=True)] == numbers[1:2]
    assert [each.job for each in found(database, schedule, before=numbers[1])] == numbers[:1]
    with database.connect() as connection:
        assert last_looks(connection, "default")[schedule].job == numbers[2]
        assert last_looks(connection, "nowhere") == {}
        assert list_looks(connection, "nowhere", schedule=schedule) == ()
        assert {each.schedule for each in list_looks(connection, "default", size=1)} == {schedule}
