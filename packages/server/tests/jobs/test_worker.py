from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from packages.server.tests.jobs.from_a_pool import Jobs
from packages.server.tests.jobs.yard import Yard, a_person, a_project, a_run, an_endpoint, wait_for, when_ended
from packages.server.tests.site import Site, environment
from steelyard.errors import InputError
from steelyard_server.database.connection import existing_database
from steelyard_server.database.folder import open_data_folder
from steelyard_server.jobs.leases import take_job
from steelyard_server.jobs.specification import Resumption
from steelyard_server.jobs.worker import worker_settings
from testkit.fixtures import SumsServer


def test_a_worker_has_a_name() -> None:
    assert worker_settings("gpu-1", 4).concurrency == 4
    assert worker_settings("", 1).name
    with pytest.raises(InputError, match="--name takes"):
        worker_settings("a b", 1)


# Slow: the fast run pauses a job by its page in ../pages/test_jobs.py, and asks nothing twice after a SIGTERM below.
@pytest.mark.slow
def test_a_job_is_paused_resumed_and_done_without_asking_anything_twice(yard: Yard, sums_server: SumsServer) -> None:
    sums_server.seconds = lambda _: 0.1
    with yard.database.pool(2) as pool:
        jobs = Jobs(pool)
        person = a_person(yard.database, "pauses")
        number = jobs.add(a_run(yard.endpoint(sums_server.url), 60), person)
        yard.start("pausing", 3.0)
        wait_for(lambda: len(sums_server.asked) > 5)
        assert jobs.pause(number, person)
        wait_for(lambda: (row := jobs.find(number)) is not None and row.state == "paused")
        assert jobs.resume(number, person)
        row = when_ended(jobs, number)
    assert (row.state, row.attempt, row.failures) == ("finished", 2, 0)
    assert {times for prompt, times in sums_server.asked.items() if prompt.startswith("What is")} == {1}
    assert (yard.data.jobs / str(number) / f"{number}-2" / "run").is_dir()
    assert not (yard.data.jobs / str(number) / f"{number}-1").exists()


def test_a_job_whose_worker_is_killed_again_and_again_ends_as_long_as_it_gets_answers(
    yard: Yard, sums_server: SumsServer
) -> None:
    sums_server.seconds = lambda _: 0.05
    with yard.database.pool(2) as pool:
        jobs = Jobs(pool)
        person = a_person(yard.database, "is killed again and again")
        number = jobs.add(a_run(yard.endpoint(sums_server.url), 90), person, max_failures=1)
        for worker in ("killed-once", "killed-twice"):
            process, asked = yard.start(worker, 2.0), len(sums_server.asked)
            while len(sums_server.asked) <= asked + 40:
                time.sleep(0.05)
            process.kill()
            process.wait()
        yard.start("is-not", 2.0)
        row = when_ended(jobs, number)
    assert (row.state, row.attempt, row.failures) == ("finished", 3, 0)


def test_a_lost_job_that_cannot_be_ended_keeps_no_other_from_being_taken(yard: Yard, sums_server: SumsServer) -> None:
    name = yard.endpoint(sums_server.url, 8)
    with yard.database.pool(2) as pool, yard.database.connect_as_owner() as owner:
        jobs = Jobs(pool)
        person = a_person(yard.database, "loses")
        lost = jobs.add(a_run(name, 2, concurrency=1), person)
        with yard.database.connect() as connection:
            assert take_job(connection, "was killed", 60.0) is not None
        owner.execute("UPDATE steelyard.job SET leased_until = now() WHERE id = %s", (lost,))
        free = jobs.add(a_run(name, 2, concurrency=1), person)
        with owner.transaction():
            owner.execute("SELECT pg_advisory_xact_lock(8101738236440)")  # as an attempt that ends slowly holds it
            yard.start("goes past", 6.0)
            wait_for(lambda: (row := jobs.find(free)) is not None and row.state == "running")
            row = jobs.find(lost)
            assert row is not None
            assert (row.state, row.worker) == ("running", "was killed")
        assert [when_ended(jobs, each).state for each in (lost, free)] == ["finished", "finished"]
    assert any(line["message"] == "a lost job could not be ended" for line in yard.said("goes past"))


def test_one_projects_flood_holds_up_no_other_project(yard: Yard, sums_server: SumsServer) -> None:
    with yard.database.pool(2) as pool:
        person = a_person(yard.database, "floods")
        flood, other = (Jobs(pool, a_project(yard.database, each, person)) for each in ("flood", "one-job"))
        name = yard.endpoint(sums_server.url)
        many = [flood.add(a_run(name, 2), person) for _ in range(4)]
        one = other.add(a_run(name, 2, first=50), person)
        yard.start("takes turns", 6.0)
        assert when_ended(other, one).state == "finished"
        states = [row.state for each in many if (row := flood.find(each)) is not None]
        # Of the flood one came before it, and one may have been taken since.
        assert states[0] == "finished"
        assert states[2:] == ["waiting", "waiting"]
        yard.end_workers()


