"""Two writers of runs in the database, beside the same work into a folder: records/s, and ms from answer to commit.

``python -m bench.server.store [--records N] [--pace N] [--folder FOLDER]``. Each writer is a process with a run of its
own. A record is a journal's line of an answer, with two texts: what was asked, and what was answered. Flat out a writer
waits for nothing but room in the store; paced it has so many answers a second, as an endpoint gives them. *Made before*
is the store by itself: lines and texts are there as bytes, and no folder is written.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import multiprocessing
import os
import platform
import shutil
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from steelyard.evidence.canonical import canonical
from steelyard.evidence.layout import MAIN_SEGMENT
from steelyard.records import Attempt, Outcome
from steelyard.storage.journal.lines import encode, new_header
from steelyard.storage.journal.texts import Texts
from steelyard.storage.journal.writer import Journal
from steelyard.storage.store import FolderStore, Store
from steelyard_server.database.connection import Database, open_database
from steelyard_server.database.folder import open_data_folder
from steelyard_server.database.migrate import apply_migrations
from steelyard_server.store.folders import write_folder
from steelyard_server.store.leases import take
from steelyard_server.store.store import BATCH_SECONDS, PostgresStore

WRITERS = 2
BATCH = 100
QUESTION = "What is the sum of these numbers, and how did you find it? " * 8  # 472 characters
ANSWER = "First I add the tens, then I add the ones, and so I find it. " * 16  # 976 characters
LEASE_SECONDS = 10.0


@dataclass(frozen=True)
class Done:
    """Seconds from when all writers are ready to the last commit, and of processor time by then."""

    seconds: float
    cpu: float
    backend_cpu: float = 0.0
    milliseconds: tuple[float, ...] = ()


@dataclass(frozen=True)
class Work:
    """What one writer does; without ``parameters`` of a connection into its folder alone."""

    number: int
    records: int
    pace: float
    seconds: float
    made_before: bool
    by_copy: bool
    folder: str
    parameters: dict[str, Any] | None


class TimedStore(PostgresStore):
    """Notes for each line how long it took from its answer to its commit, in milliseconds."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._given_at: dict[tuple[str, int], float] = {}
        self.milliseconds: list[float] = []
        super().__init__(*args, **options)

    def line(self, segment: str, sequence: int, line: bytes) -> None:
        """Take a line."""
        self._given_at[segment, sequence] = time.perf_counter()
        super().line(segment, sequence, line)

    def _commit(self, batch: list[Any]) -> None:
        super()._commit(batch)
        now = time.perf_counter()
        for given in batch:
            began = self._given_at.pop((getattr(given, "segment", ""), getattr(given, "sequence", -1)), None)
            if began is not None:
                self.milliseconds.append((now - began) * 1e3)


class CopyStore(TimedStore):
    """Commits each batch by COPY, in a transaction of several messages: what the store does not do."""

    def _insert_lines(self, connection: Any, batch: list[Any], *, again: bool) -> None:
        run, lease = self._lease.run, self._lease.number
        with connection.transaction(), connection.cursor() as cursor:
            into = "COPY steelyard.stored_text (run_id, sequence, lease, line) FROM STDIN (FORMAT binary)"
            with cursor.copy(into) as copy:
                copy.set_types(["int8", "int8", "int4", "bytea"])
                for each in batch:
                    if not hasattr(each, "segment"):
                        copy.write_row((run, each.sequence, lease, each.line))
            into = "COPY steelyard.stored_line (run_id, segment, sequence, lease, line) FROM STDIN (FORMAT binary)"
            with cursor.copy(into) as copy:
                copy.set_types(["int8", "text", "int8", "int4", "bytea"])
                for each in batch:
                    if hasattr(each, "segment"):
                        copy.write_row((run, each.segment, each.sequence, lease, each.line))


async def give(work: Work, store: Store, ready: Any) -> Done:
    """Give the store lines that were made before."""
    text = canonical({"sha256": "a" * 64, "text": ANSWER})
    lines = [encode(answer(number, "a" * 64, "a" * 64)) for number in range(work.records)]
    await asyncio.to_thread(ready.wait)
    began, cpu = time.perf_counter(), time.process_time()
    for number, line in enumerate(lines):
        store.text(text)
        store.text(text)
        store.line("main", number, line)
    await store.committed()
    return Done(time.perf_counter() - began, time.process_time() - cpu)


def answer(number: int, item: str, text: str) -> Attempt:
    """The record of an answer."""
    return Attempt(
        measurement="00-sums", position=number, sample=f"sums/{number}", item=item, repeat=0, attempt=1,
        request=hashlib.sha256(item.encode()).hexdigest(), outcome=Outcome.OK, final=True, answer=text,
        finish_reason="stop", prompt_tokens=120, completion_tokens=240, model="bench", seq=number, prev="0" * 64,
        started_us=1_790_000_000_000_000 + number * 1_000, elapsed_us=1_234_567,
    )  # fmt: skip


async def write(work: Work, store: Store, ready: Any) -> Done:
    """Write so many records as a run does."""
    run = Path(work.folder) / f"{work.number}-{'folder' if work.parameters is None else 'database'}-{work.pace:g}"
    run.mkdir()
    journal, texts = Journal.create(run, new_header("c" * 64, "bench"), store), Texts(run, store)
    await journal.committed()
    await asyncio.to_thread(ready.wait)
    began, cpu = time.perf_counter(), time.process_time()
    for number in range(work.records):
        if work.pace:
            await asyncio.sleep(max(0.0, began + number / work.pace - time.perf_counter()))
        await journal.room()
        journal.append(answer(number, texts.add(f"{number} {QUESTION}"), texts.add(f"{number} {ANSWER}")))
    texts.sync()
    journal.sync()
    await journal.committed()
    done = Done(time.perf_counter() - began, time.process_time() - cpu)
    texts.close()
    journal.close()
    return done


