"""Jobs and budgets that need somebody: why, in which projects, and no longer than they do."""

from __future__ import annotations

from decimal import Decimal

import pytest

from packages.server.tests.jobs.from_a_pool import Jobs
from packages.server.tests.jobs.yard import a_run, an_endpoint
from steelyard_server.database.connection import Database
from steelyard_server.jobs.budgets import BudgetRow, set_budget
from steelyard_server.jobs.leases import Outcome, leave_job, take_job
from steelyard_server.jobs.needs import jobs_in_need, nearly_spent, used_share
from steelyard_server.jobs.specification import Resumption


def needs(database: Database, project: int = 1) -> dict[int, str]:
    with database.connect() as connection:
        return {each.id: each.why for each in jobs_in_need(connection, [project], 100)}


def left(database: Database, outcome: Outcome) -> int:
    """The next job, taken and left so."""
    with database.connect() as connection:
        lease = take_job(connection, "w", 60)
        assert lease is not None
        assert leave_job(connection, lease, outcome, "w")
    return lease.job


def test_why_a_job_needs_somebody(jobs: Jobs, person: int, database: Database) -> None:
    name = an_endpoint(database, "http://127.0.0.1:1/needs/v1")
    other = an_endpoint(database, "http://127.0.0.1:1/needs/resting/v1")
    failed = jobs.add(a_run(name), person)
    assert failed not in needs(database), "it waits for a worker, but not for long"
    assert left(database, Outcome("failed", "for the test")) == failed
    assert needs(database)[failed] == "failed"
    again = jobs.add(Resumption(failed), person)
    assert failed not in needs(database), "another job goes on with it"
    assert left(database, Outcome("waiting", "full", waits_for="budget")) == again
    assert needs(database)[again] == "budget"
    resting = jobs.add(a_run(other), person)
    assert left(database, Outcome("again", "no answer", rests=True)) == resting
    assert needs(database)[resting] == "resting"
    assert jobs.pause(resting, person)
    assert needs(database)[resting] == "paused"
    with database.connect() as connection:
        first, *_ = jobs_in_need(connection, [1], 1)
        assert jobs_in_need(connection, [], 9) == []
    assert first.project == "default"
    assert jobs.cancel(resting, person)
    assert jobs.cancel(again, person)
    assert {resting, again}.isdisjoint(needs(database))


def row(cost: str | None, tokens: int | None, spent: str = "0", used: int = 0) -> BudgetRow:
    limit = None if cost is None else Decimal(cost)
    return BudgetRow(1, "", limit, tokens, Decimal(spent), Decimal(used), Decimal(0), Decimal(0))


@pytest.mark.parametrize(
    ("budget", "share"),
    [
        (row(None, None), "0"), (row("10", None, "8"), "0.8"), (row("10", 100, "1", 90), "0.9"),
        (row("0", None), "1"), (row(None, 50, "99", 10), "0.2"),
    ],
)  # fmt: skip
def test_the_nearer_limit_of_a_budget_counts(budget: BudgetRow, share: str) -> None:
    assert used_share(budget) == Decimal(share)


def test_a_budget_of_which_four_fifths_are_used_is_told_to_its_own_project(database: Database, person: int) -> None:
    with database.connect() as connection:
        found = connection.execute("INSERT INTO steelyard.project (name) VALUES ('tight') RETURNING id").fetchone()
        assert found is not None
        assert nearly_spent(connection, [found[0]]) == []
        set_budget(connection, "tight", "", person, tokens=0)
        assert [(name, each.tokens) for name, each in nearly_spent(connection, [found[0]])] == [("tight", 0)]
        assert nearly_spent(connection, []) == []
        set_budget(connection, "tight", "", person, tokens=1)
        assert nearly_spent(connection, [found[0]]) == []
