"""Where the platform's database is: our own in the data folder, or the team's by DATABASE_URL; and its two roles.

The owner migrates, retains and erases. The application may insert and read where things are append-only. Where both are
one role that is a fact which is said (``/readyz``, the page *Admin*): append-only then rests on triggers alone.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError, MissingDependency, StorageError
from steelyard_server.database.folder import DataFolder
from steelyard_server.database.passwords import APPLICATION, OWNER, Passwords, parameters

if TYPE_CHECKING:
    import psycopg
    from psycopg_pool import ConnectionPool

    from steelyard_server.database.embedded import Embedded

__all__ = ["OLDEST", "Database", "existing_database", "open_database", "plain_errors"]

URL: Final = "DATABASE_URL"
OWNER_URL: Final = "DATABASE_OWNER_URL"
OLDEST: Final = 15  # the major version of PostgreSQL from which on the schema works, and is tested
_CONNECT_SECONDS: Final = 10
_STATEMENT_MILLISECONDS: Final = 30_000
# A team's database whose machine is gone without a word is given up after half a minute.
_ALIVE: Final = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000}
_POOL_SECONDS: Final = 10.0
_BESIDE_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Database:
    """A database that can be reached. Its text says no password.

    ``embedded`` is the process where this one started it; None for the team's, and beside a process that serves.
    """

    is_embedded: bool
    application_role: str
    owner_role: str
    version: int
    _application: Mapping[str, Any] = field(repr=False)
    _owner: Mapping[str, Any] = field(repr=False)
    embedded: Embedded | None = field(default=None, repr=False)

    @property
    def is_one_role(self) -> bool:
        """Whether append-only rests on triggers alone."""
        return self.application_role == self.owner_role

    def addresses(self) -> tuple[tuple[str, int], ...]:
        """Host and port by which the team's database is reached, as named and as connected to; none of our own's.

        A host that begins with a stroke is the folder of a Unix socket, beside which the port may be open, too.
        """
        if self.is_embedded:
            return ()
        found: set[tuple[str, int]] = set()
        for asked, variable in ((self._application, URL), (self._owner, OWNER_URL)):
            hosts = str(asked.get("host") or asked.get("hostaddr") or "").split(",")
            with _connect(asked, variable) as connection:
                info = connection.info
                found |= {(host, info.port) for host in (*hosts, info.host, info.hostaddr) if host}
                row = connection.execute("SELECT host(inet_server_addr()), inet_server_port()").fetchone()
                if row is not None and row[0] is not None:
                    found.add((row[0], row[1]))
        return tuple(sorted(found))

    @contextmanager
    def pool(self, size: int = 8) -> Iterator[ConnectionPool]:
        """A pool of at most ``size`` connections of the application's role, closed at the end of the block.

        A connection is checked before it is lent, so that a database which was restarted is found again. Its time zone
        is UTC. Waiting longer than ten seconds for one raises ``psycopg_pool.PoolTimeout``.
        """
        from psycopg_pool import ConnectionPool

        from steelyard_server.database.reading import LifeCheck

        with ConnectionPool(
            kwargs=dict(self._application),
            min_size=1,
            max_size=size,
            timeout=_POOL_SECONDS,
            configure=_configure,
            check=LifeCheck(),
            name="steelyard",
        ) as pool:
            yield pool

    @contextmanager
    def connect(self) -> Iterator[psycopg.Connection[Any]]:
        """One connection of the application's role; the block is its transaction."""
        with _connect(self._application, URL) as connection:
            _configure(connection)
            yield connection

    def new_connection(self) -> psycopg.Connection[Any]:
        """A connection of the application's role in autocommit, which the caller closes; raises psycopg's errors."""
        import psycopg

        connection = psycopg.connect(**self._application, autocommit=True)
        connection.execute("SET TIME ZONE 'UTC'")
        return connection

    @contextmanager
    def connect_as_owner(self) -> Iterator[psycopg.Connection[Any]]:
        """One connection of the owner, in autocommit: for migrations, retention, erasure, backups, and nothing else."""
        with _connect(self._owner, OWNER_URL) as connection:
            connection.autocommit = True
            connection.execute("SET TIME ZONE 'UTC'")
            yield connection


@contextmanager
def open_database(
    folder: DataFolder,
    run_as: str = "",
    notify: Callable[[str], None] = lambda _: None,
    environment: Mapping[str, str] = os.environ,
    *,
    beside: bool = False,
) -> Iterator[Database]:
    """The database of a data folder for the length of the block.

    The team's where DATABASE_URL is set; else our own, which is started, in the thread that must live as long as the
    block. With ``beside`` one that another process of steelyard has started is used as it is. Raises InputError where
    it cannot be reached, is older than PostgreSQL 15, or an address cannot be read (which is never quoted). What the
    database refuses within the block is one line, too: InputError where a role may not do it, else StorageError.
    """
    _need_psycopg()
    with plain_errors():
        if environment.get(URL):
            yield _team(environment)
            return
        if environment.get(OWNER_URL):
            raise InputError(f"{OWNER_URL} is set, and {URL} is not: set both, or neither")
        from steelyard_server.database.embedded import running_database, start_database
        from steelyard_server.database.locks import FolderInUse

        with ExitStack() as stack:
            if beside and running_database(folder) is not None:
                yield _beside(folder)
                return
            try:
                embedded = stack.enter_context(start_database(folder, run_as, notify))
            except FolderInUse:
                if not beside:
                    raise
                database = _beside(folder)
            else:
                database = _own(folder, embedded.passwords, embedded)
            yield database


