"""What the verdicts of a job took: of every job that worked on its run, at prices or not at all."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from packages.server.tests.jobs.from_a_pool import Jobs
from packages.server.tests.jobs.yard import a_run, an_endpoint
from packages.server.tests.site import GOLDEN
from steelyard.api.results import verified
from steelyard_server.database.connection import Database
from steelyard_server.jobs.costs import VerdictCost, verdict_costs
from steelyard_server.jobs.leases import Lease, Outcome, finish_job, leave_job, take_job
from steelyard_server.jobs.specification import Resumption
from steelyard_server.runs.rows import insert_run
from steelyard_server.runs.summary import RunSummary, Taken, summary_of


@pytest.fixture(scope="module")
def summary() -> RunSummary:
    return summary_of(verified(GOLDEN))


def spent(database: Database, tokens: int) -> Lease:
    """The next job, taken, after it has spent so many prompt tokens."""
    with database.connect() as connection:
        lease = take_job(connection, "w", 60)
        assert lease is not None
        for said in (0, tokens):
            connection.execute("SELECT steelyard.reserve(%s, %s, %s, 0, 0, 0, 1, 0)", (lease.job, lease.attempt, said))
    return lease


def finished(database: Database, lease: Lease, summary: RunSummary, person: int, seal: int, taken: Taken) -> None:
    run = msgspec.structs.replace(summary, seal=f"{0xC057 + seal:064x}", taken=taken)
    with database.connect() as connection:
        number = insert_run(connection, run, person, None, lease.project_id, lease.project)
        assert number is not None
        assert finish_job(connection, lease, number, "w")


def found_of(database: Database, jobs: Jobs, job: int) -> VerdictCost | None:
    row = jobs.find(job)
    assert row is not None
    with database.connect() as connection:
        return verdict_costs(connection, [row]).get(job)


def test_a_run_that_two_jobs_worked_on_was_paid_for_by_both(
    jobs: Jobs, person: int, database: Database, summary: RunSummary
) -> None:
    name = an_endpoint(database, "http://127.0.0.1:1/costs/v1", prices=(2.0, 4.0))
    first = jobs.add(a_run(name), person)
    lease = spent(database, 1_000)
    assert found_of(database, jobs, first) is None, "it has no verdict yet"
    with database.connect() as connection:
        assert leave_job(connection, lease, Outcome("failed", "for the test"), "w")
    second = jobs.add(Resumption(first), person)
    finished(database, spent(database, 500), summary, person, 1, Taken(verdicts=3, run_cost=9.0, run_tokens=1))
    assert found_of(database, jobs, second) == VerdictCost(3, Decimal("0.003"), 1_500)


@pytest.mark.parametrize(("given", "cost"), [(None, None), (0.25, Decimal("0.25"))])
def test_without_prices_in_the_list_it_is_what_the_run_was_given_or_unknown_and_never_0(
    jobs: Jobs, person: int, database: Database, summary: RunSummary, given: float | None, cost: Decimal | None
) -> None:
    name = an_endpoint(database, "http://127.0.0.1:1/unpriced/v1")
    job = jobs.add(a_run(name), person)
    finished(database, spent(database, 700), summary, person, 2 if given else 3, Taken(verdicts=1, run_cost=given))
    assert found_of(database, jobs, job) == VerdictCost(1, cost, 700)
    row = jobs.find(job)
    assert row is not None
    assert (row.cost, row.tokens) == (None, Decimal(700))
