from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg_pool import ConnectionPool

from packages.server.tests.databases import copied, open_folder
from packages.server.tests.jobs.from_a_pool import Jobs
from packages.server.tests.jobs.yard import Yard, a_person, opened
from steelyard_server.database.connection import Database


@pytest.fixture(scope="session")
def job_pool(database: Database) -> Iterator[ConnectionPool]:
    with database.pool(6) as pool:
        yield pool


@pytest.fixture
def jobs(database: Database, job_pool: ConnectionPool) -> Jobs:
    """The jobs of a database in which none is open."""
    with database.connect() as connection:
        connection.execute(
            "UPDATE steelyard.job SET state = 'cancelled', wanted = '', leased_until = NULL, ended_at = now() "
            "WHERE state IN ('waiting', 'running', 'paused')"
        )
        connection.execute("UPDATE steelyard.endpoint SET rest_until = 'epoch' WHERE retired_at IS NULL")
    return Jobs(job_pool)


@pytest.fixture(scope="session")
def person(database: Database) -> int:
    return a_person(database, "who asks for jobs")


@pytest.fixture(scope="session")
def shared_yard(data_template: Path) -> Iterator[Yard]:
    """A platform for tests that start workers; each ends its own."""
    with open_folder("yard") as path, opened(copied(data_template, path)) as yard:
        yield yard


@pytest.fixture
def yard(shared_yard: Yard) -> Iterator[Yard]:
    """The shared platform, without an open job and without a worker."""
    with shared_yard.database.connect() as connection:
        connection.execute(
            "UPDATE steelyard.job SET state = 'cancelled', wanted = '', leased_until = NULL, ended_at = now() "
            "WHERE state IN ('waiting', 'running', 'paused')"
        )
        connection.execute("UPDATE steelyard.worker SET ended_at = now() WHERE ended_at IS NULL")
    yield shared_yard
    shared_yard.end_workers()
