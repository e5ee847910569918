from __future__ import annotations

import threading

import pytest
from psycopg_pool import ConnectionPool

from packages.server.tests.jobs.from_a_pool import Jobs
from packages.server.tests.jobs.yard import a_person, a_project, an_endpoint
from steelyard.errors import InputError
from steelyard_server.database.connection import Database
from steelyard_server.jobs.leases import (
    Lease,
    Outcome,
    end_lost_lease,
    finish_job,
    leave_job,
    lost_jobs,
    renew_leases,
    take_job,
)
from steelyard_server.jobs.specification import BUILT_IN, RunSpecification


def asked(endpoint: str = "a", concurrency: int | None = None) -> RunSpecification:
    name = f"at 127.0.0.1:1/leases/{endpoint}"
    return RunSpecification(endpoint=name, model="sums", task="mmlu", concurrency=concurrency)


def listed(database: Database, *endpoints: str, concurrency: int = 8) -> None:
    for each in endpoints:
        an_endpoint(database, f"http://127.0.0.1:1/leases/{each}", concurrency)


@pytest.fixture(autouse=True)
def usual_endpoint(database: Database) -> None:
    listed(database, "a")


def taken(database: Database, name: str = "w", seconds: float = 60.0) -> Lease | None:
    with database.connect() as connection:
        return take_job(connection, name, seconds)


def must(lease: Lease | None) -> Lease:
    assert lease is not None
    return lease


def expire(database: Database) -> None:
    """As if the database's clock went on: a test need not wait for it."""
    with database.connect_as_owner() as connection:
        connection.execute(
            "UPDATE steelyard.job SET leased_until = now() - interval '1 second' WHERE state = 'running'"
        )


def left(database: Database, lease: Lease, outcome: Outcome, pause: float = 0.0) -> bool:
    with database.connect() as connection:
        return leave_job(connection, lease, outcome, "w", pause)


def lost(database: Database) -> int:
    with database.connect() as connection:
        return sum(end_lost_lease(connection, job, "other") for job in lost_jobs(connection))


def state(jobs: Jobs, number: int) -> str:
    row = jobs.find(number)
    assert row is not None
    return row.state


def test_jobs_are_taken_by_priority_then_in_their_order(jobs: Jobs, person: int, database: Database) -> None:
    listed(database, *"0123")
    numbers = [jobs.add(asked(str(each)), person, priority=each % 2) for each in range(4)]
    found = [must(taken(database)).job for _ in numbers]
    assert found == [numbers[1], numbers[3], numbers[0], numbers[2]]
    assert taken(database) is None


@pytest.mark.usefixtures("jobs")
def test_projects_have_turns_among_jobs_of_one_priority(
    job_pool: ConnectionPool, person: int, database: Database
) -> None:
    listed(database, "turns", concurrency=4)
    flood, other = (Jobs(job_pool, a_project(database, f"turns-{each}", person)) for each in ("flood", "other"))
    many = [flood.add(asked("turns", 1), person) for _ in range(5)]
    few = [other.add(asked("turns", 1), person) for _ in range(2)]
    urgent = flood.add(asked("turns", 1), person, priority=1)
    first, *leases = [must(taken(database)) for _ in range(4)]
    # Neither had one; then the other has none that runs; then both have one, and the flood was given one before it.
    assert [first.job, *(each.job for each in leases)] == [urgent, few[0], many[0], few[1]]
    assert taken(database) is None
    for each in (first, *leases):
        assert left(database, each, Outcome("failed", "it is over"))
    late = other.add(asked("turns", 1), person)
    # None runs: the flood was given none for longer.
    assert [must(taken(database)).job for _ in range(4)] == [many[1], late, many[2], many[3]]


@pytest.mark.usefixtures("jobs")
def test_a_project_whose_endpoint_is_busy_holds_up_no_other(
    job_pool: ConnectionPool, person: int, database: Database
) -> None:
    listed(database, "narrow", "wide", concurrency=1)
    flood, other = (Jobs(job_pool, a_project(database, f"narrow-{each}", person)) for each in ("flood", "other"))
    first, *_ = (flood.add(asked("narrow", 1), person) for _ in range(3))
    free = other.add(asked("wide", 1), person)
    assert {must(taken(database)).job for _ in range(2)} == {first, free}
    assert taken(database) is None


def test_an_endpoint_has_no_more_calls_at_a_time_than_it_may(jobs: Jobs, person: int, database: Database) -> None:
    listed(database, "full", "free", concurrency=5)
    first, second, third = (jobs.add(asked("full", each), person) for each in (2, 3, 1))
    alone = jobs.add(asked("free"), person, priority=-5)
    jobs.add(asked("free", 1), person, priority=-6)
    assert [must(taken(database)).job for _ in range(3)] == [first, second, alone]
    assert taken(database) is None  # the third needs one call more, and who says no number is alone
    listed(database, "full", concurrency=6)
    assert must(taken(database)).job == third
    assert taken(database) is None