def existing_database(folder: DataFolder, environment: Mapping[str, str] = os.environ) -> Database:
    """The team's database, or the one that ``steelyard serve`` runs in this folder now: nothing is started.

    Raises InputError as :func:`open_database`, StorageError where none can be reached.
    """
    _need_psycopg()
    with plain_errors():
        if environment.get(URL):
            return _team(environment)
        from steelyard_server.database.embedded import running_database

        passwords = running_database(folder)
        if passwords is None:
            raise StorageError(f"{folder.path}: no steelyard serve runs on this folder")
        return _own(folder, passwords, None)


@contextmanager
def plain_errors() -> Iterator[None]:
    """What PostgreSQL says of an error, without the DETAIL, which may quote rows."""
    import psycopg

    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise InputError(f"the database's role may not do this: {error.diag.message_primary}") from None
    except psycopg.Error as error:
        reason = error.diag.message_primary or " ".join(str(error).split())[:300]
        raise StorageError(f"the database: {reason}") from None


def _need_psycopg() -> None:
    try:
        import psycopg_pool  # noqa: F401
    except ImportError:
        raise MissingDependency("the platform's database needs psycopg: pip install 'steelyard[server]'") from None


def _own(folder: DataFolder, passwords: Passwords, embedded: Embedded | None) -> Database:
    return _described(
        _asked(parameters(folder, APPLICATION, passwords.application)),
        _asked(parameters(folder, OWNER, passwords.owner)),
        embedded=embedded,
        is_embedded=True,
    )


def _beside(folder: DataFolder) -> Database:
    """The database that another process runs, as soon as it accepts connections."""
    from steelyard_server.database.embedded import running_database

    begun = time.monotonic()
    while True:
        passwords = running_database(folder)
        try:
            if passwords is not None:
                return _own(folder, passwords, None)
        except StorageError:
            pass
        if passwords is None or time.monotonic() - begun > _BESIDE_SECONDS:
            raise StorageError(
                f"{folder.path}: the process that uses this folder has no database that answers: try again"
            )
        time.sleep(0.1)


def _team(environment: Mapping[str, str]) -> Database:
    application = _parsed(environment[URL], URL)
    owner = _parsed(environment[OWNER_URL], OWNER_URL) if environment.get(OWNER_URL) else application
    return _described(application, owner, embedded=None, is_embedded=False)


def _parsed(address: str, variable: str) -> dict[str, Any]:
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        found = conninfo_to_dict(address)
    except ProgrammingError:  # its text quotes the address, with the password
        found = {}
    if not found:
        raise InputError(f"{variable}: is no address of PostgreSQL's, as postgresql://user:password@host:5432/database")
    return _asked(found)


def _asked(found: Mapping[str, Any]) -> dict[str, Any]:
    return {"connect_timeout": _CONNECT_SECONDS, "application_name": "steelyard", **_ALIVE, **found}


def _described(
    application: dict[str, Any], owner: dict[str, Any], *, embedded: Embedded | None, is_embedded: bool
) -> Database:
    with _connect(application, URL) as connection:
        version = connection.info.server_version // 10_000
        role, name, encoding = _facts(connection)
    if version < OLDEST:
        raise InputError(f"{URL}: is PostgreSQL {version}, and {OLDEST} or newer is needed")
    if encoding != "UTF8":
        raise InputError(
            f"{URL}: the database's encoding is {encoding}, and UTF8 is needed: CREATE DATABASE … ENCODING 'UTF8'"
        )
    with _connect(owner, OWNER_URL) as connection:
        owner_role, owners_name, _ = _facts(connection)
    if name != owners_name:
        raise InputError(f"{URL} and {OWNER_URL} name two databases: name one, with a role each")
    return Database(is_embedded, role, owner_role, version, application, owner, embedded)


def _facts(connection: psycopg.Connection[Any]) -> tuple[str, str, str]:
    """Role, name and encoding of the database that is connected to."""
    row = connection.execute("SELECT current_user, current_database(), current_setting('server_encoding')").fetchone()
    assert row is not None
    return row[0], row[1], row[2]


@contextmanager
def _connect(asked: Mapping[str, Any], variable: str) -> Iterator[psycopg.Connection[Any]]:
    import psycopg

    try:
        connection = psycopg.connect(**asked)
    except psycopg.Error as error:
        reason = " ".join(str(error).split())[:300]
        for secret in filter(None, (asked.get("password"), asked.get("sslpassword"))):
            reason = reason.replace(str(secret), "…")
        raise StorageError(f"{variable}: the database cannot be reached: {reason}") from None
    with connection:
        yield connection


def _configure(connection: psycopg.Connection[Any]) -> None:
    connection.execute("SET TIME ZONE 'UTC'")
    connection.execute(f"SET statement_timeout = {_STATEMENT_MILLISECONDS:d}".encode())
    connection.commit()
