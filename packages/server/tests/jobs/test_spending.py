"""Budgets: no interleaving of workers, kills and answers exceeds one; a job that one stops goes on when it grows."""

from __future__ import annotations

import asyncio
import re
import secrets
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packages.server.tests.jobs.from_a_pool import Jobs
from packages.server.tests.jobs.yard import Yard, a_person, a_run, an_endpoint, wait_for, when_ended
from packages.server.tests.store.rows import new_run
from steelyard.evidence.canonical import canonical
from steelyard.records import GenerateRequest, ModelOutput, Outcome
from steelyard_server.database.connection import Database
from steelyard_server.jobs.budgets import budgets_of, set_budget
from steelyard_server.jobs.leases import Lease, end_lost_lease, leave_job, take_job
from steelyard_server.jobs.leases import Outcome as Ending
from steelyard_server.jobs.messages import Setup
from steelyard_server.jobs.spending import JobAllowance, _in_plain_amounts
from steelyard_server.store.leases import give_back, take
from testkit.fixtures import SumsServer

# 64 tokens of a template, 6 of the text and 10 to be written: at these prices 70 * 2 + 10 * 10 = 240 millionths.
REQUEST = GenerateRequest(prompt="a call", max_tokens=10)
PRICES = (2.0, 10.0)
WORST = Decimal("0.000240")


def answer(prompt: int = 9, completion: int = 2) -> ModelOutput:
    return ModelOutput(outcome=Outcome.OK, text="x", prompt_tokens=prompt, completion_tokens=completion)


class World:
    """Jobs of one project at one endpoint, each with its account in this process; what was truly spent."""

    def __init__(self, database: Database, jobs: Jobs, person: int, cost: Decimal | None, tokens: int | None) -> None:
        self.database, self.jobs = database, jobs
        self.name = an_endpoint(database, f"http://127.0.0.1:1/budget/{secrets.randbits(60)}", 1000, prices=PRICES)
        self.person, self.cost, self.tokens = person, cost, tokens
        self.running: list[tuple[Lease, JobAllowance]] = []
        self.spent = Decimal(0)
        with database.connect() as connection:
            set_budget(connection, "default", self.name, person, cost=cost, tokens=tokens)

    def start(self) -> None:
        self.jobs.add(a_run(self.name, 1), self.person, priority=50, max_failures=100)
        with self.database.connect() as connection:
            lease = take_job(connection, "w", 600)
        assert lease is not None
        setup = Setup(
            uri="", host="x", calls=2, data="/", project="default", project_id=1, job=lease.job, attempt=lease.attempt,
            lease_seconds=10.0,
        )  # fmt: skip
        self.running.append((lease, JobAllowance(self.database.new_connection, setup)))

    def kill(self, number: int, *, is_known: bool) -> None:
        """Its lease runs out, or it gives its job back and says what it spent."""
        lease, account = self.running.pop(number)
        if is_known:
            account.close()
        with self.database.connect_as_owner() as connection:
            if is_known:
                assert leave_job(connection, lease, Ending("failed"), "w")
            else:
                connection.execute("UPDATE steelyard.job SET leased_until = now() WHERE id = %s", (lease.job,))
                assert end_lost_lease(connection, lease.job, "other")
                account.close()  # what it says now is refused
                connection.execute(
                    "UPDATE steelyard.job SET state = 'cancelled', ended_at = now() WHERE id = %s", (lease.job,)
                )

    def check(self) -> None:
        with self.database.connect() as connection:
            (row,) = [each for each in budgets_of(connection, "default") if each.endpoint == self.name]
        if self.cost is not None:
            assert row.spent_cost + row.reserved_cost <= self.cost
        if self.tokens is not None:
            assert row.spent_tokens + row.reserved_tokens <= self.tokens


