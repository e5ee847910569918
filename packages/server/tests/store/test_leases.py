"""Leases: one at a time, numbered upwards, over for ever when they are over; in every version of PostgreSQL."""

from __future__ import annotations

import itertools
import time
from typing import Any

import psycopg
import pytest

from packages.server.tests.store.rows import new_run, next_lease
from steelyard.errors import InputError
from steelyard_server.database.connection import Database
from steelyard_server.store.leases import Lease, LeaseLost, give_back, renew, seconds_now, take

LONG = 60.0
SHORT = 0.2


def test_one_process_at_a_time_holds_a_run(database: Database) -> None:
    with database.new_connection() as connection, database.new_connection() as other:
        run = new_run(connection)
        first = take(connection, run, "a", LONG)
        assert first is not None
        assert (first.number, first.is_over) == (1, False)
        assert take(other, run, "b", LONG) is None
        renew(connection, first)
        assert take(other, new_run(other), "b", LONG) is not None  # another run
        give_back(connection, first)
        assert first.is_over
        second = take(other, run, "b", LONG)
        assert second is not None
        assert second.number == 2
        with pytest.raises(LeaseLost, match=f"the lease of run {run} is over"):
            renew(connection, first)
        renew(other, second)


def test_a_lease_that_ran_out_never_begins_again(database: Database) -> None:
    with database.new_connection() as connection:
        run = new_run(connection)
        first = take(connection, run, "a", SHORT)
        assert first is not None
        while not is_over_there(connection, first):
            time.sleep(0.05)
        assert first.is_over  # by our own clock never later
        for ended in (renew, give_back):
            with pytest.raises(LeaseLost):
                ended(connection, first)
        assert next_lease(connection, run).number == 2


def is_over_there(connection: psycopg.Connection[Any], lease: Lease) -> bool:
    query = "SELECT until <= clock_timestamp() FROM steelyard.lease WHERE run_id = %s AND number = %s"
    row = connection.execute(query, (lease.run, lease.number)).fetchone()
    assert row is not None
    return bool(row[0])


def test_what_cannot_be_taken(database: Database) -> None:
    with database.new_connection() as connection:
        run = new_run(connection)
        for seconds in (0.0, -1.0, 601.0, float("nan")):
            with pytest.raises(ValueError, match="a lease has up to 600 seconds"):
                take(connection, run, "a", seconds)
        with pytest.raises(ValueError, match="a lease has a holder"):
            take(connection, run, "", LONG)
        with pytest.raises(InputError, match="there is no run 999999 in the database"):
            take(connection, 999_999, "a", LONG)
        lease = next_lease(connection, run)
        connection.execute(
            "INSERT INTO steelyard.stored_file VALUES (%s, 'bundle.dsse.json', %s, 0, '{}')", (run, lease.number)
        )
        give_back(connection, lease)
        with pytest.raises(InputError, match=f"run {run} is finished and sealed"):
            take(connection, run, "a", LONG)


def test_a_lease_that_another_transaction_takes_is_waited_for(database: Database) -> None:
    """Two that come at one time: the second sees the first's lease, and not the moment before it."""
    with database.new_connection() as connection, database.new_connection() as other:
        run = new_run(connection)
        with connection.transaction():
            assert take(connection, run, "a", LONG) is not None
            other.execute("SET lock_timeout = 100")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                take(other, run, "b", LONG)
        assert take(other, run, "b", LONG) is None


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("application", "SELECT steelyard.check_lease(1, 1)"),  # the owner may ask
        *itertools.product(
            ["application", "owner"],
            [
                "DELETE FROM steelyard.lease",
                "UPDATE steelyard.lease SET holder = 'me'",
                "UPDATE steelyard.lease SET number = number + 1",
                "UPDATE steelyard.lease SET begun_at = now()",
                "UPDATE steelyard.lease SET until = now() + interval '1 hour'",
                "TRUNCATE steelyard.lease",
                "UPDATE steelyard.stored_run SET project_id = 1",
                "DELETE FROM steelyard.stored_run",
                "UPDATE steelyard.stored_line SET lease = 9",
                "DELETE FROM steelyard.stored_line",
                "UPDATE steelyard.stored_text SET line = ''",
                "DELETE FROM steelyard.stored_text",
                "UPDATE steelyard.stored_file SET data = ''",
                "DELETE FROM steelyard.stored_file",
                "TRUNCATE steelyard.stored_line, steelyard.stored_text, steelyard.stored_file",
            ],
        ),
    ],
)
def test_nothing_that_is_written_is_changed(database: Database, role: str, statement: str) -> None:
    with database.new_connection() as connection:
        run = new_run(connection)
        lease = next_lease(connection, run)
        connection.execute("INSERT INTO steelyard.stored_line VALUES (%s, 'main', 0, %s, 'x')", (run, lease.number))
        connection.execute("INSERT INTO steelyard.stored_text VALUES (%s, 0, %s, 'x')", (run, lease.number))
        connection.execute("INSERT INTO steelyard.stored_file VALUES (%s, 'x', %s, 0, 'x')", (run, lease.number))
    connecting = database.connect() if role == "application" else database.connect_as_owner()
    with connecting as connection, pytest.raises(psycopg.DatabaseError) as refused:
        connection.execute(statement.encode())
    assert refused.value.sqlstate in ("42501", "23001", "LE001")  # no right, never, not under this lease


@pytest.mark.parametrize(
    ("number", "until"), [(1, "now() + interval '11 minutes'"), (1, "now() - interval '1 second'"), (7, "now()")]
)
def test_a_lease_that_nobody_may_have_is_refused(database: Database, number: int, until: str) -> None:
    with database.new_connection() as connection:
        run = new_run(connection)
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute(
                f"INSERT INTO steelyard.lease (run_id, number, holder, until) VALUES (%s, %s, 'a', {until})".encode(),
                (run, number),
            )


def test_an_old_snapshot_may_not_write(database: Database) -> None:
    """It would not see the lease that another process took since."""
    with database.new_connection() as connection:
        run = new_run(connection)
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        refused = pytest.raises(psycopg.DatabaseError, match="only a transaction that is read committed")
        with refused, connection.transaction():
            take(connection, run, "a", LONG)


def test_the_same_holds_in_older_versions(team_database: Database) -> None:
    with team_database.new_connection() as connection:
        run = new_run(connection)
        lease = next_lease(connection, run)
        assert take(connection, run, "b", LONG) is None
        assert lease.over_at > seconds_now()
        give_back(connection, lease)
        with pytest.raises(psycopg.DatabaseError, match=f"lease 1 of run {run} is over"):
            connection.execute("INSERT INTO steelyard.stored_line VALUES (%s, 'main', 0, 1, 'x')", (run,))
