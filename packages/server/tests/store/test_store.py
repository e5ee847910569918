"""What is committed, when, and what the database refuses."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from packages.server.tests.store.rows import new_run, next_lease
from steelyard.errors import StorageError
from steelyard.evidence import layout
from steelyard.records import Image
from steelyard.storage.journal.media import Media
from steelyard_server.database.connection import Database
from steelyard_server.store.leases import Lease, LeaseLost, give_back, renew, take
from steelyard_server.store.store import PART_BYTES, PostgresStore
from testkit.fixtures import ROOT

NEVER = 3_600.0  # seconds: a batch is closed by its size, or because somebody waits for it


def leased(database: Database, seconds: float = 60.0) -> Lease:
    with database.new_connection() as connection:
        return next_lease(connection, new_run(connection), seconds)


def committed(database: Database, run: int) -> tuple[list[tuple[str, int, bytes]], list[tuple[int, bytes]]]:
    """The lines and the texts of a run."""
    with database.new_connection() as connection:
        lines = connection.execute(
            "SELECT segment, sequence, line FROM steelyard.stored_line WHERE run_id = %s ORDER BY 1, 2", (run,)
        ).fetchall()
        texts = connection.execute(
            "SELECT sequence, line FROM steelyard.stored_text WHERE run_id = %s ORDER BY 1", (run,)
        ).fetchall()
    return lines, texts


def insert(connection: psycopg.Connection[Any], lease: Lease, sequence: int, segment: str = "main") -> None:
    connection.execute(
        "INSERT INTO steelyard.stored_line VALUES (%s, %s, %s, %s, 'x')", (lease.run, segment, sequence, lease.number)
    )


def give(store: PostgresStore, numbers: range) -> None:
    for number in numbers:
        store.text(b"text %d" % number)
        store.line("main", number, b"line %d" % number)


def given(numbers: range) -> tuple[list[tuple[str, int, bytes]], list[tuple[int, bytes]]]:
    return [("main", number, b"line %d" % number) for number in numbers], [(n, b"text %d" % n) for n in numbers]


def test_a_batch_is_committed_when_it_is_full_or_somebody_waits_for_it(database: Database) -> None:
    lease = leased(database)

    async def writes(store: PostgresStore) -> None:
        give(store, range(4))
        await store.room()  # at once
        assert committed(database, lease.run) == ([], [])
        give(store, range(4, 7))
        await store.room()  # until the full batch of five is committed
        assert committed(database, lease.run)[0] == given(range(5))[0]
        await store.committed()
        assert committed(database, lease.run) == given(range(7))
        await store.committed()

    with PostgresStore(database.new_connection, lease, batch_records=5, batch_seconds=NEVER) as store:
        asyncio.run(writes(store))
        give(store, range(7, 9))
    assert committed(database, lease.run) == given(range(9))  # and those that were left at the end
    with database.new_connection() as connection:
        assert next_lease(connection, lease.run).number == 2  # the lease was given back
        with pytest.raises(StorageError):
            give(store, range(9, 10))


def test_a_batch_is_closed_by_its_time(database: Database) -> None:
    lease = leased(database)
    with PostgresStore(database.new_connection, lease, batch_seconds=0.01) as store:
        give(store, range(1))
        while not committed(database, lease.run)[0]:
            time.sleep(0.01)


def test_a_lease_is_renewed_while_nothing_is_written(database: Database) -> None:
    lease = leased(database, 1.0)
    with PostgresStore(database.new_connection, lease), database.new_connection() as connection:
        for _ in range(15):
            assert take(connection, lease.run, "b", 60.0) is None
            time.sleep(0.1)


def test_texts_and_lines_are_committed_together_or_not_at_all(database: Database) -> None:
    lease = leased(database)
    store = PostgresStore(database.new_connection, lease, batch_seconds=NEVER)
    give(store, range(3))
    store.line("Not a segment", 0, b"x")
    with pytest.raises(StorageError, match=r"the database: .*stored_line_segment_check"):
        asyncio.run(store.committed())
    store.close()
    assert committed(database, lease.run) == ([], [])


def test_a_line_that_does_not_follow_is_refused(database: Database) -> None:
    lease = leased(database)
    with database.new_connection() as connection:
        for sequence in (1, 7):
            with pytest.raises(psycopg.errors.RestrictViolation, match="a line of main is left out"):
                insert(connection, lease, sequence)
        insert(connection, lease, 0)
        insert(connection, lease, 0, "other")
        with pytest.raises(psycopg.errors.UniqueViolation):
            insert(connection, lease, 0)
        with pytest.raises(psycopg.errors.RestrictViolation):
            connection.execute(
                "INSERT INTO steelyard.stored_line SELECT %s, 'main', n, 1, 'x' FROM unnest(ARRAY[1, 3]) AS n",
                (lease.run,),
            )


@pytest.mark.parametrize(
    "table", ["stored_line VALUES (%s, 'main', 0, %s, 'x')", "stored_text VALUES (%s, 0, %s, 'x')"]
)
def test_writes_under_another_lease_than_the_last_are_refused(database: Database, table: str) -> None:
    statement = f"INSERT INTO steelyard.{table}".encode()
    with database.new_connection() as connection:
        run = new_run(connection)
        for number in (0, 1):  # none was taken yet
            with pytest.raises(psycopg.DatabaseError, match=f"lease {number} of run {run} is over"):
                connection.execute(statement, (run, number))
        give_back(connection, next_lease(connection, run))
        next_lease(connection, run)
        for number in (1, 3):
            with pytest.raises(psycopg.DatabaseError, match=f"lease {number} of run {run} is over"):
                connection.execute(statement, (run, number))
        connection.execute(statement, (run, 2))
        with pytest.raises(psycopg.errors.ForeignKeyViolation, match="there is no run 999999"):
            connection.execute(statement, (999_999, 1))


def test_what_another_process_wrote_ends_it(database: Database) -> None:
    lease = leased(database)
    with database.new_connection() as connection:
        insert(connection, lease, 0)
    store = PostgresStore(database.new_connection, lease)
    give(store, range(1))
    with pytest.raises(LeaseLost, match="another process wrote there"):
        asyncio.run(store.committed())
    store.close()


def test_after_its_lease_no_call_is_sent(database: Database) -> None:
    lease = leased(database)
    store = PostgresStore(database.new_connection, lease)
    with database.new_connection() as connection:
        give_back(connection, lease)
        for wait in (store.room, store.committed):
            give(store, range(1)) if wait == store.committed else None
            with pytest.raises(LeaseLost):
                asyncio.run(_awaited(wait))
    store.close()
    assert committed(database, lease.run) == ([], [])


async def _awaited(wait: Callable[[], Awaitable[None]]) -> None:
    await wait()


def test_a_connection_that_breaks_between_batches_is_made_anew(database: Database) -> None:
    lease = leased(database)

    async def writes(store: PostgresStore) -> None:
        for number in range(0, 50, 5):
            give(store, range(number, number + 5))
            await store.committed()
            _terminate(database, "")

    with PostgresStore(database.new_connection, lease) as store:
        asyncio.run(writes(store))
    assert committed(database, lease.run) == given(range(50))


def test_a_connection_that_breaks_within_a_batch_commits_it_once(database: Database) -> None:
    """The statement waits for the run's lock when its connection is ended; for all we know it was committed."""
    lease = leased(database)
    with PostgresStore(database.new_connection, lease) as store, database.new_connection() as connection:
        with connection.transaction():
            renew(connection, Lease(lease.run, lease.number, 60.0, 0.0))
            give(store, range(3))
            for _ in range(3):
                while not _terminate(database, " AND wait_event_type = 'Lock'"):
                    time.sleep(0.01)
        asyncio.run(store.committed())
    assert committed(database, lease.run) == given(range(3))


