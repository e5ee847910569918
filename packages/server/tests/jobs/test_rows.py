from __future__ import annotations

import time

import psycopg
import pytest

from packages.server.tests.jobs.from_a_pool import Jobs
from packages.server.tests.jobs.yard import a_person, an_endpoint
from steelyard.errors import InputError
from steelyard_server.access.callers import Caller
from steelyard_server.access.members import Members
from steelyard_server.database.connection import Database
from steelyard_server.http.facts import RequestFacts
from steelyard_server.jobs.leases import Outcome, leave_job, take_job
from steelyard_server.jobs.specification import BUILT_IN, AuditSpecification, Resumption, RunSpecification

URL = "http://127.0.0.1:1/rows/v1"
NAME = "at 127.0.0.1:1/rows/v1"
ASKED = RunSpecification(endpoint=NAME, model="sums", task="mmlu")


@pytest.fixture(autouse=True)
def listed(database: Database) -> None:
    assert an_endpoint(database, URL) == NAME


def states(jobs: Jobs, number: int) -> list[tuple[str, str, str]]:
    return [(each.state, each.wanted, each.actor) for each in jobs.events(number)]


def test_a_job_is_added_listed_and_found(jobs: Jobs, person: int) -> None:
    first = jobs.add(ASKED, person, priority=3)
    second = jobs.add(AuditSpecification(model=BUILT_IN, sheet="model: x\n"), person)
    row = jobs.find(first)
    assert row is not None
    assert (row.kind, row.state, row.priority, row.endpoint) == ("run", "waiting", 3, NAME)
    newest = jobs.list(size=1)
    assert [(each.id, each.kind, each.endpoint) for each in newest] == [(second, "audit", "")]
    assert [each.id for each in jobs.list(before=second, size=1)] == [first]
    assert {each.id for each in jobs.list(state="waiting")} == {first, second}
    assert states(jobs, first) == [("waiting", "", f"person:{person}")]
    assert jobs.find(10**12) is None
    assert jobs.events(10**12) == ()


def test_a_waiting_job_is_paused_resumed_and_cancelled_at_once(jobs: Jobs, person: int) -> None:
    number = jobs.add(ASKED, person)
    assert not jobs.resume(number, person)
    assert jobs.pause(number, person, "the endpoint is needed")
    assert not jobs.pause(number, person)
    assert jobs.resume(number, person)
    assert jobs.cancel(number, person, "no longer wanted")
    assert not jobs.cancel(number, person)
    assert not jobs.pause(number, person)
    assert not jobs.resume(number, person)
    assert [each.state for each in jobs.events(number)] == ["waiting", "paused", "waiting", "cancelled"]
    assert [each.reason for each in jobs.events(number)] == ["", "the endpoint is needed", "", "no longer wanted"]
    row = jobs.find(number)
    assert row is not None
    assert row.ended_at is not None


def test_of_a_running_job_it_is_noted_what_is_wanted(jobs: Jobs, person: int, database: Database) -> None:
    number = jobs.add(ASKED, person)
    with database.connect() as connection:
        assert take_job(connection, "w", 60) is not None
    assert jobs.pause(number, person)
    assert jobs.resume(number, person)
    assert jobs.cancel(number, person)
    assert not jobs.pause(number, person)
    assert states(jobs, number)[1:] == [
        ("running", "", "worker:w"),
        ("running", "pause", f"person:{person}"),
        ("running", "", f"person:{person}"),
        ("running", "cancel", f"person:{person}"),
    ]


def test_jobs_of_another_project_are_not_there(jobs: Jobs, person: int, database: Database) -> None:
    number = jobs.add(ASKED, person)
    with database.connect() as connection:
        connection.execute("INSERT INTO steelyard.project (name) VALUES ('other') ON CONFLICT DO NOTHING")
    with database.pool(1) as pool:
        other = Jobs(pool, "other")
        assert other.find(number) is None
        assert other.events(number) == ()
        assert not other.cancel(number, person)
        with pytest.raises(InputError, match="cannot be resumed"):
            other.add(Resumption(number), person)
        with pytest.raises(InputError, match="no project"):
            Jobs(pool, "nowhere").add(ASKED, person)


