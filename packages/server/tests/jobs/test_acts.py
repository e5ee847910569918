"""Who may do what with jobs: by the role in the project, each act on record; another project's are not there."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from packages.server.tests.jobs.from_a_pool import Jobs
from packages.server.tests.jobs.yard import NOWHERE, Yard, a_person, a_run, an_endpoint, note_places
from steelyard.errors import InputError
from steelyard_server.access.callers import Caller, Membership, Role
from steelyard_server.database.connection import Database
from steelyard_server.http.facts import RequestFacts
from steelyard_server.jobs import acts, rows
from steelyard_server.jobs.leases import Outcome, leave_job, take_job
from steelyard_server.jobs.membership import Missing, Refused
from steelyard_server.jobs.room import OPEN_OF_PERSON, OPEN_OF_PROJECT
from steelyard_server.jobs.specification import BUILT_IN, AuditSpecification
from testkit.fixtures import SumsServer

FACTS = RequestFacts("request", "10.0.0.1")
SHEET = "model: a\nclaims:\n- task: sums\n  value: 50\n"


def caller(person: int, role: Role, project: str = "default") -> Caller:
    return Caller(person=person, session=1, memberships=(Membership(1, project, role),))


@pytest.fixture
def name(database: Database) -> str:
    return an_endpoint(database, "http://127.0.0.1:1/acts/v1")


def test_a_viewer_reads_and_a_runner_starts_and_each_act_is_on_record(
    jobs: Jobs, person: int, database: Database, name: str
) -> None:
    viewer, runner = caller(person, Role.VIEWER), caller(person, Role.RUNNER)
    asked = acts.audit_asked(SHEET, name, "sums", {"limit": 20, "questions": {"sums": "{}"}})
    assert isinstance(asked, AuditSpecification)
    with database.connect() as connection:
        number = acts.add_job(connection, runner, "default", asked, FACTS)
        changes: list[Callable[..., Any]] = [acts.pause, acts.resume, acts.cancel, acts.retry]
        for change in changes:
            with pytest.raises(Refused, match="needs the role runner in the project default; yours is viewer"):
                change(connection, viewer, "default", number, FACTS)
        with pytest.raises(Refused):
            acts.add_job(connection, viewer, "default", asked, FACTS)
        assert acts.jobs_shown(connection, viewer, "default")[0][0].id == number
        assert acts.pause(connection, runner, "default", number, FACTS, "wait")
        assert not acts.pause(connection, runner, "default", number, FACTS)
        assert acts.resume(connection, runner, "default", number, FACTS)
        lease = take_job(connection, "w", 60)
        assert lease is not None
        assert leave_job(connection, lease, Outcome("failed", "for a reason"), "w")
        again = acts.retry(connection, runner, "default", number, FACTS)
        assert acts.cancel(connection, runner, "default", again, FACTS)
        shown = acts.job_shown(connection, viewer, "default", number)
        assert [each.state for each in shown.events] == ["waiting", "paused", "waiting", "running", "failed"]
        lines = connection.execute(
            "SELECT line FROM steelyard.audit WHERE act LIKE '%%-job' ORDER BY sequence DESC LIMIT 5"
        ).fetchall()
    found = [json.loads(line) for (line,) in reversed(lines)]
    assert [(each["act"], each["subject"]) for each in found] == [
        ("add-job", f"job:{number}"), ("pause-job", f"job:{number}"), ("resume-job", f"job:{number}"),
        ("retry-job", f"job:{again}"), ("cancel-job", f"job:{again}"),
    ]  # fmt: skip
    assert {(each["actor"], each["request"]) for each in found} == {(f"person:{person}", "request")}


def test_another_project_and_one_that_is_not_there_read_the_same(
    jobs: Jobs, person: int, database: Database, name: str
) -> None:
    number = jobs.add(a_run(name), person)
    with database.connect() as connection:
        connection.execute("INSERT INTO steelyard.project (name) VALUES ('elsewhere') ON CONFLICT DO NOTHING")
        said = set()
        for project in ("default", "no-such-project"):
            with pytest.raises(Missing) as caught:
                acts.job_shown(connection, caller(person, Role.ADMIN, "elsewhere"), project, number)
            said.add(str(caught.value))
        assert len(said) == 1
        with pytest.raises(Missing, match="no such job"):
            acts.cancel(connection, caller(person, Role.RUNNER, "elsewhere"), "elsewhere", number, FACTS)
        assert acts.jobs_shown(connection, caller(person, Role.VIEWER, "elsewhere"), "elsewhere") == ((), False)
        with pytest.raises(Missing):
            acts.jobs_shown(connection, Caller(), "default")


@pytest.mark.parametrize(
    "options", [{"out": "/tmp/x"}, {"sheet": "x"}, {"limit": "many"}, {"limit": {1, 2}}, {"api_key_env": "HOME"}]
)
def test_what_is_no_option_is_refused_in_one_line(name: str, options: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        acts.audit_asked(SHEET, name, "sums", options)
    assert "\n" not in str(caught.value)


def test_an_admin_of_the_project_sets_its_budgets(jobs: Jobs, person: int, database: Database, name: str) -> None:
    with database.connect() as connection:
        with pytest.raises(Refused, match="role admin"):
            acts.change_budget(connection, caller(person, Role.EDITOR), "default", name, FACTS, tokens=5)
        acts.change_budget(connection, caller(person, Role.ADMIN), "default", name, FACTS, cost=Decimal("2.50"))
        shown = acts.budgets_shown(connection, caller(person, Role.VIEWER), "default")
        assert [each.cost for each in shown if each.endpoint == name] == [Decimal("2.50")]
        row = connection.execute("SELECT line FROM steelyard.audit WHERE act = 'set-budget'").fetchone()
    assert row is not None
    assert json.loads(row[0])["details"]["cost"] == "2.50"


def test_the_dry_run_says_calls_time_and_money_and_sends_no_sample(yard: Yard, sums_server: SumsServer) -> None:
    person = a_person(yard.database, "foresees")
    name = yard.endpoint(sums_server.url, prices=(1.0, 2.0))
    questions = a_run(name, 40).questions
    with yard.database.connect() as connection:
        connection.autocommit = True
        found = acts.foresee(
            connection, caller(person, Role.RUNNER), "default",
            acts.audit_asked(SHEET, name, "sums", {"questions": questions}), FACTS,
            database=yard.database, data=yard.data,
        )  # fmt: skip
        with pytest.raises(InputError, match="no-such-task"):
            acts.foresee(
                connection, caller(person, Role.RUNNER), "default", acts.run_asked("no-such-task", name, "sums"),
                FACTS, database=yard.database, data=yard.data,
            )  # fmt: skip
        with pytest.raises(Refused):
            acts.foresee(
                connection, caller(person, Role.VIEWER), "default", acts.run_asked("gsm8k", "", BUILT_IN), FACTS,
                database=yard.database, data=yard.data,
            )  # fmt: skip
    assert [row.task for row in found.rows] == ["sums"]
    assert found.calls >= 40
    assert found.seconds > 0
    assert found.cost is not None
    assert found.cost > 0
    assert not [prompt for prompt in sums_server.asked if prompt.startswith("What is")]
    note_places(yard.database, NOWHERE)


def test_a_priority_above_others_is_for_admins(jobs: Jobs, person: int, database: Database, name: str) -> None:
    asked = acts.audit_asked(SHEET, name, "sums")
    with database.connect() as connection:
        for role in (Role.RUNNER, Role.EDITOR):
            with pytest.raises(Refused, match="needs the role admin"):
                acts.add_job(connection, caller(person, role), "default", asked, FACTS, priority=1)
        acts.add_job(connection, caller(person, Role.RUNNER), "default", asked, FACTS, priority=-1)
        acts.add_job(connection, caller(person, Role.ADMIN), "default", asked, FACTS, priority=100)


def test_nobody_fills_the_queue(jobs: Jobs, person: int, database: Database, name: str) -> None:
    asked = acts.audit_asked(SHEET, name, "sums")
    runner = caller(person, Role.RUNNER)
    with database.connect() as connection:
        first, *_ = [acts.add_job(connection, runner, "default", asked, FACTS) for _ in range(OPEN_OF_PERSON)]
        with pytest.raises(InputError, match="you have 20 jobs that have not ended"):
            acts.add_job(connection, runner, "default", asked, FACTS)
        acts.cancel(connection, runner, "default", first, FACTS)
        acts.retry(connection, runner, "default", first, FACTS)
        with pytest.raises(InputError, match="you have 20 jobs"):
            acts.retry(connection, runner, "default", first, FACTS)
        for _ in range(2):
            other = caller(a_person(database, f"who asks, too {time.monotonic_ns()}"), Role.RUNNER)
            for _ in range((OPEN_OF_PROJECT - OPEN_OF_PERSON) // 2):
                acts.add_job(connection, other, "default", asked, FACTS)
        another = caller(a_person(database, f"who comes last {time.monotonic_ns()}"), Role.RUNNER)
        with pytest.raises(InputError, match="the project has 50 jobs that have not ended"):
            acts.add_job(connection, another, "default", asked, FACTS)


def test_what_a_day_of_jobs_asks_is_bounded(
    jobs: Jobs, person: int, database: Database, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("steelyard_server.jobs.room.BYTES_A_DAY", 1000)
    asked = acts.audit_asked(SHEET + "#" * 1000, name, "sums")
    with database.connect() as connection, pytest.raises(InputError, match="of the last 24 hours"):
        acts.add_job(connection, caller(person, Role.RUNNER), "default", asked, FACTS)


def test_a_page_says_whether_there_are_older_jobs(
    jobs: Jobs, person: int, database: Database, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "PAGE_SIZE", 2)
    with database.connect() as connection:
        row = connection.execute("INSERT INTO steelyard.project (name) VALUES ('pages') RETURNING name").fetchone()
        assert row is not None
        runner = caller(person, Role.RUNNER, "pages")
        numbers = [
            acts.add_job(connection, runner, "pages", acts.run_asked("gsm8k", name, "sums"), FACTS) for _ in "12"
        ]
        found, is_more = acts.jobs_shown(connection, runner, "pages")
        assert ([each.id for each in found], is_more) == (numbers[::-1], False)
        numbers.append(acts.add_job(connection, runner, "pages", acts.run_asked("gsm8k", name, "sums"), FACTS))
        found, is_more = acts.jobs_shown(connection, runner, "pages")
        assert ([each.id for each in found], is_more) == (numbers[:0:-1], True)