def test_a_batch_whose_commit_was_not_heard_of_is_not_written_twice(database: Database) -> None:
    lease = leased(database)
    with database.new_connection() as connection:
        connection.execute("INSERT INTO steelyard.stored_text VALUES (%s, 0, 1, 'text 0')", (lease.run,))
        connection.execute("INSERT INTO steelyard.stored_line VALUES (%s, 'main', 0, 1, 'line 0')", (lease.run,))
    with PostgresStore(database.new_connection, lease) as store:  # as this batch finds it when it tries again
        give(store, range(1))
        asyncio.run(store.committed())
    assert committed(database, lease.run) == given(range(1))


def _terminate(database: Database, which: str) -> int:
    """End the connections of the store's thread, as an administrator does; how many they were."""
    query = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = current_user "
        "AND pid <> pg_backend_pid() AND query LIKE '%stored_%' AND query NOT LIKE '%pg_stat%'"
    )
    with database.new_connection() as connection:
        row = connection.execute((query + which).encode()).fetchone()
        assert row is not None
        return int(row[0])


def test_files_and_images_are_kept(database: Database, tmp_path: Path) -> None:
    lease = leased(database)
    large, small = os.urandom(PART_BYTES + 5), b"small"

    async def writes(store: PostgresStore) -> None:
        media = Media(tmp_path, store)
        await media.keep([Image(media_type="image/png", sha256=each * 64, data=data) for each, data in images.items()])
        media.close()
        (tmp_path / layout.PLAN).write_bytes(b"{}")
        (tmp_path / layout.SCORES).write_bytes(b"")
        await store.keep_files(tmp_path)
        (tmp_path / layout.CHECKPOINTS).write_bytes(large)
        await store.keep_files(tmp_path)
        await store.keep_files(tmp_path)  # nothing is new

    images = {"a": large, "b": small}
    with PostgresStore(database.new_connection, lease) as store:
        asyncio.run(writes(store))
    with database.new_connection() as connection:
        parts = connection.execute(
            'SELECT name, part, data FROM steelyard.stored_file WHERE run_id = %s ORDER BY name COLLATE "C", part',
            (lease.run,),
            binary=True,
        ).fetchall()
    assert parts == [
        (layout.CHECKPOINTS, 0, large[:PART_BYTES]),
        (layout.CHECKPOINTS, 1, large[PART_BYTES:]),
        (layout.media_of("a" * 64), 0, large[:PART_BYTES]),
        (layout.media_of("a" * 64), 1, large[PART_BYTES:]),
        (layout.media_of("b" * 64), 0, small),
        (layout.PLAN, 0, b"{}"),
        (layout.SCORES, 0, b""),
    ]


