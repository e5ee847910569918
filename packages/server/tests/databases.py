"""PostgreSQL for the tests: our own in a data folder, and servers of other major versions, each on a Unix socket."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from steelyard_server.database.connection import Database, open_database
from steelyard_server.database.folder import open_data_folder
from steelyard_server.database.migrate import apply_migrations
from steelyard_server.database.programs import installed_programs

# Owner, application, and what both may be in one.
ROLES = ("owner", "application", "both")
ROOM = 2 << 30  # bytes
PASSWORD = "a-password-of-the-tests-47"


@contextmanager
def open_folder(name: str = "data") -> Iterator[Path]:
    """A new folder that every user may enter, as pytest's are not: as root the database runs as nobody.

    In memory, where there is room: a database syncs a thousand files, and the disk may be busy.
    """
    memory = Path("/dev/shm")
    in_memory = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM
    above = Path(tempfile.mkdtemp(prefix="steelyard-test-", dir=memory if in_memory else None))
    above.chmod(0o755)
    try:
        yield above / name
    finally:
        shutil.rmtree(above)


def copied(template: Path, target: Path) -> Path:
    """A copy of a data folder whose database is not running, with owners and modes."""
    subprocess.run(["cp", "-a", template, target], check=True)
    return target


@contextmanager
def started(path: Path, environment: dict[str, str] | None = None, **options: Any) -> Iterator[Database]:
    """The platform's database of a data folder, migrated, without what the tests' own environment says.

    ``environment`` names a team's database in place of its own.
    """
    with open_database(open_data_folder(path), environment=environment or {}, **options) as database:
        with database.connect_as_owner() as connection:
            apply_migrations(connection, database.application_role)
        yield database


def other_programs() -> dict[int, Path]:
    """The folders of programs by major version: what the wheel and Debian's packages bring here.

    STEELYARD_TEST_POSTGRES names further ones, separated by colons.
    """
    found = {}
    given = [Path(place) for place in os.environ.get("STEELYARD_TEST_POSTGRES", "").split(":") if place]
    for folder in [installed_programs().with_name("pginstall"), *Path("/usr/lib/postgresql").glob("*"), *given]:
        if (folder / "bin" / "initdb").is_file():
            version = subprocess.run([folder / "bin" / "postgres", "--version"], capture_output=True, text=True).stdout
            if number := re.search(r"\b(\d+)\.\d", version):
                found[int(number[1])] = folder
    return found


class Server:
    """A running server of a team: a superuser, three roles, and databases made on demand."""

    def __init__(self, socket: Path, version: int) -> None:
        self.socket = socket
        self.version = version
        self._made = 0

    def parameters(self, role: str = "postgres", database: str = "postgres") -> dict[str, Any]:
        return {"host": str(self.socket), "user": role, "password": PASSWORD, "dbname": database}

    def environment(self, application: str = "application", owner: str = "owner") -> dict[str, str]:
        """The variables of a new, empty database."""
        import psycopg
        from psycopg import sql

        self._made += 1
        name = f"team_{self._made}"
        with psycopg.connect(**self.parameters(), autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(owner))
            )
        host = str(self.socket).replace("/", "%2F")
        return {
            variable: f"postgresql://{role}:{PASSWORD}@{host}/{name}"
            for variable, role in (("DATABASE_URL", application), ("DATABASE_OWNER_URL", owner))
        }


@contextmanager
def team_server(programs: Path, version: int) -> Iterator[Server]:
    """A server of another major version, as a team would have one; not for speed of any test, fsync is off."""
    import psycopg
    from psycopg import sql

    with open_folder() as folder:
        folder.mkdir(mode=0o755)
        account: dict[str, Any] = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
            account = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        secret = folder / "secret"
        secret.write_text(PASSWORD)
        options: dict[str, Any] = {"env": {"LC_ALL": "C.UTF-8", "TZ": "UTC"}, "cwd": folder, **account}
        make: list[str | Path] = [
            programs / "bin" / "initdb",
            "-D",
            folder / "cluster",
            "-U",
            "postgres",
            "--auth=scram-sha-256",
        ]
        make += [f"--pwfile={secret}", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        subprocess.run(make, check=True, stdout=subprocess.DEVNULL, **options)
        run: list[str | Path] = [
            programs / "bin" / "postgres",
            "-D",
            folder / "cluster",
            "-c",
            "listen_addresses=",
            "-c",
            "fsync=off",
        ]
        run += ["-c", f"unix_socket_directories={folder}", "-c", "max_connections=30", "-c", "shared_buffers=16MB"]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(run, stdout=log, stderr=log, **options)
        try:
            server = Server(folder, version)
            _wait(server, process)
            with psycopg.connect(**server.parameters(), autocommit=True) as connection:
                for role in ROLES:
                    connection.execute(
                        sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(PASSWORD))
                    )
            yield server
        finally:
            process.send_signal(signal.SIGQUIT)
            process.wait()


def _wait(server: Server, process: subprocess.Popen[bytes]) -> None:
    import psycopg

    while process.poll() is None:
        try:
            psycopg.connect(**server.parameters()).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.05)
    raise AssertionError((server.socket / "log").read_text())
