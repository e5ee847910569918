"""The roles and the database within an embedded PostgreSQL, made at its first start."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

from steelyard.errors import InputError
from steelyard_server.database.folder import DataFolder
from steelyard_server.database.passwords import APPLICATION, DATABASE, OWNER, SUPERUSER, Passwords, parameters

if TYPE_CHECKING:
    import psycopg

__all__ = ["provision"]


def provision(folder: DataFolder, passwords: Passwords) -> bool:
    """Make the two roles and the database where they are missing; whether the database could be reached.

    The owner owns the database and nothing else; the application may connect, and gets its rights by the migrations.
    Raises InputError for passwords of another database.
    """
    import psycopg

    try:
        connection = psycopg.connect(
            **parameters(folder, SUPERUSER, passwords.superuser, "postgres"), autocommit=True, connect_timeout=5
        )
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):  # no SQLSTATE comes with it
            raise InputError("these passwords are not those of this database", where=folder.passwords) from None
        return False
    with connection:
        for role, password in ((OWNER, passwords.owner), (APPLICATION, passwords.application)):
            _make_role(connection, role, password)
        if not _exists(connection, "SELECT 1 FROM pg_database WHERE datname = %s", DATABASE):
            _run(connection, "CREATE DATABASE {} OWNER {}", DATABASE, OWNER)
        _run(connection, "REVOKE ALL ON DATABASE {} FROM PUBLIC", DATABASE)
        _run(connection, "GRANT CONNECT ON DATABASE {} TO {}", DATABASE, APPLICATION)
    return True


def _make_role(connection: psycopg.Connection, role: str, password: str) -> None:
    from psycopg import sql

    if _exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", role):
        return
    # The server is told the SCRAM verifier, so that no statement holds the password.
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(verifier)))


def _exists(connection: psycopg.Connection, query: LiteralString, name: str) -> bool:
    return connection.execute(query, (name,)).fetchone() is not None


def _run(connection: psycopg.Connection, statement: LiteralString, *names: str) -> None:
    from psycopg import sql

    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