def test_the_model_that_is_built_in_has_one_job_at_a_time(jobs: Jobs, person: int, database: Database) -> None:
    first, _ = (jobs.add(RunSpecification(model=BUILT_IN, task="mmlu"), person) for _ in range(2))
    assert must(taken(database)).job == first
    assert taken(database) is None


def test_a_retired_endpoint_is_asked_by_no_job(jobs: Jobs, person: int, database: Database) -> None:
    listed(database, f"retired by {person}", concurrency=1)
    running, waiting = (jobs.add(asked(f"retired by {person}"), person) for _ in range(2))
    taken(database)
    with database.connect() as connection:
        name = asked(f"retired by {person}").endpoint
        connection.execute("UPDATE steelyard.endpoint SET retired_at = now() WHERE name = %s", (name,))
    found = [jobs.find(each) for each in (running, waiting)]
    assert [(each.state, each.wanted, each.reason) for each in found if each is not None] == [
        ("running", "cancel", "its endpoint was retired"),
        ("cancelled", "", "its endpoint was retired"),
    ]
    with pytest.raises(InputError, match="no endpoint"):
        jobs.add(asked(f"retired by {person}"), person)


def test_many_workers_at_once_keep_to_the_number(jobs: Jobs, person: int, database: Database) -> None:
    listed(database, "crowd", concurrency=11)
    numbers = {jobs.add(asked("crowd", 2), person) for _ in range(12)}
    found: list[Lease | None] = []
    threads = [threading.Thread(target=lambda: found.append(taken(database))) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    leases = [each.job for each in found if each is not None]
    assert len(leases) == len(set(leases)) == 5
    assert set(leases) <= numbers


def test_a_lease_is_renewed_and_says_what_is_wanted(jobs: Jobs, person: int, database: Database) -> None:
    number = jobs.add(asked(), person)
    lease = must(taken(database))
    jobs.pause(number, person)
    with database.connect() as connection:
        assert renew_leases(connection, {lease: '{"answered":3}'}, 60) == {(number, 1): "pause"}
        assert renew_leases(connection, {}, 60) == {}
    row = jobs.find(number)
    assert row is not None
    assert row.progress == '{"answered":3}'
    assert len(jobs.events(number)) == 3  # a renewal is no event


def test_a_lost_lease_is_taken_over_and_the_first_worker_is_refused(
    jobs: Jobs, person: int, database: Database
) -> None:
    number = jobs.add(asked(), person)
    first = must(taken(database))
    expire(database)
    with database.connect() as connection:  # nobody has it yet, and still the lease ran out
        assert renew_leases(connection, {first: ""}, 60) == {}
        assert not finish_job(connection, first, 1, "w")
    assert not left(database, first, Outcome("again", "too late"))
    assert lost(database) == 1
    assert lost(database) == 0
    second = must(taken(database, "v"))
    assert (second.job, second.attempt) == (number, 2)
    with database.connect() as connection:
        assert renew_leases(connection, {first: "mine", second: "its"}, 60) == {(number, 2): ""}
        assert not finish_job(connection, first, 1, "w")
    assert not left(database, first, Outcome("waiting"))
    row = jobs.find(number)
    assert row is not None
    assert (row.state, row.worker, row.progress, row.failures) == ("running", "v", "its", 1)


def test_a_lease_that_holds_is_not_taken(jobs: Jobs, person: int, database: Database) -> None:
    jobs.add(asked(), person)
    taken(database)
    assert lost(database) == 0
    assert taken(database) is None


def test_a_job_that_fails_each_time_is_given_up_in_words(jobs: Jobs, person: int, database: Database) -> None:
    number = jobs.add(asked(), person, max_failures=3)
    for attempt in range(3):
        assert state(jobs, number) == "waiting"
        lease = must(taken(database))
        if attempt == 1:
            expire(database)
            lost(database)
        else:
            assert left(database, lease, Outcome("again", "it broke"))
    row = jobs.find(number)
    assert row is not None
    assert (row.state, row.reason) == ("failed", "given up after 3 failed attempts; the last: it broke")
    assert row.ended_at is not None


def test_what_is_given_back_counts_as_no_failure(jobs: Jobs, person: int, database: Database) -> None:
    number = jobs.add(asked(), person, max_failures=1)
    for attempt in range(1, 4):
        lease = must(taken(database))
        assert lease.attempt == attempt
        assert left(database, lease, Outcome("waiting", "its worker was stopped"))
    assert state(jobs, number) == "waiting"


@pytest.mark.parametrize("outcome", ["waiting", "again"])
@pytest.mark.parametrize(("wanted", "becomes"), [("pause", "paused"), ("cancel", "cancelled")])
def test_what_a_person_wants_is_done_however_the_attempt_ends(
    jobs: Jobs, person: int, database: Database, outcome: str, wanted: str, becomes: str
) -> None:
    number = jobs.add(asked(), person)
    lease = must(taken(database))
    assert getattr(jobs, wanted)(number, person)
    assert left(database, lease, Outcome(outcome))
    assert state(jobs, number) == becomes


def test_a_wish_that_was_taken_back_is_not_done(jobs: Jobs, person: int, database: Database) -> None:
    number = jobs.add(asked(), person)
    lease = must(taken(database))
    jobs.pause(number, person)
    jobs.resume(number, person)
    assert left(database, lease, Outcome("waiting", "stopped as it was wanted"))
    assert state(jobs, number) == "waiting"


def test_a_failure_waits_longer_each_time(jobs: Jobs, person: int, database: Database) -> None:
    number = jobs.add(asked(), person)
    assert left(database, must(taken(database)), Outcome("again"), pause=3600.0)
    assert taken(database) is None
    with database.connect() as connection:
        row = connection.execute("SELECT not_before - now() FROM steelyard.job WHERE id = %s", (number,)).fetchone()
    assert row is not None
    assert 500 < row[0].total_seconds() <= 600


def test_jobs_of_an_endpoint_that_does_not_answer_block_no_others(jobs: Jobs, person: int, database: Database) -> None:
    listed(database, "down", "up")
    down = jobs.add(asked("down", 1), person, priority=9)
    jobs.add(asked("down", 1), person, priority=9)
    other = jobs.add(asked("up"), person)
    lease = must(taken(database))
    assert lease.job == down
    assert left(database, lease, Outcome("again", "nobody answers", rests=True), pause=60.0)
    assert must(taken(database)).job == other
    assert taken(database) is None


def test_a_job_that_has_failed_for_good_leaves_its_endpoint_to_others(
    jobs: Jobs, person: int, database: Database
) -> None:
    listed(database, "gone")
    jobs.add(asked("gone", 1), person, priority=9, max_failures=2)
    other = jobs.add(asked("gone", 1), person)
    assert left(database, must(taken(database)), Outcome("again", "nobody answers", rests=True))
    assert left(database, must(taken(database)), Outcome("again", "nobody answers", rests=True), pause=60.0)
    assert must(taken(database)).job == other


def test_other_versions_of_postgres_do_the_same(team_database: Database) -> None:
    person = a_person(team_database)
    listed(team_database, *"ab")
    with team_database.pool(2) as pool:
        jobs = Jobs(pool)
        number, other = (jobs.add(asked(each), person, max_failures=2) for each in "ab")
        assert left(team_database, must(taken(team_database)), Outcome("again", "it broke", rests=True))
        assert must(taken(team_database)).attempt == 2
        assert must(taken(team_database)).job == other
        expire(team_database)
        assert lost(team_database) == 2
        assert (state(jobs, number), state(jobs, other)) == ("failed", "waiting")
        assert [each.state for each in jobs.events(number)] == ["waiting", "running", "waiting", "running", "failed"]
        with team_database.connect() as connection:
            assert renew_leases(connection, {}, 60) == {}


def test_reasons_are_bounded_and_storable(jobs: Jobs, person: int, database: Database) -> None:
    number = jobs.add(asked(), person, max_failures=1)
    assert left(database, must(taken(database)), Outcome("again", "a\0b" * 1000))
    row = jobs.find(number)
    assert row is not None
    assert len(row.reason) == 1000
    assert "a\N{REPLACEMENT CHARACTER}b" in row.reason


@pytest.mark.parametrize(
    ("line", "tokens"),
    [
        (b'{"completion_tokens":30,"prompt_tokens":120,"type":"attempt"}', (120, 30)),
        (b'{"prompt_tokens":7,"text":"a \\"prompt_tokens\\":9 \xc3\xa9\\\\","type":"attempt"}', (7, 0)),
        (b'{"prompt_tokens":7,"type":"score"}', (0, 0)),
        (b'{"prompt_tokens":null,"type":"attempt"}', (0, 0)),
        (b'{"prompt_tokens":-7,"type":"attempt"}', (0, 0)),
        (b'{"prompt_tokens":999999999999999999999,"type":"attempt"}', (10**15, 0)),
        (b'\xff\x00\\ "type":"attempt" "prompt_tokens":12', (12, 0)),
        (b"", (0, 0)),
    ],
)
def test_what_an_attempt_took_is_read_of_its_line(database: Database, line: bytes, tokens: tuple[int, int]) -> None:
    with database.connect_as_owner() as owner:
        row = owner.execute(
            "SELECT steelyard.tokens_said(%(line)s, 'prompt_tokens'), "
            "steelyard.tokens_said(%(line)s, 'completion_tokens')",
            {"line": line},
        ).fetchone()
    assert row == tokens