def test_a_process_that_was_stopped_writes_nothing_when_it_wakes(database: Database) -> None:
    """Without the handler of SIGCONT: the database alone refuses what it still holds, and what it goes on to give."""
    lease = leased(database, 1.0)
    arguments = {"parameters": dict(database._application), "run": lease.run, "number": 1, "seconds": 1.0}
    with database.new_connection() as connection:
        renewing = threading.Event()

        def keep() -> None:  # until the process has begun, which takes as long as it takes
            with database.new_connection() as own:
                while not renewing.wait(0.1):
                    renew(own, lease)

        keeper = threading.Thread(target=keep)
        keeper.start()
        process = subprocess.Popen(
            [sys.executable, "-m", "packages.server.tests.store.writer", json.dumps(arguments)],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        while len(committed(database, lease.run)[0]) < 25:
            assert process.poll() is None
            time.sleep(0.01)
        renewing.set()
        keeper.join()
        process.send_signal(signal.SIGSTOP)
        next_lease(connection, lease.run)
        before = committed(database, lease.run)
        process.send_signal(signal.SIGCONT)
        output, _ = process.communicate()
        assert f"the lease of run {lease.run} is over" in output
    assert committed(database, lease.run) == before
    assert [number for _, number, _ in before[0]] == [*range(len(before[0]))]
    assert len(before[1]) >= len(before[0])
