from __future__ import annotations

import socket
import traceback
from pathlib import Path

import psycopg
import pytest

from packages.server.tests.databases import PASSWORD, Server, started
from steelyard.errors import InputError, SteelyardError, StorageError
from steelyard_server.database.connection import Database, existing_database, open_database
from steelyard_server.database.folder import open_data_folder
from steelyard_server.database.migrate import apply_migrations

SECRET = "s3cret-of-mine"


def test_our_own_has_two_roles(database: Database) -> None:
    assert (database.is_embedded, database.version, database.is_one_role) == (True, 18, False)
    assert (database.application_role, database.owner_role) == ("steelyard_application", "steelyard_owner")
    assert database.embedded is not None
    assert database.embedded.is_alive()
    assert database.embedded.passwords.application not in repr(database)
    with database.connect() as connection:
        assert connection.execute("SHOW timezone").fetchone() == ("UTC",)
        assert connection.execute("SHOW statement_timeout").fetchone() == ("30s",)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM steelyard.audit",
        "UPDATE steelyard.run SET verdict = 'consistent'",
        "TRUNCATE steelyard.run_file",
        "DELETE FROM steelyard.person",
        "UPDATE steelyard.person SET name = 'x'",
        "UPDATE steelyard.token SET scopes = '{}'",
        "DELETE FROM steelyard.session",
        "INSERT INTO steelyard.schema_migration VALUES (9, 'x', repeat('0', 64))",
        "SELECT steelyard.erase_person(1)",
        "SELECT steelyard.retain_since(now())",
        "DROP TABLE steelyard.run",
        "ALTER TABLE steelyard.audit DISABLE TRIGGER keep",
        "CREATE TABLE steelyard.mine ()",
        "CREATE TABLE public.mine ()",
        "CREATE SCHEMA mine",
        "COPY (SELECT 1) TO PROGRAM 'id'",
    ],
)
def test_the_application_may_do_nothing_else(database: Database, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.connect() as connection:
        connection.execute(statement.encode())


def test_a_connection_of_ones_own_commits_each_statement(database: Database) -> None:
    with database.new_connection() as connection:
        assert connection.autocommit
        assert connection.execute("SELECT current_user").fetchone() == (database.application_role,)
        assert connection.execute("SHOW timezone").fetchone() == ("UTC",)


def test_a_pool_finds_a_database_again_that_was_restarted(data: Path) -> None:
    with started(data) as database, database.pool() as pool:
        with pool.connection() as connection:
            connection.execute("SELECT 1")
        with database.connect_as_owner() as owner:
            owner.execute("SELECT 1")
        with database.connect() as other:
            # As a restart does: every connection of the pool is gone, once this returns.
            other.execute(
                "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity "
                "WHERE usename = current_user AND pid <> pg_backend_pid()"
            )
        with pool.connection() as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_beside_a_process_that_serves_its_database_is_used(data: Path) -> None:
    folder = open_data_folder(data)
    # What started it holds the lock, as another process would.
    with started(data), open_database(folder, environment={}, beside=True) as database:
        assert database.is_embedded
        assert database.embedded is None
        with database.connect() as connection:
            assert connection.execute("SELECT count(*) FROM steelyard.project").fetchone() == (1,)
    with open_database(folder, environment={}, beside=True) as database:
        assert database.embedded is not None


def test_a_teams_database_has_two_roles_or_says_that_it_has_one(team: Server, tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path / "data")
    with open_database(folder, environment=team.environment()) as database:
        assert (database.is_embedded, database.version, database.is_one_role) == (False, team.version, False)
        assert PASSWORD not in repr(database)
    alone = {"DATABASE_URL": team.environment("both", "both")["DATABASE_URL"]}
    with open_database(folder, environment=alone) as database:
        assert database.is_one_role
        with database.connect_as_owner() as connection:
            apply_migrations(connection, database.application_role)
        for statement in (
            "DELETE FROM steelyard.audit",
            "UPDATE steelyard.audit SET act = ''",
            "TRUNCATE steelyard.run CASCADE",
        ):
            with (
                pytest.raises(psycopg.errors.RestrictViolation, match="rows are never changed or deleted"),
                database.connect() as connection,
            ):
                connection.execute(statement.encode())
    assert [path.name for path in folder.path.iterdir()] == ["steelyard-data"]


@pytest.mark.parametrize(
    ("variable", "address"),
    [
        ("DATABASE_URL", f"postgresql://me:{SECRET}@127.0.0.1:1/x"),
        ("DATABASE_URL", f"postgresql://me:{SECRET}@127.0.0.1:port/x"),
        ("DATABASE_URL", f"postgres ql://me:{SECRET}"),
        ("DATABASE_URL", f"host=127.0.0.1 port=1 password={SECRET} no_such_option=3"),
        ("DATABASE_URL", f"host=127.0.0.1 port=1 password='{SECRET}"),
        ("DATABASE_URL", f"{SECRET}"),
    ],
)
def test_no_error_says_a_password(tmp_path: Path, variable: str, address: str) -> None:
    folder = open_data_folder(tmp_path / "data")
    with pytest.raises(SteelyardError) as caught, open_database(folder, environment={variable: address}):
        pass
    assert SECRET not in str(caught.value)
    assert "DATABASE_URL" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert SECRET not in "".join(traceback.format_exception(caught.value)).replace(repr(address), "")


def test_a_server_that_refuses_is_named_without_the_password(team: Server, tmp_path: Path) -> None:
    environment = team.environment()
    wrong = environment["DATABASE_URL"].replace(PASSWORD, SECRET)
    with (
        pytest.raises(StorageError, match=r"DATABASE_URL: the database cannot be reached: .*authentication") as caught,
        open_database(open_data_folder(tmp_path / "data"), environment=environment | {"DATABASE_URL": wrong}),
    ):
        pass
    assert SECRET not in str(caught.value)


def test_two_addresses_are_of_one_database(older: Server, tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path / "data")
    one, other = older.environment(), older.environment()
    with (
        pytest.raises(InputError, match="name two databases"),
        open_database(folder, environment=one | {"DATABASE_OWNER_URL": other["DATABASE_OWNER_URL"]}),
    ):
        pass
    with (
        pytest.raises(InputError, match="DATABASE_OWNER_URL is set, and DATABASE_URL is not"),
        open_database(folder, environment={"DATABASE_OWNER_URL": "x"}),
    ):
        pass


def test_an_address_that_does_not_answer_as_postgresql_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        address = f"postgresql://me:{SECRET}@127.0.0.1:{port}/x?connect_timeout=2"
        with (
            pytest.raises(StorageError, match="cannot be reached"),
            open_database(open_data_folder(tmp_path / "data"), environment={"DATABASE_URL": address}),
        ):
            pass


def test_what_the_database_refuses_is_one_line_without_rows(older: Server, tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path / "data")
    application = {"DATABASE_URL": older.environment()["DATABASE_URL"]}  # which owns nothing
    with (
        pytest.raises(InputError, match="role may not do this: permission denied for database"),
        open_database(folder, environment=application) as found,
        found.connect_as_owner() as connection,
    ):
        apply_migrations(connection, found.application_role)
    twice = "SELECT 1; CREATE TEMPORARY TABLE mine (secret text UNIQUE); INSERT INTO mine VALUES ('s3cret'), ('s3cret')"
    with (
        pytest.raises(StorageError, match=r"^the database: duplicate key value violates unique constraint") as caught,
        open_database(folder, environment=older.environment()) as found,
        found.connect_as_owner() as connection,
    ):
        connection.execute(twice)
    assert "s3cret" not in str(caught.value)


def test_an_existing_database_is_never_started(data: Path) -> None:
    folder = open_data_folder(data)
    with pytest.raises(StorageError, match="no steelyard serve runs on this folder"):
        existing_database(folder, {})
    with started(data), existing_database(folder, {}).connect() as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("steelyard_application",)
