from __future__ import annotations

import json

import pytest

from packages.server.tests.jobs.from_a_pool import Jobs
from packages.server.tests.jobs.yard import Yard, a_person, an_endpoint, questions, when_ended
from steelyard_server.database.connection import Database
from steelyard_server.jobs.leases import Outcome, leave_job, take_job
from steelyard_server.jobs.specification import AuditSpecification, Resumption, RunSpecification, encode
from steelyard_server.jobs.tries import Try, asked_tasks, named_tasks, other_tries
from testkit.fixtures import SumsServer

NAME = "at 127.0.0.1:1/tries/v1"


def sheet(*tasks: str) -> AuditSpecification:
    text = "model: x\nclaims:\n" + "".join(f"  - {{task: {each}, value: 50}}\n" for each in tasks)
    return AuditSpecification(endpoint=NAME, model="sums", sheet=text)


@pytest.fixture(autouse=True)
def listed(database: Database) -> None:
    assert an_endpoint(database, "http://127.0.0.1:1/tries/v1", 8) == NAME


def begun(database: Database, job: int, state: str = "failed") -> None:
    """Let a worker take the job, seal its plan, and end it."""
    with database.connect() as connection:
        lease = take_job(connection, "w", 60.0)
        assert lease is not None
        assert lease.job == job
        (project,) = connection.execute("SELECT id FROM steelyard.project WHERE name = 'default'").fetchone() or (0,)
        (stored,) = connection.execute(
            "INSERT INTO steelyard.stored_run (plan_sha256, project_id) VALUES (%s, %s) RETURNING id",
            (f"{job:064x}", project),
        ).fetchone() or (0,)
        connection.execute("UPDATE steelyard.job SET stored_run_id = %s WHERE id = %s", (stored, job))
        if state:
            leave_job(connection, lease, Outcome(state), "w")


def tries(database: Database, job: int) -> tuple[Try, ...]:
    with database.connect() as connection:
        (project,) = connection.execute("SELECT id FROM steelyard.project WHERE name = 'default'").fetchone() or (0,)
        return other_tries(connection, project, job)


def test_jobs_that_asked_the_same_are_counted_whatever_became_of_them(
    jobs: Jobs, person: int, database: Database
) -> None:
    before = {each.job for each in tries(database, _added(jobs, person, database, sheet("gsm8k"), "failed"))}
    assert before == set()
    stopped = _added(jobs, person, database, sheet("mmlu", "GSM-8K"), "failed")
    never_begun = jobs.add(sheet("gsm8k"), person)
    jobs.cancel(never_begun, person)
    measured = _added(jobs, person, database, RunSpecification(endpoint=NAME, model="sums", task="gsm8k"), "failed")
    other = _added(jobs, person, database, sheet("humaneval"), "failed")
    running = _added(jobs, person, database, sheet("gsm8k"), "")
    found = {each.job: each.state for each in tries(database, running)}
    assert found.keys() >= {stopped, measured}
    assert not found.keys() & {never_begun, other, running}
    assert found[stopped] == "failed"
    assert {each.job: each.state for each in tries(database, measured)}[running] == "running"
    assert tries(database, other) == ()
    going_on = jobs.add(Resumption(stopped), person)
    again = {each.job: each.state for each in tries(database, running)}
    assert (again.get(going_on), stopped in again) == ("waiting", False)


def _added(
    jobs: Jobs, person: int, database: Database, asked: AuditSpecification | RunSpecification, state: str
) -> int:
    number = jobs.add(asked, person)
    begun(database, number, state)
    return number


def test_what_a_job_asks_about() -> None:
    assert named_tasks(encode(sheet("gsm8k", "MMLU (5-shot)"))) == ["gsm8k", "MMLU (5-shot)"]
    own = RunSpecification(endpoint=NAME, model="sums", questions={"mine": "{}"})
    assert named_tasks(encode(own)) == ["mine"]
    assert named_tasks(json.dumps({"kind": "resume", "job": 3})) == []
    assert asked_tasks(["a\nb", "a b", *map(str, range(30))]) == ("a b", *map(str, range(19)))


@pytest.mark.parametrize(
    "text",
    [
        "# task: decoy\n#" + "x" * 60_000 + "\nmodel: x\nclaims:\n- {task: gsm8k, value: 50}\n",
        'model: x\nclaims:\n- {"ta\\u0073k": gsm8k, value: 50}\n',
        "model: x\nvendor: 'task: decoy'\nclaims:\n- task: >-\n    gsm8k\n  value: 50\n",
    ],
    ids=["comment", "escape", "block"],
)
def test_a_sheets_tasks_are_those_that_the_job_reads(text: str) -> None:
    assert named_tasks(encode(AuditSpecification(endpoint=NAME, model="sums", sheet=text))) == ["gsm8k"]


@pytest.mark.parametrize("text", ["claims: [", "model: x\nclaims:\n- {task: gsm8k, value: 50}\n#" + "x" * 200_000])
def test_a_sheet_that_nobody_reads_counts_as_one_of_the_same(
    jobs: Jobs, person: int, database: Database, text: str
) -> None:
    hidden = _added(jobs, person, database, AuditSpecification(endpoint=NAME, model="sums", sheet=text), "failed")
    other = _added(jobs, person, database, sheet("humaneval"), "failed")
    assert hidden in {each.job for each in tries(database, other)}
    assert other in {each.job for each in tries(database, hidden)}


def test_questions_of_ones_own_are_the_same_under_another_name(yard: Yard, sums_server: SumsServer) -> None:
    """In another order, too; one question less is another benchmark, as the ledger has it."""
    lines = questions(12).splitlines(keepends=True)
    with yard.database.pool(2) as pool:
        jobs, person = Jobs(pool), a_person(yard.database, "asks in other words")
        endpoint = yard.endpoint(sums_server.url)
        yard.start("tries", 5.0)
        numbers = [
            jobs.add(RunSpecification(endpoint=endpoint, model="sums", questions={name: "".join(rows)}), person)
            for name, rows in (("alpha", lines), ("beta", lines[::-1]), ("gamma", lines[1:]))
        ]
        assert [when_ended(jobs, each).state for each in numbers] == ["finished"] * 3
    first, second, third = numbers
    assert [each.job for each in tries(yard.database, first)] == [second]
    assert [each.job for each in tries(yard.database, second)] == [first]
    assert tries(yard.database, third) == ()
