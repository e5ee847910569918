"""A worker's connection to the database, made again when it was lost: a restart of the database ends no worker."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError, StorageError
from steelyard_server.database.connection import existing_database
from steelyard_server.database.folder import folder_id
from steelyard_server.database.migrate import check_schema
from steelyard_server.endpoints.own_places import check_folder

if TYPE_CHECKING:
    import psycopg

    from steelyard_server.database.connection import Database
    from steelyard_server.database.folder import DataFolder

__all__ = ["CHANNEL", "Link", "LinkLost"]

CHANNEL: Final = "steelyard_job"
# A worker that is stopped within a transaction would hold its locks: the database ends the connection instead.
_IDLE_MILLISECONDS: Final = 5_000
_STATEMENT_MILLISECONDS: Final = 10_000


class LinkLost(StorageError):
    """The database cannot be reached now, or refused for a reason that may pass."""


class Link:
    """One connection of the application's role, in autocommit; used by one thread.

    With ``listens``, a worker's own, its socket becomes readable when jobs change, and its folder must be the one that
    serves.
    """

    def __init__(self, folder: DataFolder, *, listens: bool = False) -> None:
        self._folder = folder
        self._listens = listens
        self._database: Database | None = None
        self._stack = ExitStack()
        self._connection: psycopg.Connection[Any] | None = None

    def connection(self) -> psycopg.Connection[Any]:
        """The connection, made where there is none that works.

        Raises LinkLost where the database cannot be reached, or has another version's schema, as it may during an
        upgrade; InputError for an address that is none, and where another data folder serves.
        """
        import psycopg

        if self._connection is not None and not self._connection.closed:
            return self._connection
        self.close()
        try:
            if self._database is None:
                self._database = existing_database(self._folder)
            connection = self._stack.enter_context(self._database.connect())
            connection.autocommit = True
            connection.execute(f"SET statement_timeout = {_STATEMENT_MILLISECONDS:d}".encode())
            connection.execute(f"SET idle_in_transaction_session_timeout = {_IDLE_MILLISECONDS:d}".encode())
            _check_schema(connection)
            if self._listens:
                if not self._database.is_embedded:
                    check_folder(connection, folder_id(self._folder, create=False))
                connection.add_notify_handler(lambda _: None)
                connection.execute(f"LISTEN {CHANNEL}".encode())
        except InputError:
            self.close()
            raise
        except (StorageError, psycopg.Error) as error:
            self.close()
            self._database = None  # its passwords may be others after a restore
            raise LinkLost(str(error)) from None
        self._connection = connection
        return connection

    @property
    def database(self) -> Database:
        """What the open connection is to."""
        assert self._database is not None, "connected before"
        return self._database

    def fileno(self) -> int | None:
        """The socket of the connection that there is."""
        open_now = self._connection is not None and not self._connection.closed
        return self._connection.fileno() if self._connection is not None and open_now else None

    def close(self) -> None:
        """Give the connection up; the next use makes another."""
        import psycopg

        stack, self._stack, self._connection = self._stack, ExitStack(), None
        try:
            stack.close()
        except psycopg.Error:  # closing says goodbye to a database that may be gone
            return


def _check_schema(connection: psycopg.Connection[Any]) -> None:
    try:
        check_schema(connection)
    except InputError as error:
        raise LinkLost(str(error)) from None
