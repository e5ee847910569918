"""A platform's database that can be restarted, an endpoint, and real workers as processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from packages.server.tests.jobs.from_a_pool import Jobs
from steelyard_server.access.callers import Caller
from steelyard_server.database.connection import Database, existing_database
from steelyard_server.database.embedded import Embedded, start_database
from steelyard_server.database.folder import DataFolder, open_data_folder
from steelyard_server.encryption.key_file import secret_key_file
from steelyard_server.endpoints.addresses import OwnPlaces
from steelyard_server.endpoints.rows import Endpoints
from steelyard_server.http.facts import RequestFacts
from steelyard_server.jobs.leases import Lease, take_job
from steelyard_server.jobs.messages import Setup
from steelyard_server.jobs.rows import JobRow
from steelyard_server.jobs.setting_up import prepare_setup
from steelyard_server.jobs.specification import RunSpecification, Specification
from testkit.repository import ROOT

NOWHERE = OwnPlaces()
ENDED = ("finished", "failed", "cancelled")


def questions(count: int, first: int = 0) -> str:
    """So many sums, as JSONL."""
    pairs = [(number, number * 7 % 91) for number in range(first, first + count)]
    return "".join(json.dumps({"question": f"What is {a} + {b}?", "answer": str(a + b)}) + "\n" for a, b in pairs)


def a_run(endpoint: str, count: int = 4, first: int = 0, **more: Any) -> RunSpecification:
    """A run of so many sums at an endpoint of the list."""
    more = {"concurrency": 2, "timeout": 20.0} | more
    return RunSpecification(endpoint=endpoint, model="sums", questions={"sums": questions(count, first)}, **more)


def an_endpoint(
    database: Database,
    url: str,
    concurrency: int = 2,
    key: str = "",
    data: DataFolder | None = None,
    prices: tuple[float, float] | None = None,
) -> str:
    """The name of an endpoint in the list, with one model; ``key`` is kept by the secret key of ``data``."""
    parts = urlsplit(url)
    name = f"at {parts.netloc}{parts.path}"[:80]
    person = a_person(database, f"who lists {name} {time.monotonic_ns()}")
    with database.connect() as connection:
        row = connection.execute(
            "INSERT INTO steelyard.endpoint (name, kind, scheme, host, port, path, models, concurrency, price_in, "
            "price_out, made_by) VALUES (%s, 'openai', %s, %s, %s, %s, '{sums}', %s, %s, %s, %s) "
            "ON CONFLICT (lower(name)) DO UPDATE SET concurrency = excluded.concurrency, price_in = excluded.price_in, "
            "price_out = excluded.price_out, rest_until = 'epoch' RETURNING id",
            (name, parts.scheme, parts.hostname, parts.port, parts.path, concurrency, *(prices or (None, None)),
             person),
        ).fetchone()  # fmt: skip
    assert row is not None
    if key:
        assert data is not None
        file = secret_key_file(data, {})
        file.make()
        with database.pool(1) as pool:
            Endpoints(pool, file).set_key(row[0], key, Caller(person=person, session=1), RequestFacts("tests"))
    return name


def note_places(database: Database, own: OwnPlaces = NOWHERE) -> None:
    """As ``steelyard serve`` notes where it listens."""
    with database.connect() as connection:
        connection.execute(
            "INSERT INTO steelyard.serving (places) VALUES (%s) "
            "ON CONFLICT (one) DO UPDATE SET places = excluded.places",
            (msgspec.json.encode(own).decode(),),
        )


class Yard:
    """The data folder, whose database this process runs, and the workers that were started on it."""

    def __init__(self, path: Path) -> None:
        self.data: DataFolder = open_data_folder(path)
        self._stack = ExitStack()
        self.embedded: Embedded = self._stack.enter_context(start_database(self.data))
        self.workers: dict[str, subprocess.Popen[str]] = {}
        self.logs = path.with_name("logs")
        self.logs.mkdir(exist_ok=True)
        note_places(self.database)

    @property
    def database(self) -> Database:
        """The database that runs now."""
        return existing_database(self.data, {})

    def endpoint(self, url: str, concurrency: int = 2, key: str = "", prices: tuple[float, float] | None = None) -> str:
        """As :func:`an_endpoint`."""
        return an_endpoint(self.database, url, concurrency, key, self.data, prices)

    def restart(self) -> None:
        """End the database at once, as a crash would (SIGQUIT: no goodbye, no checkpoint), and start it again."""
        self.embedded.process.send_signal(signal.SIGQUIT)
        self.embedded.process.wait(30)
        self._stack.close()
        self.embedded = self._stack.enter_context(start_database(self.data))

    def start(self, name: str, lease: float = 2.0, concurrency: int = 1, least_free: int = 0) -> subprocess.Popen[str]:
        """Start a worker; one that has ended by a signal of ours is started anew under the same name."""
        with (self.logs / f"{name}.log").open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "packages.server.tests.jobs.short_worker", str(self.data.path), name, str(lease),
                 str(concurrency), str(least_free)],
                stderr=log, text=True, cwd=ROOT, env=_environment(),
            )  # fmt: skip
        self.workers[name] = process
        return process

    def said(self, name: str) -> list[dict[str, Any]]:
        """The lines of a worker's log."""
        return [json.loads(line) for line in (self.logs / f"{name}.log").read_text().splitlines() if line[:1] == "{"]

    def end_workers(self) -> None:
        """Kill the workers that still run."""
        for process in self.workers.values():
            if process.poll() is None:
                process.kill()
            process.wait()
        self.workers.clear()

    def close(self) -> None:
        """End workers, then the database."""
        self.end_workers()
        self._stack.close()


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DATABASE_")}
    return kept | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}


