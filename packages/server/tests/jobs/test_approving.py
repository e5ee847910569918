"""A second person: who may decide, of two who decide at once one, and no way around a project's threshold."""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from packages.server.tests.jobs.from_a_pool import Jobs
from packages.server.tests.jobs.yard import Yard, a_person, a_run, an_endpoint, wait_for, when_ended
from steelyard.records import GenerateRequest, ModelOutput, Outcome
from steelyard.runner.budget import Reservation
from steelyard_server.access.callers import Caller, Membership, Role
from steelyard_server.database.connection import Database
from steelyard_server.http.facts import RequestFacts
from steelyard_server.jobs import acts, approving, thresholds
from steelyard_server.jobs.leases import Lease, leave_job, take_job
from steelyard_server.jobs.leases import Outcome as Ending
from steelyard_server.jobs.membership import Missing, Refused
from steelyard_server.jobs.messages import Setup
from steelyard_server.jobs.rows import JobRow, why_it_waits
from steelyard_server.jobs.schedules import insert_schedule, make_due_jobs
from steelyard_server.jobs.specification import Resumption
from steelyard_server.jobs.spending import JobAllowance
from testkit.fixtures import SumsServer

FACTS = RequestFacts("request", "10.0.0.1")
PRICES = (2.0, 10.0)
REQUEST = GenerateRequest(prompt="a call", max_tokens=10)  # 70 + 10 tokens at the most: 240 millionths
WORST = Decimal("0.000240")


def member(person: int, role: Role, project: str = "default") -> Caller:
    return Caller(person=person, session=1, memberships=(Membership(1, project, role),))


def set_threshold(
    connection: psycopg.Connection[Any], person: int, cost: str | None = None, tokens: int | None = None
) -> None:
    """Whatever it was before: where it gets looser somebody else approves it."""
    admin, money = member(person, Role.ADMIN), None if cost is None else Decimal(cost)
    if not thresholds.change_threshold(connection, admin, "default", FACTS, cost=money, tokens=tokens):
        change = thresholds.waiting_change(connection, admin, "default")
        assert change is not None
        second = connection.execute("SELECT min(id) FROM steelyard.person WHERE id <> %s", (person,)).fetchone()
        assert second is not None
        other = member(second[0], Role.ADMIN)
        assert thresholds.decide_threshold(connection, other, "default", change.id, FACTS, is_approved=True)


@dataclass
class World:
    """A project with a threshold, who starts its jobs, and another person."""

    database: Database
    jobs: Jobs
    name: str
    starter: int
    other: int
    accounts: list[JobAllowance] = field(default_factory=list)

    def threshold(self, cost: str | None = None, tokens: int | None = None) -> None:
        with self.database.connect() as connection:
            set_threshold(connection, self.other, cost, tokens)

    def take(self) -> Lease | None:
        with self.database.connect() as connection:
            return take_job(connection, "w", 600)

    def account(self, lease: Lease, upper: int | None = None, **limits: float) -> JobAllowance:
        """That of an attempt whose plan may take so many tokens to be written."""
        setup = Setup(
            uri="", host="x", calls=1, data="/", project="default", project_id=1, job=lease.job, attempt=lease.attempt,
            lease_seconds=10.0,
        )  # fmt: skip
        tokens = limits.get("tokens")
        found = JobAllowance(
            self.database.new_connection, setup, limits.get("cost"), None if tokens is None else int(tokens)
        )
        self.accounts.append(found)
        if upper is not None:
            found.foresee(Reservation(0, upper))
        return found

    def leave(self, lease: Lease, account: JobAllowance, state: str = "waiting") -> None:
        account.close()
        waits = account.waits_for if account.refusal and state == "waiting" else ""
        with self.database.connect() as connection:
            assert leave_job(connection, lease, Ending(state, account.refusal, waits_for=waits), "w")

    def waiting_job(self) -> int:
        """A job that waits for approval."""
        return self.waiting_job_of(self.starter)

    def waiting_job_of(self, person: int) -> int:
        number = self.jobs.add(a_run(self.name), person)
        lease = self.take()
        assert lease is not None
        account = self.account(lease, 10**6)
        assert not asyncio.run(account.reserve(REQUEST))
        self.leave(lease, account)
        return number

    def row(self, job: int) -> JobRow:
        found = self.jobs.find(job)
        assert found is not None
        return found


