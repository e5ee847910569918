from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg_pool import ConnectionPool

from packages.server.tests.database.rows import one
from steelyard_server.database.connection import Database
from steelyard_server.encryption.key_file import SecretKeyFile


@pytest.fixture(scope="session")
def notify_pool(database: Database) -> Iterator[ConnectionPool]:
    with database.pool(6) as pool:
        yield pool


@pytest.fixture
def pool(notify_pool: ConnectionPool) -> ConnectionPool:
    """A database in which nothing is on its way, no webhook is on and no mail server is set."""
    with notify_pool.connection() as connection:
        connection.execute(
            "UPDATE steelyard.delivery SET state = 'dropped', leased_until = NULL, ended_at = now() "
            "WHERE state = 'waiting'"
        )
        connection.execute("UPDATE steelyard.webhook SET retired_at = now() WHERE retired_at IS NULL")
        connection.execute("UPDATE steelyard.mail_server SET is_on = false")
    return notify_pool


@pytest.fixture
def person(notify_pool: ConnectionPool) -> int:
    """A new administrator of the server."""
    with notify_pool.connection() as connection:
        return one(
            connection,
            "INSERT INTO steelyard.person (name, is_admin) "
            "SELECT 'told ' || count(*) || ' ' || random(), true FROM steelyard.person RETURNING id",
        )


@pytest.fixture
def key_file(tmp_path: Path) -> SecretKeyFile:
    file = SecretKeyFile(tmp_path / "secrets" / "secret.key", "data folder")
    file.make()
    return file