STEPS = st.lists(
    st.tuples(st.sampled_from(["start", "call", "answer", "fail", "kill", "end"]), st.integers(0, 5)),
    min_size=5, max_size=40,
)  # fmt: skip


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS, st.sampled_from([(Decimal("0.0021"), None), (None, 700), (Decimal("0.003"), 900), (Decimal(0), None)]))
def test_spent_and_reserved_never_exceed_the_budget(
    database: Database,
    jobs: Jobs,
    person: int,
    steps: list[tuple[str, int]],
    limits: tuple[Decimal | None, int | None],
) -> None:
    world = World(database, jobs, person, *limits)
    in_flight: dict[int, int] = {}

    async def live() -> None:
        for step, number in steps:
            if step == "start" and len(world.running) < 4:
                world.start()
            elif world.running:
                place = number % len(world.running)
                lease, account = world.running[place]
                flying = in_flight.get(lease.job, 0)
                if step == "call" and flying < 2 and not account.refusal:
                    try:
                        async with asyncio.timeout(0.1 if flying else 60):
                            in_flight[lease.job] = flying + await account.reserve(REQUEST)
                    except TimeoutError:  # it waits for those in flight
                        pass
                elif step in ("answer", "fail") and flying:
                    found = answer() if step == "answer" else ModelOutput(outcome=Outcome.TIMEOUT)
                    account.settle(REQUEST, found)
                    in_flight[lease.job] = flying - 1
                elif step in ("kill", "end"):
                    world.kill(place, is_known=step == "end")
            world.check()

    try:
        asyncio.run(live())
    finally:
        while world.running:
            world.kill(0, is_known=False)
    world.check()


def test_a_block_serves_several_calls_and_the_rest_comes_back(database: Database, jobs: Jobs, person: int) -> None:
    world = World(database, jobs, person, Decimal("0.0010"), None)
    world.start()
    _, account = world.running[0]

    async def live() -> list[bool]:
        found = []
        for _ in range(30):
            if not await account.reserve(REQUEST):
                break
            account.settle(REQUEST, answer())
            found.append(True)
        return found

    # Four worst cases fit at first; each answer takes 38 millionths, and the last one needs 240 beside them.
    assert len(asyncio.run(live())) == (1000 - 240) // 38 + 1
    assert account.refusal.startswith("the budget of this project for this endpoint in ")
    assert re.search(r"are spent and the next calls may take 0\.0002$", account.refusal), "nobody else reserved any"
    account.close()
    with database.connect() as connection:
        (row,) = [each for each in budgets_of(connection, "default") if each.endpoint == world.name]
    assert (row.spent_cost, row.reserved_cost) == (Decimal("0.000798"), Decimal(0))
    world.kill(0, is_known=True)


def test_no_more_calls_are_in_flight_than_the_list_allows(database: Database, jobs: Jobs, person: int) -> None:
    world = World(database, jobs, person, None, None)
    world.start()
    _, account = world.running[0]

    async def live() -> None:
        for _ in range(2):
            assert await account.reserve(REQUEST)
        third = asyncio.create_task(account.reserve(REQUEST))
        await asyncio.sleep(0.2)
        assert not third.done()
        account.settle(REQUEST, answer())
        assert await third

    asyncio.run(live())
    world.kill(0, is_known=False)


def test_where_no_price_is_known_a_budget_in_money_is_refused_and_one_in_tokens_holds(
    database: Database, jobs: Jobs, person: int
) -> None:
    world = World(database, jobs, person, Decimal(10), None)
    an_endpoint(database, "http://" + world.name.removeprefix("at "), 1000)
    world.start()
    assert not asyncio.run(world.running[0][1].reserve(REQUEST))
    assert world.running[0][1].refusal.endswith("give it prices, or a budget in tokens")
    with database.connect() as connection:
        set_budget(connection, "default", world.name, person, cost=Decimal(10), tokens=100)
    world.start()
    assert asyncio.run(world.running[1][1].reserve(REQUEST))
    for _ in range(2):
        world.kill(0, is_known=False)


