"""How long a worker takes to be given a job while very many wait.

``python -m bench.server.queue [--waiting N] [--projects N]``. Jobs of all projects wait for ten endpoints, beside five
times as many that have ended. They are taken until no endpoint has room, and then asked for in vain: that reads them
all. Each is one :func:`take_job`, as a worker calls it: it looks for people without a role first.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from steelyard_server.database.connection import open_database
from steelyard_server.database.folder import open_data_folder
from steelyard_server.database.migrate import apply_migrations
from steelyard_server.jobs.leases import take_job

ENDPOINTS, CALLS, CONCURRENCY = 10, 2, 10
IN_VAIN = 50
ASKED = '{"kind":"run","model":"m","endpoint":"e","task":"mmlu","more":"' + "x" * 600 + '"}'


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--waiting", type=int, default=10_000)
    parser.add_argument("--projects", type=int, default=200)
    asked = parser.parse_args()
    load = "load " + ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(
        f"{datetime.now(UTC):%Y-%m-%d}, {asked.waiting:,} waiting jobs of {asked.projects:,} projects, "
        f"{os.cpu_count()} cores, {load}"
    )
    with tempfile.TemporaryDirectory() as above:
        Path(above).chmod(0o755)
        with open_database(open_data_folder(Path(above) / "data"), environment={}) as database:
            with database.connect_as_owner() as owner:
                apply_migrations(owner, database.application_role)
                _fill(owner, asked.waiting, asked.projects)
            with database.connect() as connection:
                connection.commit()
                connection.autocommit = True
                _timed("a job is given", connection, ENDPOINTS * CONCURRENCY // CALLS, is_given=True)
                _timed("none is, since no endpoint has room", connection, IN_VAIN, is_given=False)


def _fill(owner: Any, waiting: int, projects: int) -> None:
    owner.execute("INSERT INTO steelyard.project (name) SELECT 'p' || n FROM generate_series(1, %s) n", (projects,))
    (person,) = owner.execute("INSERT INTO steelyard.person (name) VALUES ('ada') RETURNING id").fetchone()
    owner.execute(
        "INSERT INTO steelyard.membership (person_id, project_id, role) SELECT %s, id, 'runner' FROM steelyard.project",
        (person,),
    )
    owner.execute(
        "INSERT INTO steelyard.endpoint (name, kind, scheme, host, port, models, concurrency, made_by) "
        "SELECT 'e' || n, 'openai', 'http', '10.0.0.7', n, '{m}', %s, %s FROM generate_series(1, %s) n",
        (CONCURRENCY, person, ENDPOINTS),
    )
    for count, state, ended in ((5 * waiting, "cancelled", "now()"), (waiting, "waiting", "NULL")):
        owner.execute(
            "INSERT INTO steelyard.job (project_id, kind, specification, endpoint_id, calls, requested_by, state, "
            f"ended_at, taken_at) SELECT 2 + n %% %s, 'run', %s, 1 + n %% %s, %s, %s, %s, {ended}, {ended} "
            "FROM generate_series(1, %s) n".encode(),
            (projects, ASKED, ENDPOINTS, CALLS, person, state, count),
        )
    owner.execute("ANALYZE steelyard.job")


def _timed(what: str, connection: Any, count: int, *, is_given: bool) -> None:
    taken = []
    for _ in range(count):
        begun = time.monotonic()
        lease = take_job(connection, "bench", 600.0)
        taken.append(1000 * (time.monotonic() - begun))
        assert (lease is not None) == is_given
    print(f"{what}: median {statistics.median(taken):.0f} ms, longest {max(taken):.0f} ms (n = {count})")


if __name__ == "__main__":
    main()
