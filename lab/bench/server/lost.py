"""A long run whose worker is lost: how long it takes to end its job, to write its folder anew, and to delete its rows.

``python -m bench.server.lost [--lines N]``. The lines of a journal lie in the database, committed under the lease of a
job that nobody renews, with tokens reserved for calls in flight. Then another worker ends the job, the next attempt
writes the folder, and a retention deletes what is left.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from steelyard_server.database.connection import open_database
from steelyard_server.database.folder import open_data_folder
from steelyard_server.database.migrate import apply_migrations
from steelyard_server.jobs.leases import end_lost_lease, take_job
from steelyard_server.store.folders import write_folder
from steelyard_server.store.leases import take
from steelyard_server.upkeep.retention import retain

BATCH = 100
RENEWED = 20_000  # lines
ASKED = json.dumps({"kind": "run", "model": "a", "endpoint": "e", "task": "mmlu"})


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=300_000)
    lines = parser.parse_args().lines
    load = "load " + ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"{datetime.now(UTC):%Y-%m-%d}, {lines:,} lines, {os.cpu_count()} cores, {load}, n = 1")
    with tempfile.TemporaryDirectory() as above:
        Path(above).chmod(0o755)
        folder = open_data_folder(Path(above) / "data")
        with open_database(folder, environment={}) as database:
            with database.connect_as_owner() as owner:
                apply_migrations(owner, database.application_role)
            with database.connect() as connection:
                connection.autocommit = True
                job, run = _written(connection, lines)
                with database.connect_as_owner() as owner:
                    owner.execute("UPDATE steelyard.job SET leased_until = now() WHERE id = %s", (job,))
                _timed("the lost job is ended", lambda: end_lost_lease(connection, job, "another"))
                before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                _timed("its folder is written", lambda: write_folder(connection, run, Path(above) / "run"))
                more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
                print(
                    f"  of {sum(each.stat().st_size for each in _files(Path(above))):,} bytes, by {more:,} kB of memory"
                )
            with database.connect_as_owner() as owner:
                owner.execute(
                    "UPDATE steelyard.job SET state = 'cancelled', ended_at = now() - interval '1 year' WHERE id = %s",
                    (job,),
                )
            _timed("a retention deletes its rows", lambda: retain(database, folder))


def _written(connection: Any, lines: int) -> tuple[int, int]:
    """A job that was taken, and its run with so many lines; their numbers."""
    (person,) = connection.execute(
        "INSERT INTO steelyard.person (name, is_admin) VALUES ('ada', true) RETURNING id"
    ).fetchone()
    (endpoint,) = connection.execute(
        "INSERT INTO steelyard.endpoint (name, kind, scheme, host, port, models, concurrency, price_in, price_out, "
        "made_by) VALUES ('e', 'openai', 'http', '10.0.0.7', 8000, '{a}', 4, 1, 2, %s) RETURNING id",
        (person,),
    ).fetchone()
    (job,) = connection.execute(
        "INSERT INTO steelyard.job (project_id, kind, specification, endpoint_id, requested_by) "
        "VALUES (1, 'run', %s, %s, %s) RETURNING id",
        (ASKED, endpoint, person),
    ).fetchone()
    assert take_job(connection, "lost", 600.0) is not None
    (run,) = connection.execute(
        "INSERT INTO steelyard.stored_run (project_id, plan_sha256) VALUES (1, repeat('a', 64)) RETURNING id"
    ).fetchone()
    assert take(connection, run, f"job {job}, attempt 1", 600.0) is not None
    connection.execute("UPDATE steelyard.job SET stored_run_id = %s WHERE id = %s", (run, job))
    connection.execute("SELECT steelyard.reserve(%s, 1, 0, 0, 0, 0, 1000, 1000)", (job,))
    connection.execute("INSERT INTO steelyard.stored_file VALUES (%s, 'plan.dsse.json', 1, 0, '{}')", (run,))
    for first in range(0, lines, BATCH):
        if first % RENEWED == 0:
            until = "clock_timestamp() + interval '590 seconds'"
            connection.execute(f"UPDATE steelyard.lease SET until = {until} WHERE run_id = %s".encode(), (run,))
            connection.execute(f"UPDATE steelyard.job SET leased_until = {until} WHERE id = %s".encode(), (job,))
        numbers = list(range(first, min(lines, first + BATCH)))
        connection.execute(
            "INSERT INTO steelyard.stored_line SELECT %s, 'main', at, 1, line "
            "FROM unnest(%s::bigint[], %s::bytea[]) u (at, line)",
            (run, numbers, [_line(number) for number in numbers]),
        )
    return job, run


def _line(number: int) -> bytes:
    """Of the length of a line of a journal."""
    line = {
        "completion_tokens": 30, "id": f"{number:08d}", "more": "x" * 300, "prev": "b" * 64, "prompt_tokens": 120,
        "text": "a" * 64, "type": "attempt",
    }  # fmt: skip
    return json.dumps(line, separators=(",", ":"), sort_keys=True).encode()


def _files(above: Path) -> list[Path]:
    return [path for path in (above / "run").rglob("*") if path.is_file()]


def _timed(what: str, do: Callable[[], object]) -> None:
    begun = time.monotonic()
    do()
    print(f"{what}: {time.monotonic() - begun:.3f} s")


if __name__ == "__main__":
    main()