@pytest.fixture
def world(jobs: Jobs, database: Database) -> Iterator[World]:
    salt = secrets.token_hex(4)
    found = World(
        database, jobs, an_endpoint(database, f"http://127.0.0.1:1/approval/{salt}", 1000, prices=PRICES),
        a_person(database, f"starts {salt}"), a_person(database, f"decides {salt}"),
    )  # fmt: skip
    found.threshold("1")
    yield found
    for account in found.accounts:
        account.close()
    found.threshold()


def spent(account: JobAllowance, calls: int) -> int:
    """So many calls of the worst case, as far as they are allowed; how many were."""

    async def ask() -> int:
        for number in range(calls):
            if not await account.reserve(REQUEST):
                return number
            account.settle(REQUEST, ModelOutput(outcome=Outcome.OK, text="x", prompt_tokens=70, completion_tokens=10))
        return calls

    return asyncio.run(ask())


@pytest.mark.parametrize("approves", [True, False])
def test_an_editor_or_admin_who_did_not_start_it_decides_and_nobody_else(world: World, approves: bool) -> None:
    decide = approving.approve if approves else approving.refuse
    with world.database.connect() as connection:
        connection.autocommit = True
        for role in (Role.EDITOR, Role.ADMIN):
            job = world.waiting_job()
            assert why_it_waits(connection, job) == "approval"
            for low in (Role.VIEWER, Role.RUNNER):
                with pytest.raises(Refused, match="needs the role editor"):
                    decide(connection, member(world.other, low), "default", job, FACTS)
                assert not approving.may_decide(connection, member(world.other, low), "default", job)
            own = [member(world.starter, each) for each in (Role.EDITOR, Role.ADMIN)]
            # A token counts as its person.
            own.append(Caller(person=world.starter, token=3, memberships=(Membership(1, "default", Role.ADMIN),)))
            for caller in own:
                with pytest.raises(Refused, match="you started this job"):
                    decide(connection, caller, "default", job, FACTS)
                assert not approving.may_decide(connection, caller, "default", job)
            with pytest.raises(Missing):
                decide(connection, member(world.other, Role.ADMIN, "elsewhere"), "default", job, FACTS)
            assert world.row(job).waits_for == "approval"
            assert approving.may_decide(connection, member(world.other, role), "default", job)
            assert decide(connection, member(world.other, role), "default", job, FACTS)
            assert not decide(connection, member(world.other, role), "default", job, FACTS), "it is decided"
            assert world.row(job).state == ("waiting" if approves else "cancelled")
            event = world.jobs.events(job)[-1]
            assert (event.actor, event.reason) == (
                f"person:{world.other}", "approved" if approves else "what it may spend was not approved",
            )  # fmt: skip
            line = connection.execute("SELECT line FROM steelyard.audit ORDER BY sequence DESC LIMIT 1").fetchone()
            assert line is not None
            found = json.loads(line[0])
            assert (found["act"], found["subject"], found["actor"]) == (
                "approve-job" if approves else "refuse-job", f"job:{job}", f"person:{world.other}",
            )  # fmt: skip
            if approves:
                world.jobs.cancel(job, world.starter)


