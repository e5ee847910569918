"""A worker says that it is here, what it has and when it ends; one that was killed is gone."""

from __future__ import annotations

from functools import partial

from packages.server.tests.jobs.from_a_pool import Jobs
from packages.server.tests.jobs.yard import Yard, a_person, a_run, wait_for, when_ended
from steelyard_server.database.connection import Database
from steelyard_server.jobs.rows import why_it_waits
from steelyard_server.jobs.workers import Presence, WorkerRow, workers_seen
from testkit.fixtures import SumsServer


def seen(database: Database, name: str) -> list[WorkerRow]:
    with database.connect() as connection:
        return [each for each in workers_seen(connection) if each.name == name]


def age(database: Database, name: str, days: int = 0) -> None:
    """As if a worker had not been heard of for a minute and so many days."""
    with database.connect_as_owner() as connection:
        connection.execute(
            "UPDATE steelyard.worker SET seen_at = seen_at - interval '1 minute' - make_interval(days => %s) "
            "WHERE name = %s",
            (days, name),
        )


def test_a_row_for_each_start_of_which_the_last_is_shown(database: Database) -> None:
    with database.connect() as connection:
        connection.autocommit = True
        first, second = (Presence("twice", 2, "steelyard 0") for _ in range(2))
        first.note(connection)
        first.note(connection, "no room")
        (row,) = seen(database, "twice")
        assert (row.is_alive, row.is_gone, row.problem, row.concurrency) == (True, False, "no room", 2)
        age(database, "twice")
        (row,) = seen(database, "twice")
        assert (row.is_alive, row.is_gone, row.ended_at) == (False, True, None)
        second.note(connection)
        (row,) = seen(database, "twice")
        assert (row.is_alive, row.problem) == (True, "")
        second.end(connection)
        (row,) = seen(database, "twice")
        assert (row.is_alive, row.is_gone) == (False, False)
        first.note(connection)  # it was only stopped
        assert [each.is_alive for each in seen(database, "twice")] == [True, False]


def test_a_row_that_was_deleted_is_made_again_and_old_ones_are_not_shown(database: Database) -> None:
    with database.connect() as connection:
        connection.autocommit = True
        presence = Presence("anew", 1, "steelyard 0")
        presence.note(connection)
        age(database, "anew", 8)
        assert seen(database, "anew") == []
        with database.connect_as_owner() as owner:
            owner.execute("SELECT steelyard.retain_workers_since(now() - interval '7 days')")
        presence.note(connection)
        assert [each.is_alive for each in seen(database, "anew")] == [True]


def one_is_alive(database: Database, name: str) -> bool:
    return any(each.is_alive for each in seen(database, name))


def test_a_worker_is_alive_has_its_job_and_is_gone_when_it_was_killed(yard: Yard, sums_server: SumsServer) -> None:
    sums_server.seconds = lambda _: 60.0
    with yard.database.pool(2) as pool:
        jobs = Jobs(pool)
        number = jobs.add(a_run(yard.endpoint(sums_server.url)), a_person(yard.database, "asks killed"))
        with yard.database.connect() as connection:
            assert why_it_waits(connection, number) == "nobody"
        killed, ended = yard.start("killed", 30.0), yard.start("ended", 30.0)
        wait_for(
            lambda: any(
                each.jobs == (number,) for each in (*seen(yard.database, "killed"), *seen(yard.database, "ended"))
            )
        )
        for name in ("killed", "ended"):
            wait_for(partial(one_is_alive, yard.database, name))
        killed.kill()
        killed.wait()
        ended.terminate()
        assert ended.wait(60) == 0
        age(yard.database, "killed")
        ((gone,), (over,)) = seen(yard.database, "killed"), seen(yard.database, "ended")
        assert (gone.is_alive, gone.is_gone) == (False, True)
        assert (over.is_gone, over.ended_at is not None, over.jobs) == (False, True, ())


def test_on_a_full_disk_no_job_is_started_and_that_is_said(yard: Yard, sums_server: SumsServer) -> None:
    with yard.database.pool(2) as pool:
        jobs = Jobs(pool)
        number = jobs.add(a_run(yard.endpoint(sums_server.url)), a_person(yard.database, "asks full"))
        yard.start("full", 5.0, least_free=1 << 62)
        (row,) = wait_for(lambda: seen(yard.database, "full"))
        assert "no job is started: make room" in row.problem
        with yard.database.connect() as connection:
            assert why_it_waits(connection, number) == "disk"
        wait_for(lambda: any(line["message"] == "no job is taken" for line in yard.said("full")))
        yard.end_workers()
        yard.start("roomy", 5.0)
        assert when_ended(jobs, number).worker == "roomy"