def writer(work: Work, ready: Any, results: Any) -> None:
    """One writer, in a process of its own."""
    import psycopg

    if work.parameters is None:
        results.put(asyncio.run(write(work, FolderStore(), ready)))
        return
    parameters = work.parameters
    with psycopg.connect(**parameters, autocommit=True) as connection:
        plan = hashlib.sha256(json.dumps([asdict(work), time.time()], default=str).encode()).hexdigest()
        row = connection.execute(
            "INSERT INTO steelyard.stored_run (project_id, plan_sha256) SELECT id, %s FROM steelyard.project "
            "RETURNING id",
            (plan,),
        ).fetchone()
        assert row is not None
        lease = take(connection, row[0], "bench", LEASE_SECONDS)
        assert lease is not None
        connection.execute(
            "INSERT INTO steelyard.stored_file VALUES (%s, 'plan.dsse.json', %s, 0, '{}')", (lease.run, lease.number)
        )
    with TimedStore(
        lambda: psycopg.connect(**parameters), lease, batch_records=BATCH, batch_seconds=work.seconds
    ) as store:
        done = asyncio.run((give if work.made_before else write)(work, store, ready))
        assert store._connection is not None
        backend = Path(f"/proc/{store._connection.info.backend_pid}/schedstat")
        cpu = int(backend.read_text().split()[0]) / 1e9
        results.put(replace(done, backend_cpu=cpu, milliseconds=tuple(store.milliseconds)))


def measure(works: list[Work]) -> tuple[str, list[float]]:
    """What all writers came to together, and the milliseconds from answer to commit."""
    context = multiprocessing.get_context("spawn")
    ready, results = context.Barrier(len(works)), context.Queue()
    processes = [context.Process(target=writer, args=(work, ready, results)) for work in works]
    for process in processes:
        process.start()
    found: list[Done] = [results.get() for _ in processes]
    for process in processes:
        process.join()
    count = sum(work.records for work in works)
    ours, theirs = sum(done.cpu for done in found), sum(done.backend_cpu for done in found)
    text = f"{count / max(done.seconds for done in found):,.0f} records/s (n = {count:,}); processor time a record: "
    text += f"writer {ours / count * 1e6:.0f} µs"
    if theirs:
        text += f", PostgreSQL {theirs / count * 1e6:.0f} µs"
    return text, [each for done in found for each in done.milliseconds]


def written_again(database: Database, place: Path) -> str:
    """How fast the folder of the run that was begun last is written from the database, as at a takeover."""
    with database.new_connection() as connection:
        row = connection.execute("SELECT max(id) FROM steelyard.stored_run").fetchone()
        assert row is not None
        began = time.perf_counter()
        write_folder(connection, row[0], place)
        took = time.perf_counter() - began
    records = (place / MAIN_SEGMENT).read_bytes().count(b"\n")
    return f"{records / took:,.0f} records/s (n = {records:,})"


def times(milliseconds: list[float]) -> str:
    """Median, 95th percentile and longest."""
    cuts = statistics.quantiles(milliseconds, n=100)
    return f"{cuts[49]:.0f} ms, p95 {cuts[94]:.0f}, longest {max(milliseconds):.0f}"


def main() -> None:
    """Print a line for each measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=30_000, help="Of each writer, flat out.")
    parser.add_argument("--pace", type=float, default=500.0, help="Answers a second of each writer, where paced.")
    parser.add_argument("--batch-seconds", type=float, default=BATCH_SECONDS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", help="Where the data folder is made (default: the folder for temporary files).")
    args = parser.parse_args()
    above = Path(tempfile.mkdtemp(prefix="steelyard-bench-", dir=args.folder))
    above.chmod(0o755)  # as root the database runs as nobody
    try:
        with open_database(open_data_folder(above / "data"), environment={}) as database:
            with database.connect_as_owner() as connection:
                apply_migrations(connection, database.application_role)
            report(database, above, args)
    finally:
        shutil.rmtree(above)


def _works(
    seconds: float,
    folder: str,
    parameters: dict[str, Any],
    records: int,
    pace: float = 0.0,
    *,
    alone: bool = False,
    made: bool = False,
    copy: bool = False,
) -> list[Work]:
    """The work of each writer; ``alone``: into a folder."""
    given = None if alone else parameters
    return [Work(each, records, pace, seconds, made, copy, folder, given) for each in range(WRITERS)]


def report(database: Database, above: Path, args: argparse.Namespace) -> None:
    """Database and folder by turns."""
    about = f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores"
    print(f"{about}, {WRITERS} writers, batches of {BATCH} or {args.batch_seconds * 1e3:g} ms")
    for number in range(args.rounds):
        place = above / str(number)
        place.mkdir()

        works = partial(_works, args.batch_seconds, str(place), dict(database._application))
        print(f"load {os.getloadavg()[0]:.1f}")
        print(f"  made before: {measure(works(args.records // 3, made=True))[0]}")
        print(f"  made before, by COPY: {measure(works(args.records // 3, made=True, copy=True))[0]}")
        speed, took = measure(works(args.records))
        print(f"  database, flat out: {speed}; answer to commit {times(took)}")
        print(f"  its folder again: {written_again(database, place / 'again')}")
        print(f"  folder, flat out: {measure(works(args.records, alone=True))[0]}")
        _, took = measure(works(int(args.pace * 6), args.pace))
        print(f"  database, {args.pace:g} answers/s each: answer to commit {times(took)} (n = {len(took):,})")


if __name__ == "__main__":
    main()
