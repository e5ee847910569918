from __future__ import annotations

import threading

import pytest

from packages.server.tests.jobs.from_a_pool import Jobs
from packages.server.tests.jobs.yard import Yard, a_person, a_run, wait_for
from steelyard_server.jobs.attempt import JobAttempt
from steelyard_server.jobs.leases import Lease, take_job
from steelyard_server.jobs.messages import clock, read_progress
from steelyard_server.jobs.specification import Specification
from testkit.fixtures import SumsServer


class Tried:
    """An attempt of this process on the yard, without a worker around it."""

    def __init__(self, yard: Yard, specification: Specification, seconds: float = 60.0) -> None:
        self.said = ""
        self.is_over = threading.Event()
        with yard.database.pool(1) as pool:
            self.number = Jobs(pool).add(specification, a_person(yard.database, f"tried {clock()}"), max_failures=1)
        with yard.database.connect() as connection:
            lease = take_job(connection, "here", seconds)
        assert lease is not None
        self.lease: Lease = lease
        self.attempt = JobAttempt(lease, clock() + seconds, yard.data, "here", 0.0, self._end)

    def _end(self, _: JobAttempt, said: str) -> None:
        self.said = said
        self.is_over.set()

    def wait(self) -> str:
        assert self.is_over.wait(120)
        self.attempt.join(10)
        return self.said


def state(yard: Yard, number: int) -> tuple[str, str]:
    with yard.database.pool(1) as pool:
        row = Jobs(pool).find(number)
    assert row is not None
    return row.state, row.reason


def test_a_failure_for_good_says_why(yard: Yard) -> None:
    tried = Tried(yard, a_run(yard.endpoint("http://127.0.0.1:1/v1"), scorer="no-such-scorer"))
    tried.attempt.start()
    assert tried.wait().startswith("failed: ")
    assert state(yard, tried.number)[0] == "failed"
    assert "no-such-scorer" in state(yard, tried.number)[1]


def test_a_folder_that_is_there_already_is_a_failure(yard: Yard) -> None:
    tried = Tried(yard, a_run(yard.endpoint("http://127.0.0.1:1/v1")))
    (yard.data.jobs / str(tried.number) / f"{tried.number}-1").mkdir(parents=True)
    tried.attempt.start()
    assert tried.wait() == "again: the worker cannot use its folder: File exists"


def test_what_is_stopped_before_it_begins_is_given_back(yard: Yard) -> None:
    tried = Tried(yard, a_run(yard.endpoint("http://127.0.0.1:1/v1")))
    tried.attempt.wish("stop")
    tried.attempt.start()
    assert tried.wait() == "waiting: its worker was stopped"
    assert state(yard, tried.number) == ("waiting", "its worker was stopped")


@pytest.mark.parametrize("is_late", [True, False])
def test_a_lost_lease_kills_and_writes_nothing(yard: Yard, sums_server: SumsServer, is_late: bool) -> None:
    sums_server.seconds = lambda _: 30.0
    tried = Tried(yard, a_run(yard.endpoint(sums_server.url)))
    tried.attempt.start()
    wait_for(lambda: sums_server.asked)
    if is_late:
        tried.attempt.renew(clock() - 1.0)  # the process finds out by itself
    else:
        tried.attempt.lose()
    assert tried.wait().startswith("the lease was lost")
    assert state(yard, tried.number)[0] == "running"


def test_a_finished_jobs_answers_are_all_of_them(yard: Yard, sums_server: SumsServer) -> None:
    """Nobody renews the lease here, and so nobody writes how far it is on the way."""
    tried = Tried(yard, a_run(yard.endpoint(sums_server.url), count=7))
    tried.attempt.start()
    assert tried.wait().startswith("finished: ")
    with yard.database.connect() as connection:
        kept = connection.execute("SELECT progress FROM steelyard.job WHERE id = %s", (tried.number,)).fetchone()
    assert kept is not None
    progress = read_progress(kept[0])
    assert progress is not None
    assert (progress.answered, progress.planned) == (7, 7)
