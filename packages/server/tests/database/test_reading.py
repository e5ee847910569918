"""A page's questions cost one round trip each, and a connection that died is never lent."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from packages.server.tests.databases import started
from steelyard_server.database.connection import Database
from steelyard_server.database.reading import LifeCheck, reading


def ended_by_the_server(database: Database, number: int) -> None:
    with database.connect() as other:  # of the same role
        other.execute("SELECT pg_terminate_backend(%s)", (number,))


def test_a_block_that_reads_has_no_transaction_and_leaves_none(database: Database) -> None:
    with database.pool(1) as pool:
        with reading(pool) as connection:
            assert connection.autocommit
            assert connection.execute("SELECT 1").fetchone() == (1,)
            assert connection.info.transaction_status == TransactionStatus.IDLE
        with pytest.raises(psycopg.errors.DivisionByZero), reading(pool) as connection:
            connection.execute("SELECT 1 / 0")
        with pool.connection() as connection:
            assert not connection.autocommit, "who writes has a transaction"
            connection.execute("SELECT 1")
            assert connection.info.transaction_status == TransactionStatus.INTRANS


def test_what_a_block_left_in_the_middle_of_something_is_lent_to_nobody(database: Database) -> None:
    with database.pool(1) as pool:
        with reading(pool) as connection:
            before = connection.info.backend_pid
            connection.execute("BEGIN")
        with reading(pool) as connection:
            assert connection.info.backend_pid != before


def test_a_server_that_ended_is_seen_without_asking_it(data: Path) -> None:
    with started(data) as database, database.pool(1) as pool:
        with reading(pool) as connection:
            before = connection.info.backend_pid
        ended_by_the_server(database, before)
        # What the server says last is on its way to us.
        for _ in range(200):
            with database.connect() as other:
                row = other.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", (before,)).fetchone()
            if row == (0,):
                break
            threading.Event().wait(0.01)
        with reading(pool) as connection:
            assert connection.info.backend_pid != before
            assert connection.execute("SELECT 1").fetchone() == (1,)


def _ask_on(check: LifeCheck, connection: psycopg.Connection[Any]) -> None:
    for _ in range(500):
        check(connection)
        threading.Event().wait(0.01)


def test_a_connection_is_asked_the_first_time_and_not_right_after(database: Database) -> None:
    check = LifeCheck()
    with database.connect() as connection:
        connection.commit()
        check(connection)
        connection.execute("SELECT 1")
        check(connection)
        assert connection.info.transaction_status == TransactionStatus.INTRANS, "it was left alone"
        connection.rollback()
        number = connection.info.backend_pid
        ended_by_the_server(database, number)
        with pytest.raises(psycopg.OperationalError):
            _ask_on(check, connection)
