"""Where events come from: each is there with what it tells, and not without it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import msgspec
import psycopg
import pytest
from psycopg_pool import ConnectionPool

from packages.server.tests.jobs.from_a_pool import Jobs, Schedules
from packages.server.tests.jobs.yard import a_person, a_run, an_endpoint
from packages.server.tests.notify.receiver import rows
from steelyard_server.database.connection import Database
from steelyard_server.events import KINDS, note_event, note_looked_for, note_run
from steelyard_server.jobs.leases import Outcome, leave_job, take_job
from steelyard_server.jobs.schedules import make_due_jobs
from steelyard_server.runs.rows import insert_run
from steelyard_server.runs.summary import RunSummary

SUMMARY = {
    "seal": "", "root": "r", "plan": "p", "kind": "audit", "subject": "a model\n<b>", "served": "s", "planned_at": "",
    "made_with": "", "verdict": "inconsistent", "headline": "", "exit": 1, "records": 1, "answers": 1,
    "verified_exit": 3, "verified_with": "x", "pages_compared": True, "said": [], "size": 1,
    "rows": [{"task": "t", "measured": "", "interval": "", "asked": "", "word": word, "words": ""}
             for word in ("inconsistent", "consistent", "consistent", "")],
}  # fmt: skip


@pytest.fixture
def pool(database: Database) -> Iterator[ConnectionPool]:
    """A database in which no webhook is on."""
    with database.pool(6) as pool:
        with pool.connection() as connection:
            connection.execute("UPDATE steelyard.webhook SET retired_at = now() WHERE retired_at IS NULL")
        yield pool


@pytest.fixture
def person(database: Database) -> int:
    return a_person(database, f"told {time.monotonic_ns()}")


def events(pool: ConnectionPool, kind: str) -> list[dict[str, object]]:
    found = rows(pool, "SELECT data FROM steelyard.event WHERE kind = %s ORDER BY id", kind)
    return [json.loads(data) for (data,) in found]


def test_a_run_that_is_accepted_is_told_with_it_and_taken_back_with_it(pool: ConnectionPool, person: int) -> None:
    summary = msgspec.convert(SUMMARY | {"seal": f"{person:064x}"}, RunSummary)
    before = len(events(pool, "run.inconsistent"))
    with pool.connection() as connection:
        with connection.transaction(force_rollback=True):
            assert insert_run(connection, summary, person, None, 1, "default") is not None
        assert insert_run(connection, summary, person, None, 1, "default") is not None
        assert insert_run(connection, summary, person, None, 1, "default") is None
    found = events(pool, "run.inconsistent")[before:]
    assert found == [
        {
            "kind": "audit", "model": "a model <b>", "path": f"/p/default/runs/{person:064x}", "project": "default",
            "seal": f"{person:064x}", "verdict": "inconsistent", "verified": "in part",
            "verdicts": {"inconsistent": 1, "consistent": 2, "measured": 1},
        }
    ]  # fmt: skip


def test_a_run_without_a_contradiction_is_verified(pool: ConnectionPool) -> None:
    with pool.connection() as connection:
        note_run(
            connection, 1, "default", "0" * 64, kind="run", subject="m", verdict="", words=[""], is_whole=True
        )  # fmt: skip
    assert events(pool, "run.verified")[-1] | {"seal": ""} == {
        "kind": "run", "model": "m", "path": "/p/default/runs/" + "0" * 64, "project": "default", "seal": "",
        "verdict": "measured", "verdicts": {"measured": 1}, "verified": "whole",
    }  # fmt: skip


def test_a_job_that_fails_for_good_is_told_once_and_not_one_that_is_tried_again(
    database: Database, pool: ConnectionPool, person: int
) -> None:
    jobs = Jobs(pool)
    number = jobs.add(
        a_run(an_endpoint(database, "http://127.0.0.1:1/events/v1")), person, priority=100, max_failures=2
    )
    for attempt in range(2):
        with database.new_connection() as connection:
            connection.execute("UPDATE steelyard.job SET not_before = now() WHERE id = %s", (number,))
            connection.execute("UPDATE steelyard.endpoint SET rest_until = 'epoch' WHERE retired_at IS NULL")
            lease = take_job(connection, "tests", 60)
            assert lease is not None
            assert lease.job == number
            assert leave_job(connection, lease, Outcome("again", "What is 3 + 4?"), "tests", 0)
        told = [each for each in events(pool, "job.failed") if each.get("job") == number]
        assert len(told) == attempt
    assert told[0]["path"] == f"/p/default/jobs/{number}"
    assert "What is" not in json.dumps(told)


def test_looks_that_were_missed_are_told_and_one_in_its_time_is_not(
    database: Database, pool: ConnectionPool, person: int
) -> None:
    schedules = Schedules(pool)
    with database.connect_as_owner() as connection:
        for name, since in ((f"late {person}", "3 days"), (f"in time {person}", "0 days")):
            number = schedules.add(
                name,
                "0 0 1 1 *" if since == "0 days" else "0 6 * * *",
                "UTC",
                a_run(an_endpoint(database, "http://127.0.0.1:1/events/v1")),
                person,
            )
            connection.execute("ALTER TABLE steelyard.schedule DISABLE TRIGGER keep")
            connection.execute(
                "UPDATE steelyard.schedule SET next_at = date_trunc('minute', now()) - %s::interval WHERE id = %s",
                (since, number),
            )
            connection.execute("ALTER TABLE steelyard.schedule ENABLE TRIGGER keep")
    with database.new_connection() as connection:
        assert make_due_jobs(connection) >= 2
    told = [each["schedule"] for each in events(pool, "schedule.missed")]
    assert told.count(f"late {person}") == 1
    assert f"in time {person}" not in told
    with pool.connection() as connection:
        connection.execute("UPDATE steelyard.schedule SET is_on = false")
        connection.execute("UPDATE steelyard.job SET state = 'cancelled', ended_at = now() WHERE state = 'waiting'")


def test_tokens_that_end_soon_and_an_old_backup_are_told_once(
    database: Database, pool: ConnectionPool, person: int
) -> None:
    made = (
        "INSERT INTO steelyard.token (person_id, project_id, name, scopes, sha256, created_at, expires_at, revoked_at) "
        "VALUES (%s, %s, %s, '{push}', %s, now() - %s::interval, now() + %s::interval, CASE WHEN %s THEN now() END)"
    )
    with database.connect_as_owner() as connection:
        for number, (name, since, until, is_revoked) in enumerate(
            [("soon", "83 days", "6 days", False), ("later", "1 day", "8 days", False),
             ("short", "1 hour", "6 days", False), ("revoked", "83 days", "1 day", True),
             ("over", "90 days", "-1 day", False)]
        ):  # fmt: skip
            digest = f"{person * 10 + number:064x}"
            connection.execute(made, (person, 1, f"{name} {person}", digest, since, until, is_revoked))
    overdue = events(pool, "backup.overdue")  # of other tests
    with pool.connection() as connection:
        for _ in range(3):
            note_looked_for(connection)
    told = [each for each in events(pool, "key.expiring") if str(each.get("name")).endswith(f" {person}")]
    assert [each["name"] for each in told] == [f"soon {person}"]
    assert events(pool, "backup.overdue") == overdue
    with database.connect_as_owner() as connection, connection.transaction(force_rollback=True):
        connection.execute("UPDATE steelyard.project SET created_at = now() - interval '8 days'")
        connection.execute("ALTER TABLE steelyard.audit DISABLE TRIGGER USER")
        connection.execute("DELETE FROM steelyard.audit WHERE act = 'backup'")
        for _ in range(3):
            note_looked_for(connection)
        told_of = connection.execute(
            "SELECT data FROM steelyard.event WHERE kind = 'backup.overdue' ORDER BY id OFFSET %s", (len(overdue),)
        ).fetchall()
        assert [json.loads(data) for (data,) in told_of] == [{"days": 8, "path": "/admin"}]


def test_what_was_told_is_never_changed_and_each_kind_has_words(pool: ConnectionPool) -> None:
    with pool.connection() as connection:
        number = note_event(connection, "webhook.test", {"project": "x\n\u202ey", "path": "/"}, once="one")
        assert number is not None
        assert note_event(connection, "webhook.test", {}, once="one") is None
    ((data, message),) = rows(pool, "SELECT data, message FROM steelyard.event WHERE id = %s", number)
    assert json.loads(data) == {"path": "/", "project": "x \ufffdy"}
    assert message.startswith("msg_")
    with pytest.raises(psycopg.Error), pool.connection() as connection:
        connection.execute("UPDATE steelyard.event SET data = '{}' WHERE id = %s", (number,))
    assert all(kind.words and (kind.of_project or kind.of_server) for kind in KINDS.values())


def test_a_look_for_which_no_job_is_made_is_told_once(database: Database, pool: ConnectionPool, person: int) -> None:
    name = f"stuck {person}"
    number = Schedules(pool).add(
        name, "0 6 * * *", "UTC", a_run(an_endpoint(database, "http://127.0.0.1:1/events/v1")), person
    )
    for ago, told in (("59 minutes", 0), ("3 hours", 1)):
        with database.connect_as_owner() as connection:
            connection.execute("ALTER TABLE steelyard.schedule DISABLE TRIGGER keep")
            connection.execute(
                "UPDATE steelyard.schedule SET next_at = now() - %s::interval WHERE id = %s", (ago, number)
            )
            connection.execute("ALTER TABLE steelyard.schedule ENABLE TRIGGER keep")
        for _ in range(2):
            with pool.connection() as connection:
                note_looked_for(connection)
        found = [each for each in events(pool, "schedule.missed") if each["schedule"] == name]
        assert len(found) == told
    assert found == [{"path": "/p/default/watch", "project": "default", "schedule": name}]
    Schedules(pool).switch(number, person, on=False)
