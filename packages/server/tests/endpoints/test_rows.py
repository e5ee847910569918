"""Endpoints in a real database: what changes, what never does, and keys that only their own row gives back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from packages.server.tests.database.rows import fill
from steelyard.errors import InputError
from steelyard_server.access.callers import Caller
from steelyard_server.database.connection import Database
from steelyard_server.database.folder import open_data_folder
from steelyard_server.encryption.key_file import SecretKeyFile
from steelyard_server.encryption.keyring import UnreadableError
from steelyard_server.endpoints.form import Terms, read_endpoint
from steelyard_server.endpoints.rows import Endpoints
from steelyard_server.http.facts import RequestFacts

FACTS = RequestFacts("request", "10.0.0.1")
TERMS = Terms(models=("qwen",), concurrency=4)
KEY = "sk-a-key-of-the-tests-4711"


@pytest.fixture
def pool(database: Database) -> Iterator[ConnectionPool]:
    with database.pool(2) as found:
        yield found


@pytest.fixture
def caller(database: Database, tmp_path: Path) -> Caller:
    number = fill(database, open_data_folder(tmp_path / "data"), f"admin of {tmp_path.name}", runs=0)
    return Caller(person=number, session=1)


@pytest.fixture
def endpoints(pool: ConnectionPool, tmp_path: Path) -> Endpoints:
    file = SecretKeyFile(tmp_path / "secrets" / "key", "data folder")
    file.make()
    return Endpoints(pool, file)


def added(endpoints: Endpoints, caller: Caller, name: str, url: str = "http://10.0.0.7:8000") -> int:
    return endpoints.add(read_endpoint(name, "openai", url, TERMS), caller, FACTS)


def test_a_name_is_taken_once_and_a_retired_one_stays_taken(endpoints: Endpoints, caller: Caller) -> None:
    number = added(endpoints, caller, "One of a kind")
    found = endpoints.find(number)
    assert found is not None
    assert (found.address, found.models, found.retired_at, found.key_set_at) == (
        "http://10.0.0.7:8000/v1", ("qwen",), None, None,
    )  # fmt: skip
    endpoints.change(number, Terms(models=("a", "b"), concurrency=1), caller, FACTS)
    endpoints.set_key(number, KEY, caller, FACTS)
    endpoints.retire(number, caller, FACTS)
    found = endpoints.find(number)
    assert found is not None
    assert (found.models, found.key_set_at, found.retired_at is None) == (("a", "b"), None, False)
    with pytest.raises(InputError, match="has this name already"):
        added(endpoints, caller, "one of a KIND")
    for act in (
        lambda: endpoints.set_key(number, KEY, caller, FACTS),
        lambda: endpoints.use(number, "x", caller, FACTS),
    ):
        with pytest.raises(InputError, match="or it is retired"):
            act()
    assert endpoints.find(2**62) is None


def test_an_address_never_changes_and_no_row_goes(endpoints: Endpoints, caller: Caller, database: Database) -> None:
    number = added(endpoints, caller, "Stays where it is")
    for statement in (
        "UPDATE steelyard.endpoint SET host = 'evil.example' WHERE id = %s",
        "UPDATE steelyard.endpoint SET scheme = 'https' WHERE id = %s",
        "DELETE FROM steelyard.endpoint WHERE id = %s",
    ):
        with database.connect_as_owner() as connection, pytest.raises(psycopg.errors.RestrictViolation):
            connection.execute(statement.encode(), (number,))
        with database.connect() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode(), (number,))


def test_a_key_comes_back_and_no_row_holds_it(endpoints: Endpoints, caller: Caller, database: Database) -> None:
    number = added(endpoints, caller, "With a key")
    assert endpoints.use(number, "try-endpoint", caller, FACTS)[1] == ""
    endpoints.set_key(number, KEY, caller, FACTS)
    assert endpoints.use(number, "try-endpoint", caller, FACTS)[1] == KEY
    with database.connect_as_owner() as connection:
        for table in ("endpoint", "endpoint_key", "audit"):
            text = str(connection.execute(f"SELECT t::text FROM steelyard.{table} t".encode()).fetchall())
            assert KEY not in text
            assert KEY.encode().hex() not in text
        last = connection.execute("SELECT act FROM steelyard.audit ORDER BY sequence DESC LIMIT 3").fetchall()
    assert last == [("try-endpoint",), ("set-endpoint-key",), ("try-endpoint",)]
    endpoints.forget_key(number, caller, FACTS)
    assert endpoints.use(number, "try-endpoint", caller, FACTS)[1] == ""


def test_a_ciphertext_is_worth_nothing_at_another_endpoint(
    endpoints: Endpoints, caller: Caller, database: Database
) -> None:
    """Who can write to the database, and has not the key file, cannot have a key sent to an address of theirs."""
    number, evil = added(endpoints, caller, "Honest"), added(endpoints, caller, "Evil", "http://10.6.6.6")
    endpoints.set_key(number, KEY, caller, FACTS)
    endpoints.set_key(evil, "other", caller, FACTS)
    with database.connect() as connection:
        connection.execute(
            "UPDATE steelyard.endpoint_key SET sealed = (SELECT sealed FROM steelyard.endpoint_key "
            "WHERE endpoint_id = %s) WHERE endpoint_id = %s",
            (number, evil),
        )
    with pytest.raises(UnreadableError, match="encrypted for something else: give it again"):
        endpoints.use(evil, "try-endpoint", caller, FACTS)
    with database.connect_as_owner() as connection, connection.transaction():
        connection.execute("ALTER TABLE steelyard.endpoint DISABLE TRIGGER USER")
        connection.execute("UPDATE steelyard.endpoint SET host = '10.6.6.6' WHERE id = %s", (number,))
        connection.execute("ALTER TABLE steelyard.endpoint ENABLE TRIGGER USER")
    with pytest.raises(UnreadableError):
        endpoints.use(number, "try-endpoint", caller, FACTS)
    assert {"Honest", "Evil"} <= set(endpoints.unreadable())


def test_without_its_secret_key_an_endpoint_is_named_and_no_key_is_kept(endpoints: Endpoints, caller: Caller) -> None:
    number = added(endpoints, caller, "Restored")
    endpoints.set_key(number, KEY, caller, FACTS)
    assert "Restored" not in endpoints.unreadable()
    endpoints.key_file.path.unlink()
    assert "Restored" in endpoints.unreadable()
    with pytest.raises(InputError, match="the secret key cannot be read"):
        endpoints.set_key(number, KEY, caller, FACTS)
    endpoints.key_file.make()
    assert "Restored" in endpoints.unreadable()
    endpoints.set_key(number, KEY, caller, FACTS)
    assert "Restored" not in endpoints.unreadable()