@contextmanager
def opened(path: Path) -> Iterator[Yard]:
    """A yard on a data folder whose database is migrated and does not run."""
    yard = Yard(path)
    try:
        yield yard
    finally:
        yard.close()


def a_person(database: Database, name: str = "ada") -> int:
    """A person who may ask for jobs, and have schedules ask for them, in the first project."""
    with database.connect() as connection:
        row = connection.execute("INSERT INTO steelyard.person (name) VALUES (%s) RETURNING id", (name,)).fetchone()
        assert row is not None
        connection.execute(
            "INSERT INTO steelyard.membership (person_id, project_id, role) VALUES (%s, 1, 'runner')", row
        )
    return int(row[0])


def a_project(database: Database, name: str, *people: int) -> str:
    """A new project in which these people may start jobs."""
    with database.connect() as connection:
        connection.execute("INSERT INTO steelyard.project (name) VALUES (%s)", (name,))
        connection.execute(
            "INSERT INTO steelyard.membership (person_id, project_id, role) SELECT m, p.id, 'runner' "
            "FROM steelyard.project p, unnest(%s::bigint[]) m WHERE p.name = %s",
            (list(people), name),
        )
    return name


def taken_setup(yard: Yard, specification: Specification, seconds: float = 60.0) -> tuple[Lease, Setup]:
    """A job of this specification that this process has taken, and what its process is told."""
    with yard.database.pool(1) as pool:
        Jobs(pool).add(specification, a_person(yard.database, f"takes {time.monotonic_ns()}"), priority=9)
    with yard.database.connect() as connection:
        connection.autocommit = True
        lease = take_job(connection, "here", seconds)
        assert lease is not None
        return lease, prepare_setup(connection, yard.database, yard.data, lease, seconds)


def wait_for(found: Callable[[], Any], seconds: float = 120.0) -> Any:
    """What ``found`` gives as soon as it is true; a test asserts no time, this only ends one that would hang."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if result := found():
            return result
        time.sleep(0.05)
    raise AssertionError("it did not happen")


def when_ended(jobs: Jobs, number: int) -> JobRow:
    """A job as it is when it has ended."""

    def ended() -> JobRow | None:
        row = jobs.find(number)
        return row if row is not None and row.state in ENDED else None

    found: JobRow = wait_for(ended)
    return found
