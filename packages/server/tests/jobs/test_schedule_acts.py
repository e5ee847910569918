from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from packages.server.tests.jobs.from_a_pool import Jobs
from steelyard.errors import InputError
from steelyard_server.access.callers import Caller, Membership, Role
from steelyard_server.database.connection import Database
from steelyard_server.http.facts import RequestFacts
from steelyard_server.jobs import schedule_acts
from steelyard_server.jobs.membership import Missing, Refused
from steelyard_server.jobs.rows import insert_job
from steelyard_server.jobs.specification import BUILT_IN, RunSpecification

FACTS = RequestFacts("request", "10.0.0.1")
ASKED = RunSpecification(model=BUILT_IN, task="mmlu")


def caller(person: int, role: Role, project: str = "default") -> Caller:
    return Caller(person=person, session=1, memberships=(Membership(1, project, role),))


def test_a_runner_schedules_and_a_viewer_reads_and_each_act_is_on_record(
    jobs: Jobs, person: int, database: Database
) -> None:
    viewer, runner = caller(person, Role.VIEWER), caller(person, Role.RUNNER)
    name = f"acts {datetime.now(UTC).timestamp()}"
    when = (name, "0 6 * * MON", "Europe/Berlin")
    with database.connect() as connection:
        with pytest.raises(Refused, match="needs the role runner"):
            schedule_acts.add_schedule(connection, viewer, "default", *when, ASKED, FACTS)
        number = schedule_acts.add_schedule(connection, runner, "default", *when, ASKED, FACTS, priority=-3)
        with pytest.raises(InputError, match="there is a schedule named"):
            schedule_acts.add_schedule(connection, runner, "default", *when, ASKED, FACTS)
        with pytest.raises(Refused):
            schedule_acts.switch(connection, viewer, "default", number, FACTS, on=False)
        assert schedule_acts.switch(connection, runner, "default", number, FACTS, on=False)
        assert not schedule_acts.switch(connection, runner, "default", number, FACTS, on=False)
        assert schedule_acts.switch(connection, runner, "default", number, FACTS, on=True)
        assert schedule_acts.switch(connection, runner, "default", number, FACTS, on=False)
        shown = schedule_acts.schedule_shown(connection, viewer, "default", number)
        assert (shown.row.name, shown.row.priority, shown.row.is_on, shown.looks) == (name, -3, False, ())
        assert number in {each.id for each in schedule_acts.schedules_shown(connection, viewer, "default")}
        lines = connection.execute(
            "SELECT line FROM steelyard.audit WHERE act LIKE 'schedule%%' ORDER BY sequence DESC LIMIT 4"
        ).fetchall()
    written = [json.loads(line) for (line,) in reversed(lines)]
    assert [each["act"] for each in written] == ["schedule", "schedule-off", "schedule-on", "schedule-off"]
    assert {(each["actor"], each["request"], each["subject"]) for each in written} == {
        (f"person:{person}", "request", f"schedule:{number}")
    }


def test_a_schedule_of_another_project_reads_as_none(jobs: Jobs, person: int, database: Database) -> None:
    with database.connect() as connection:
        connection.execute("INSERT INTO steelyard.project (name) VALUES ('elsewhere') ON CONFLICT DO NOTHING")
        runner, stranger = caller(person, Role.RUNNER), caller(person, Role.ADMIN, "elsewhere")
        number = schedule_acts.add_schedule(
            connection, runner, "default", f"hidden {datetime.now(UTC).timestamp()}", "0 6 * * *", "UTC", ASKED, FACTS
        )
        schedule_acts.switch(connection, runner, "default", number, FACTS, on=False)
        said = set()
        for wanted in (number, 0, 10**12):
            with pytest.raises(Missing) as caught:
                schedule_acts.schedule_shown(connection, stranger, "elsewhere", wanted)
            said.add(str(caught.value))
            with pytest.raises(Missing):
                schedule_acts.switch(connection, stranger, "elsewhere", wanted, FACTS, on=True)
        assert said == {"there is no such schedule in this project"}
        assert schedule_acts.schedules_shown(connection, stranger, "elsewhere") == ()
        assert schedule_acts.looks_shown(connection, stranger, "elsewhere") == ((), False)


def test_a_page_says_whether_there_are_older_looks(jobs: Jobs, person: int, database: Database) -> None:
    with database.connect() as connection:
        connection.execute("INSERT INTO steelyard.project (name) VALUES ('looking')")
        runner = caller(person, Role.RUNNER, "looking")
        number = schedule_acts.add_schedule(connection, runner, "looking", "weekly", "0 6 * * *", "UTC", ASKED, FACTS)
        schedule_acts.switch(connection, runner, "looking", number, FACTS, on=False)
        for day in (2, 3):
            look = (number, datetime(2026, 11, day, tzinfo=UTC), "")
            insert_job(connection, "looking", ASKED, person, look=look)
        for size, is_more in ((3, False), (2, False), (1, True)):
            looks, is_there_more = schedule_acts.looks_shown(connection, runner, "looking", size=size)
            assert (len(looks), is_there_more) == (min(size, 2), is_more)