def test_a_failed_job_goes_on_by_one_other_job_at_a_time(jobs: Jobs, person: int, database: Database) -> None:
    first = jobs.add(ASKED, person)
    with pytest.raises(InputError, match="cannot be resumed"):
        jobs.add(Resumption(first), person)
    with database.connect() as connection:
        lease = take_job(connection, "w", 60)
        assert lease is not None
        assert leave_job(connection, lease, Outcome("failed", "for a reason"), "w")
    second = jobs.add(Resumption(first), person)
    with pytest.raises(InputError, match="resumed already"):
        jobs.add(Resumption(first), person)
    with database.connect() as connection:
        lease = take_job(connection, "w", 60)
        assert lease is not None
        assert (lease.job, lease.folder, lease.kind) == (second, first, "resume")
        assert '"task":"mmlu"' in lease.specification
        assert leave_job(connection, lease, Outcome("failed", "again"), "w")
    third = jobs.add(Resumption(second), person)  # of a line of jobs, the first one's folder
    row = jobs.find(third)
    assert row is not None
    assert row.resumes == first


def test_what_was_asked_for_and_what_happened_is_never_changed(jobs: Jobs, person: int, database: Database) -> None:
    number = jobs.add(ASKED, person)
    jobs.cancel(number, person)
    with database.connect_as_owner() as connection:
        for statement in (
            "UPDATE steelyard.job SET specification = '{}' WHERE id = %s",
            "UPDATE steelyard.job SET state = 'waiting', ended_at = NULL WHERE id = %s",
            "DELETE FROM steelyard.job WHERE id = %s",
            "DELETE FROM steelyard.job_event WHERE job_id = %s",
            "UPDATE steelyard.job_event SET actor = '' WHERE job_id = %s",
        ):
            with pytest.raises(psycopg.errors.RestrictViolation):
                connection.execute(statement.encode(), (number,))
    with database.connect() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(
            "INSERT INTO steelyard.job_event (job_id, attempt, state, wanted, actor, reason) "
            "VALUES (%s, 1, 'finished', '', '', '')",
            (number,),
        )


def test_an_attempt_only_grows(jobs: Jobs, person: int, database: Database) -> None:
    number = jobs.add(ASKED, person)
    with database.connect() as connection:
        assert take_job(connection, "w", 60) is not None
    with database.connect_as_owner() as connection:
        for attempt in (0, 2):
            with pytest.raises(psycopg.errors.RestrictViolation):
                connection.execute("UPDATE steelyard.job SET attempt = %s WHERE id = %s", (attempt, number))


@pytest.mark.parametrize("more", [{"priority": 101}, {"max_failures": 0}])
def test_numbers_out_of_range_are_refused(jobs: Jobs, person: int, more: dict[str, int]) -> None:
    with pytest.raises(InputError, match="priority"):
        jobs.add(ASKED, person, priority=more.get("priority", 0), max_failures=more.get("max_failures", 5))


def test_who_is_disabled_asks_nothing_more(jobs: Jobs, database: Database) -> None:
    """Their jobs end with their sessions and tokens; those of others go on."""
    person, other = (a_person(database, f"{name} {time.monotonic_ns()}") for name in ("disabled", "still here"))
    admin = Caller(person=other, session=1, is_admin=True)
    with database.connect() as connection:
        connection.execute(
            "INSERT INTO steelyard.person (name, password_hash, is_admin) VALUES (%s, 'x', true)",
            (f"boss {time.monotonic_ns()}",),
        )
    running = jobs.add(ASKED, person, priority=9)
    with database.connect() as connection:
        lease = take_job(connection, "w", 60)
    waiting, paused, others = jobs.add(ASKED, person), jobs.add(ASKED, person), jobs.add(ASKED, other)
    assert jobs.pause(paused, person)
    with database.pool(1) as pool:
        Members(pool).disable(admin, person, RequestFacts("tests"))
    rows = [jobs.find(each) for each in (running, waiting, paused, others)]
    assert [(row.state, row.wanted) for row in rows if row] == [
        ("running", "cancel"), ("cancelled", ""), ("cancelled", ""), ("waiting", ""),
    ]  # fmt: skip
    assert lease is not None
    with database.connect() as connection:
        assert leave_job(connection, lease, Outcome("waiting", "stopped as it was wanted"), "w")
    row = jobs.find(running)
    assert row is not None
    assert row.state == "cancelled"