def test_whoever_resumed_it_counts_as_who_started_it(world: World) -> None:
    job, third = world.waiting_job(), a_person(world.database, f"helps {secrets.token_hex(4)}")
    again = world.jobs.add(a_run(world.name), world.starter)
    assert world.jobs.pause(job, world.starter)
    assert world.jobs.resume(job, world.other)
    with world.database.connect() as connection:
        connection.autocommit = True
        for decide in (approving.approve, approving.refuse):
            with pytest.raises(Refused, match="or resumed it"):
                decide(connection, member(world.other, Role.ADMIN), "default", job, FACTS)
        assert not approving.may_decide(connection, member(world.other, Role.ADMIN), "default", job)
        with pytest.raises(psycopg.Error, match="does not decide about it"):
            connection.execute(
                "INSERT INTO steelyard.approval (job_id, person_id, is_approved) VALUES (%s, %s, true)",
                (job, world.other),
            )
        with pytest.raises(Refused, match="you started this job"):
            approving.approve(connection, member(world.starter, Role.EDITOR), "default", job, FACTS)
        assert approving.approve(connection, member(third, Role.EDITOR), "default", job, FACTS)
    for each in (job, again):
        world.jobs.cancel(each, world.starter)


def test_nothing_is_approved_that_nobody_may_want_any_more(world: World) -> None:
    """One editor alone took up, and approved, the job of somebody whose role was taken."""
    job, third = world.waiting_job(), a_person(world.database, f"takes it up {secrets.token_hex(4)}")
    editor = member(world.other, Role.EDITOR)
    with world.database.connect() as connection:
        connection.autocommit = True
        connection.execute("UPDATE steelyard.membership SET ended_at = now() WHERE person_id = %s", (world.starter,))
        with pytest.raises(Refused, match="may start no jobs here any more"):
            approving.approve(connection, editor, "default", job, FACTS)
        assert world.row(job).waits_for == "approval"
        assert world.take() is None, "it is paused"
        assert world.row(job).state == "paused"
        with pytest.raises(Refused, match="may start no jobs here any more"):
            approving.approve(connection, editor, "default", job, FACTS)
        assert world.jobs.resume(job, third)
        assert approving.approve(connection, editor, "default", job, FACTS)
        assert world.jobs.cancel(job, third)
        refused = world.waiting_job_of(third)
        connection.execute("UPDATE steelyard.membership SET ended_at = now() WHERE person_id = %s", (third,))
        assert approving.refuse(connection, editor, "default", refused, FACTS)


def test_the_database_itself_refuses_who_started_it_and_what_does_not_wait(world: World) -> None:
    job = world.waiting_job()
    again = "INSERT INTO steelyard.approval (job_id, person_id, is_approved) VALUES (%s, %s, true)"
    with world.database.connect() as connection:
        connection.autocommit = True
        with pytest.raises(psycopg.Error, match="does not decide about it"):
            connection.execute(again, (job, world.starter))
        other = world.jobs.add(a_run(world.name), world.starter)
        with pytest.raises(psycopg.Error, match="does not wait for approval"):
            connection.execute(again, (other, world.other))
        with pytest.raises(psycopg.Error):
            connection.execute("UPDATE steelyard.job SET upper_out = 0 WHERE id = %s", (job,))
        assert approving.approve(connection, member(world.other, Role.EDITOR), "default", job, FACTS)
        with pytest.raises(psycopg.Error):
            connection.execute("DELETE FROM steelyard.approval WHERE job_id = %s", (job,))