def test_what_a_lost_attempt_has_written_is_booked_whatever_an_endpoint_put_into_it(
    database: Database, jobs: Jobs, person: int
) -> None:
    world = World(database, jobs, person, None, None)
    world.start()
    lease, account = world.running[0]
    assert asyncio.run(account.reserve(REQUEST))
    line = {
        "completion_tokens": 3,
        "detail": "a\0b",
        "model": '"prompt_tokens":9',
        "prompt_tokens": 7,
        "type": "attempt",
    }
    lines = [canonical(line), canonical({"completion_tokens": 50, "prompt_tokens": 60, "type": "exchange"}), b"\xff{"]
    lines.append(canonical({**line, "prompt_tokens": -1, "completion_tokens": 2**53 - 1}))
    with database.connect() as connection:
        run = new_run(connection)
        connection.execute("UPDATE steelyard.job SET stored_run_id = %s WHERE id = %s", (run, lease.job))
        held = take(connection, run, f"job {lease.job}, attempt {lease.attempt}", 60.0)
        assert held is not None
        for sequence, data in enumerate([*lines, lines[0]]):
            connection.execute(
                "INSERT INTO steelyard.stored_line (run_id, segment, sequence, lease, line) "
                "VALUES (%s, 'main', %s, %s, %s)",
                (run, sequence, held.number, data),
            )
            connection.commit()
        give_back(connection, held)
    world.kill(0, is_known=False)
    with database.connect() as connection:
        row = connection.execute(
            "SELECT spent_in, spent_out, held_in FROM steelyard.reservation WHERE job_id = %s", (lease.job,)
        ).fetchone()
    assert row == (14, 6 + 10**15, 0)


@pytest.mark.slow  # the fast run loses attempts in the property above
def test_what_a_lost_attempt_had_answered_is_booked_and_the_rest_comes_back(
    yard: Yard, sums_server: SumsServer
) -> None:
    sums_server.seconds = lambda _: 0.05
    with yard.database.pool(2) as pool:
        jobs = Jobs(pool)
        person = a_person(yard.database, "budgets")
        name = yard.endpoint(sums_server.url, prices=PRICES)
        with yard.database.connect() as connection:
            set_budget(connection, "default", name, person, cost=Decimal(1))
        number = jobs.add(a_run(name, 60), person)
        worker = yard.start("spends", 2.0)
        wait_for(lambda: sums_server.asked.total() > 30)
        worker.kill()
        worker.wait()
        yard.start("goes on", 2.0)
        assert when_ended(jobs, number).state == "finished"
        with yard.database.connect() as connection:
            (row,) = [each for each in budgets_of(connection, "default") if each.endpoint == name]
        assert row.reserved_tokens == 0
        # 60 answers of 9 and 2 tokens; two were in flight when it was killed, and are in no account.
        assert 60 * 11 <= row.spent_tokens <= 62 * 11
        assert row.spent_cost == row.spent_tokens / 11 * Decimal("0.000038")


def test_a_job_that_a_budget_stops_says_so_and_goes_on_when_it_is_raised(yard: Yard, sums_server: SumsServer) -> None:
    with yard.database.pool(2) as pool:
        jobs = Jobs(pool)
        person = a_person(yard.database, "is stopped")
        name = yard.endpoint(sums_server.url, prices=PRICES)
        with yard.database.connect() as connection:
            set_budget(connection, "default", name, person, tokens=500)
        number = jobs.add(a_run(name, 60, output_tokens=16), person)
        yard.start("stops", 3.0)
        wait_for(lambda: (row := jobs.find(number)) is not None and (row.reason or row.state == "finished"))
        row = jobs.find(number)
        assert row is not None
        assert (row.state, row.failures) == ("waiting", 0)
        assert row.reason.startswith("the budget of this project for this endpoint in ")
        with yard.database.connect() as connection:
            (found,) = [each for each in budgets_of(connection, "default") if each.endpoint == name]
            assert 0 < found.spent_tokens <= 500
            set_budget(connection, "default", name, person, tokens=10**6)
        row = when_ended(jobs, number)
        assert (row.state, row.attempt) == ("finished", 2)
    assert {times for prompt, times in sums_server.asked.items() if prompt.startswith("What is")} == {1}


def test_small_amounts_are_said_as_such() -> None:
    said = "the budget is 0.0001: 0.0000 are spent, others have reserved 0.0000, and the next calls may take 0.0000"
    assert _in_plain_amounts(said) == (
        "the budget is 0.0001: less than 0.0001 are spent and the next calls may take less than 0.0001"
    )
    for said in (
        "it is 9 tokens: 5 are spent, others have reserved 10, and the next calls may take 7",
        "it is 1: 10.0000 are spent, others have reserved 0.00001, and the next calls may take 20.0000",
    ):
        assert _in_plain_amounts(said) == said
    assert _in_plain_amounts("it is 9 tokens: 5 are spent, others have reserved 0, and the next calls may take 7") == (
        "it is 9 tokens: 5 are spent and the next calls may take 7"
    )