def test_sigterm_gives_jobs_back_and_another_worker_goes_on(yard: Yard, sums_server: SumsServer) -> None:
    sums_server.seconds = lambda _: 0.1
    with yard.database.pool(2) as pool:
        jobs = Jobs(pool)
        number = jobs.add(a_run(yard.endpoint(sums_server.url), 24), a_person(yard.database, "stops"))
        first = yard.start("first", 5.0)
        wait_for(lambda: len(sums_server.asked) > 5)
        first.terminate()
        assert first.wait(60) == 0
        row = jobs.find(number)
        assert row is not None
        assert (row.state, row.reason, row.failures) == ("waiting", "its worker was stopped", 0)
        yard.start("second", 5.0)
        assert when_ended(jobs, number).worker == "second"
    assert {times for prompt, times in sums_server.asked.items() if prompt.startswith("What is")} == {1}


def test_a_second_sigterm_cuts(yard: Yard, sums_server: SumsServer) -> None:
    sums_server.seconds = lambda _: 60.0
    with yard.database.pool(2) as pool:
        jobs = Jobs(pool)
        number = jobs.add(a_run(yard.endpoint(sums_server.url), 4), a_person(yard.database, "cuts"))
        worker = yard.start("cut", 5.0)
        wait_for(lambda: sums_server.asked)
        worker.terminate()
        wait_for(lambda: any(line["message"].startswith("stopping") for line in yard.said("cut")))
        worker.terminate()
        assert worker.wait(60) == 0
        row = jobs.find(number)
        assert row is not None
        assert row.state in ("waiting", "running")  # given back, or left to its lease


# Slow: the fast run stops a process in test_child.py, and has one job of an endpoint at a time in test_leases.py.
@pytest.mark.slow
def test_a_cancelled_job_ends_and_its_endpoint_is_free(yard: Yard, sums_server: SumsServer) -> None:
    sums_server.seconds = lambda wrong: 0.3
    with yard.database.pool(2) as pool:
        jobs = Jobs(pool)
        person = a_person(yard.database, "cancels")
        long = jobs.add(a_run(yard.endpoint(sums_server.url), 500), person)
        short = jobs.add(a_run(yard.endpoint(sums_server.url), 2, first=700), person)
        yard.start("cancelling", 3.0, concurrency=2)
        wait_for(lambda: len(sums_server.asked) > 3)
        waiting = jobs.find(short)
        assert waiting is not None
        assert waiting.state == "waiting"  # one at a time of an endpoint, though the worker has room
        assert jobs.cancel(long, person, "too long")
        assert when_ended(jobs, long).state == "cancelled"
        assert when_ended(jobs, short).state == "finished"


def test_a_job_whose_endpoint_is_down_waits_and_can_be_resumed_by_another(yard: Yard, sums_server: SumsServer) -> None:
    sums_server.status = lambda prompt, times: 401
    with yard.database.pool(2) as pool:
        jobs = Jobs(pool)
        person = a_person(yard.database, "no key")
        number = jobs.add(a_run(yard.endpoint(sums_server.url)), person, max_failures=2)
        yard.start("refused", 3.0)
        row = when_ended(jobs, number)
        assert (row.state, row.failures) == ("failed", 2)
        assert row.reason.startswith("given up after 2 failed attempts")
        sums_server.status = lambda prompt, times: 200
        again = when_ended(jobs, jobs.add(Resumption(number), person))
        assert (again.state, again.resumes) == ("finished", number)


def test_it_waits_for_a_platform_that_does_not_run(data: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "packages.server.tests.jobs.short_worker", str(data), "early", "2"],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    assert "no steelyard serve runs on this folder" in process.stderr.readline()
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_beside_steelyard_serve_a_job_becomes_a_run_with_a_page(site: Site, sums_server: SumsServer) -> None:
    browser = site.administrator()
    database = existing_database(open_data_folder(site.data), {})
    command = [sys.executable, "-m", "steelyard", "worker", "--data", str(site.data), "--name", "beside"]
    with (
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment()) as worker,
        database.pool(1) as pool,
    ):
        jobs = Jobs(pool)
        row = when_ended(
            jobs, jobs.add(a_run(an_endpoint(database, sums_server.url)), a_person(database, "asks beside"))
        )
        assert (row.state, row.worker) == ("finished", "beside")
        with database.connect() as connection:
            found = connection.execute("SELECT seal_sha256 FROM steelyard.run WHERE id = %s", (row.run,)).fetchone()
        worker.terminate()
        said = worker.communicate(timeout=60)[1]
    assert worker.returncode == 0
    assert said.startswith("worker beside does jobs of ")
    assert found is not None
    shown = browser.get(f"/p/default/runs/{found[0]}")
    assert shown.status == 200
    assert f"This server made it itself, as its job {row.id}, and signed it with this project's key" in shown.text
    assert ", asked for by asks beside" in shown.text
    assert "not here any more" not in shown.text
    keys = site.data / "secrets" / "projects"
    keys.rename(keys.with_name("lost"))
    try:
        lost = browser.get(f"/p/default/runs/{found[0]}").text
    finally:
        keys.with_name("lost").rename(keys)
    assert "signed it with this project's key, which is not here any more" in lost