def test_of_two_who_decide_at_once_one_does(world: World) -> None:
    job = world.waiting_job()
    people = [a_person(world.database, f"races {secrets.token_hex(4)}") for _ in range(4)]
    start, found = threading.Barrier(4), []

    def decide(person: int, number: int) -> None:
        act = approving.approve if number % 2 else approving.refuse
        with world.database.connect() as connection:
            start.wait()
            found.append(act(connection, member(person, Role.EDITOR), "default", job, FACTS))

    threads = [threading.Thread(target=decide, args=(person, number)) for number, person in enumerate(people)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(found) == [False, False, False, True]
    with world.database.connect() as connection:
        row = connection.execute("SELECT is_approved FROM steelyard.approval WHERE job_id = %s", (job,)).fetchone()
    assert row is not None
    assert (world.row(job).state, world.row(job).waits_for) == (
        ("waiting", "") if row[0] else ("cancelled", "approval")
    )


def test_what_waits_for_approval_is_not_taken_whatever_else_happens(world: World) -> None:
    job = world.waiting_job()
    with world.database.connect() as connection:
        told = connection.execute("SELECT data FROM steelyard.event WHERE kind = 'job.approval'").fetchall()
    assert [each for (data,) in told if (each := json.loads(data))["job"] == job] == [
        {"job": job, "kind": "run", "path": f"/p/default/jobs/{job}", "project": "default"}
    ]
    assert "its calls may take up to 10.0000, and in this project more than 1 needs" in world.row(job).reason
    with world.database.connect() as connection:
        connection.execute("UPDATE steelyard.job SET not_before = now() - interval '1 day' WHERE id = %s", (job,))
    assert world.take() is None
    assert world.jobs.pause(job, world.starter)
    assert world.jobs.resume(job, world.starter)
    assert world.take() is None
    # Whoever may write the row: the next attempt asks again.
    with world.database.connect() as connection:
        connection.execute("UPDATE steelyard.job SET waits_for = '' WHERE id = %s", (job,))
    lease = world.take()
    assert lease is not None
    account = world.account(lease)  # it goes on with the plan of before
    assert spent(account, 1) == 0
    assert account.waits_for == "approval"
    world.leave(lease, account)
    with world.database.connect() as connection:
        assert approving.approve(connection, member(world.other, Role.EDITOR), "default", job, FACTS)
    lease = world.take()
    assert lease is not None
    assert spent(world.account(lease), 5) == 5


def test_a_job_that_is_tried_again_waits_again_and_who_tried_it_does_not_decide(world: World) -> None:
    first = world.waiting_job()
    assert world.jobs.cancel(first, world.starter)
    retrier = a_person(world.database, f"retries {secrets.token_hex(4)}")
    again = world.jobs.add(Resumption(first), retrier)
    lease = world.take()
    assert lease is not None
    account = world.account(lease)
    assert spent(account, 1) == 0
    world.leave(lease, account)
    with world.database.connect() as connection:
        for person in (world.starter, retrier):
            with pytest.raises(Refused, match="you started this job, or one that it goes on with"):
                approving.approve(connection, member(person, Role.ADMIN), "default", again, FACTS)
        assert approving.approve(connection, member(world.other, Role.ADMIN), "default", again, FACTS)


def test_without_approval_no_more_is_spent_whatever_was_foreseen_and_however_often_it_is_tried(world: World) -> None:
    """Two attempts and a retry of one plan are one spending."""
    world.threshold(str(10 * WORST))
    first = world.jobs.add(a_run(world.name), world.starter)
    lease = world.take()
    assert lease is not None
    account = world.account(lease, 1)
    assert spent(account, 4) == 4
    world.leave(lease, account, "failed")
    again = world.jobs.add(Resumption(first), world.starter)
    lease = world.take()
    assert lease is not None
    account = world.account(lease)
    assert spent(account, 100) == 6
    assert account.waits_for == "approval"
    assert account.refusal.startswith("with its next calls it may have taken 0.0026, and in this project more than")
    world.leave(lease, account)
    assert world.take() is None
    with world.database.connect() as connection:
        assert approving.approve(connection, member(world.other, Role.EDITOR), "default", again, FACTS)
    lease = world.take()
    assert lease is not None
    assert spent(world.account(lease), 20) == 20


def test_a_look_of_a_schedule_waits_like_any_job(world: World) -> None:
    with world.database.connect() as connection:
        name = f"looks {secrets.token_hex(4)}"
        number = insert_schedule(connection, "default", name, "0 6 * * *", "UTC", a_run(world.name), world.starter)
    with world.database.connect_as_owner() as connection:
        connection.execute("ALTER TABLE steelyard.schedule DISABLE TRIGGER keep")
        connection.execute("UPDATE steelyard.schedule SET next_at = %s WHERE id = %s", (datetime.now(UTC), number))
        connection.execute("ALTER TABLE steelyard.schedule ENABLE TRIGGER keep")
    with world.database.connect() as connection:
        connection.autocommit = True
        assert make_due_jobs(connection) == 1
    lease = world.take()
    assert lease is not None
    account = world.account(lease, 10**6)
    assert spent(account, 1) == 0
    world.leave(lease, account)
    with world.database.connect() as connection:
        connection.autocommit = True
        with pytest.raises(Refused):
            approving.approve(connection, member(world.starter, Role.ADMIN), "default", lease.job, FACTS)
        connection.execute("UPDATE steelyard.schedule SET is_on = false WHERE id = %s", (number,))


@pytest.mark.parametrize(
    ("cost", "tokens", "prices", "upper", "limits", "allowed"),
    [
        ("1", None, PRICES, 100_000, {}, True),  # exactly the threshold
        ("1", None, PRICES, 100_001, {}, False),
        ("1", None, PRICES, 10**9, {"cost": 0.5}, True),  # its own limit is lower
        ("1", None, PRICES, 10**9, {"cost": 1.5}, False),
        ("1", None, PRICES, 10**9, {"tokens": 100_000}, True),
        ("1", None, None, 1, {}, False),  # nobody knows what it costs
        ("1", 1000, None, 1000, {}, True),
        ("1", 1000, None, 1001, {}, False),
        (None, 1000, PRICES, 1001, {}, False),
        (None, 1000, PRICES, 1001, {"tokens": 900}, True),
        ("0", None, PRICES, 1, {}, False),
        (None, None, PRICES, 10**12, {}, True),
    ],
)
def test_what_is_above_a_threshold(
    world: World, cost: str | None, tokens: int | None, prices: tuple[float, float] | None, upper: int,
    limits: dict[str, float], allowed: bool,
) -> None:  # fmt: skip
    world.threshold(cost, tokens)
    name = an_endpoint(world.database, f"http://127.0.0.1:1/above/{secrets.token_hex(4)}", 1000, prices=prices)
    world.jobs.add(a_run(name), world.starter)
    lease = world.take()
    assert lease is not None
    account = world.account(lease, upper, **limits)
    assert spent(account, 1) == allowed, account.refusal
    assert bool(account.refusal) != allowed
    world.leave(lease, account, "failed")


def test_a_changed_threshold_has_what_waits_looked_at_again(world: World) -> None:
    job = world.waiting_job()
    world.threshold("2")
    lease = world.take()
    assert lease is not None
    assert lease.job == job
    account = world.account(lease)
    assert spent(account, 1) == 0, "it is above the new one, too"
    world.leave(lease, account)
    world.threshold("10")
    lease = world.take()
    assert lease is not None
    assert spent(world.account(lease), 1) == 1


def test_a_real_job_sends_no_question_before_it_is_approved(yard: Yard, sums_server: SumsServer) -> None:
    starter, other = a_person(yard.database, "starts really"), a_person(yard.database, "approves really")
    name = yard.endpoint(sums_server.url, prices=(1.0, 2.0))
    admin = member(other, Role.ADMIN)
    with yard.database.connect() as connection:
        set_threshold(connection, other, "0.000001")
        asked = acts.run_asked("", name, "sums", {"questions": a_run(name, 12).questions, "limit": 12})
        job = acts.add_job(connection, member(starter, Role.RUNNER), "default", asked, FACTS)

    def samples() -> list[str]:
        return [prompt for prompt in sums_server.asked if prompt.startswith("What is")]

    try:
        with yard.database.pool(2) as pool:
            jobs = Jobs(pool)
            yard.start("w")
            wait_for(lambda: (row := jobs.find(job)) and row.waits_for == "approval")
            assert not samples()
            row = jobs.find(job)
            assert row is not None
            assert (row.failures, "needs a second person" in row.reason) == (0, True)
            with yard.database.connect() as connection:
                assert approving.approve(connection, admin, "default", job, FACTS)
            assert when_ended(jobs, job).state == "finished"
            assert len(samples()) == 12
    finally:
        with yard.database.connect() as connection:
            set_threshold(connection, other)
