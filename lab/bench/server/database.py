"""The embedded database: how long it takes to start, what it uses while nobody asks, how fast a backup is.

``python -m bench.server.database [--idle SECONDS] [--runs N] [--folder FOLDER]`` prints each figure with its n.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from steelyard_server.database.connection import Database, open_database
from steelyard_server.database.folder import DataFolder, open_data_folder
from steelyard_server.database.migrate import apply_migrations
from steelyard_server.upkeep.backup import write_backup
from steelyard_server.upkeep.restore import restore_backup

STARTS = 10
FILE_BYTES = 100_000
FILES = ("plan.dsse.json", "journal/main-0000.jsonl", "texts/main-0000.jsonl")


def processes(root: int) -> list[int]:
    """A process and all that it started, and they."""
    found = [root]
    for pid in found:
        try:
            found += [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        except FileNotFoundError:
            continue
    return found


def cpu_seconds(root: int) -> float:
    """Of the living processes, to the nanosecond: the usual counter misses what is shorter than 10 ms."""
    files = [file for pid in processes(root) for file in Path(f"/proc/{pid}/task").glob("*/schedstat")]
    return sum(int(file.read_text().split()[0]) for file in files) / 1e9


def megabytes(root: int) -> tuple[float, float]:
    """Proportional set size, which counts shared pages once, and the sum of resident set sizes, which does not."""
    pss = rss = 0
    for pid in processes(root):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            pss += int(line.split()[1]) if line.startswith("Pss:") else 0
            rss += int(line.split()[1]) if line.startswith("Rss:") else 0
    return pss / 1024, rss / 1024


def starts(above: Path) -> None:
    """From a call to a database that answers: the first time, and when it is there."""
    first = []
    for number in range(3):
        begun = time.perf_counter()
        with open_database(open_data_folder(above / f"first {number}"), environment={}) as database:
            first.append(time.perf_counter() - begun)
            if not number:
                migrate(database)
    again = []
    for _ in range(STARTS):
        begun = time.perf_counter()
        with open_database(open_data_folder(above / "first 0"), environment={}):
            again.append(time.perf_counter() - begun)
    print(f"first start: median {statistics.median(first):.2f} s, longest {max(first):.2f} s (n = {len(first)})")
    print(f"later start: median {statistics.median(again):.2f} s, longest {max(again):.2f} s (n = {len(again)})")


def migrate(database: Database) -> None:
    with database.connect_as_owner() as connection:
        apply_migrations(connection, database.application_role)


def idle(folder: DataFolder, seconds: float) -> None:
    """A server's pool is open and asks nothing; the database's own housekeeping goes on."""
    with open_database(folder, environment={}) as database, database.pool() as pool:
        with pool.connection() as connection:
            connection.execute("SELECT count(*) FROM steelyard.run")
        assert database.embedded is not None
        postmaster = database.embedded.process.pid
        time.sleep(2)
        ours, theirs = time.process_time(), cpu_seconds(postmaster)
        time.sleep(seconds)
        ours, theirs = time.process_time() - ours, cpu_seconds(postmaster) - theirs
        pss, rss = megabytes(postmaster)
        count = len(processes(postmaster))
    print(f"idle over {seconds:.0f} s: PostgreSQL {theirs / seconds:.4%} of a core, the pool {ours / seconds:.4%}")
    print(f"idle: {count} processes, {pss:.0f} MB (PSS), {rss:.0f} MB as the sum of RSS")


def backup(above: Path, runs: int) -> None:
    """Runs of three files, which do not compress."""
    folder = open_data_folder(above / "first 0")
    with open_database(folder, environment={}) as database:
        fill(database, folder, runs)
        begun = time.perf_counter()
        done = write_backup(database, folder, above / "backup")
        took = time.perf_counter() - begun
    print(f"backup of {runs:,} runs, {done.size / 1e6:.0f} MB: {took:.1f} s (n = 1)")
    begun = time.perf_counter()
    restore_backup(above / "backup", above / "restored", environment={})
    print(f"its restore, database made anew: {time.perf_counter() - begun:.1f} s (n = 1)")


def fill(database: Database, folder: DataFolder, runs: int) -> None:
    with database.connect() as connection:
        row = connection.execute("INSERT INTO steelyard.person (name) VALUES ('bench') RETURNING id").fetchone()
        assert row is not None
        for number in range(runs):
            seal = hashlib.sha256(str(number).encode()).hexdigest()
            run = connection.execute(
                "INSERT INTO steelyard.run (project_id, seal_sha256, root, kind, name, subject, verdict, exit, files, "
                "size_bytes, pushed_by, verified_at, verified_exit, verified_with) "
                "SELECT id, %s, '', 'audit', %s, 'bench', 'consistent', 0, 3, 0, %s, now(), 0, '0' "
                "FROM steelyard.project RETURNING id",
                (seal, f"run {number}", row[0]),
            ).fetchone()
            assert run is not None
            for name in FILES:
                path = folder.runs / seal[:2] / seal / name
                path.parent.mkdir(parents=True, exist_ok=True)
                content = os.urandom(FILE_BYTES)
                path.write_bytes(content)
                values = (run[0], name, len(content), hashlib.sha256(content).hexdigest())
                connection.execute("INSERT INTO steelyard.run_file VALUES (%s, %s, %s, %s)", values)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--idle", type=float, default=300.0)
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--folder", help="Where the data folders are made (default: the folder for temporary files).")
    args = parser.parse_args()
    above = Path(tempfile.mkdtemp(prefix="steelyard-bench-", dir=args.folder))
    above.chmod(0o755)  # as root the database runs as nobody
    try:
        starts(above)
        backup(above, args.runs)
        idle(open_data_folder(above / "first 0"), args.idle)
    finally:
        shutil.rmtree(above)


if __name__ == "__main__":
    main()
