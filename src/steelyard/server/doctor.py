"""What the platform needs on this machine: looked at before, or beside, a server that runs."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.errors import SteelyardError
from steelyard.server.health import LEAST_FREE

if TYPE_CHECKING:
    from steelyard.server.database.folder import DataFolder

__all__ = ["Checked", "examine"]


@dataclass(frozen=True)
class Checked:
    """The result of one check, and how to fix it; without ``works`` and with no ``fix`` it is only a remark."""

    what: str
    works: bool
    text: str
    fix: str = ""


def examine(path: Path, run_as: str, notify: Callable[[str], None], *, runs: bool = False) -> Iterator[Checked]:
    """Each check in turn; later ones are left out where an earlier one makes them impossible.

    With ``runs`` every file of every run is read and compared with what was received.
    """
    from steelyard.server.database.folder import open_data_folder
    from steelyard.server.serving import check_dependencies

    try:
        check_dependencies()
        yield Checked("extra server", True, "installed")
    except SteelyardError as error:
        yield Checked("extra server", False, "not installed", str(error))
        return
    yield _isolation()
    try:
        data = open_data_folder(path, create=False)
    except SteelyardError as error:
        yield Checked("data folder", False, str(error), "steelyard serve --data FOLDER makes one")
        return
    yield Checked("data folder", True, str(data.path))
    yield _mode(data)
    yield _secret_key(data)
    yield _disk(data)
    yield from _database(data, run_as, notify, runs=runs)


def _isolation() -> Checked:
    """Whether a verification can be kept from the network here."""
    from steelyard.server.push.verifying import isolation_problem

    problem = isolation_problem()
    text = problem or "a verification opens no socket"
    fix = f"pushes are refused without it: a Linux kernel with seccomp, on x86_64 or aarch64, not {platform.machine()}"
    return Checked("isolation", not problem, text, fix if problem else "")


def _mode(data: DataFolder) -> Checked:
    secrets = data.secrets.stat().st_mode & 0o077 if data.secrets.is_dir() else 0
    fix = f"chmod 700 {data.secrets}" if secrets else ""
    return Checked("secrets", not secrets, "readable by others" if secrets else "readable by their owner alone", fix)


def _secret_key(data: DataFolder) -> Checked:
    """Whether there is a secret key that its owner alone can read."""
    from steelyard.server.encryption.key_file import secret_key_file

    file = secret_key_file(data)
    if file.source == "data folder" and not file.path.exists():
        return Checked("secret key", True, "none yet: steelyard serve makes it at its start")
    problem = file.problem()
    text = problem or f"{file.path}: in no backup, keep a copy of it elsewhere"
    return Checked("secret key", not problem, text, "without it no key of an endpoint can be used" if problem else "")


def _disk(data: DataFolder) -> Checked:
    free = shutil.disk_usage(data.path).free
    works = free >= LEAST_FREE
    return Checked(
        "disk", works, f"{free / 1e9:,.1f} GB free", "" if works else "no push is taken below 1 GB: make room"
    )


def _database(data: DataFolder, run_as: str, notify: Callable[[str], None], *, runs: bool) -> Iterator[Checked]:
    from steelyard.server.access.people import has_administrator
    from steelyard.server.database.audit import check_audit
    from steelyard.server.database.backup import damaged_files
    from steelyard.server.database.connection import open_database
    from steelyard.server.database.migrate import check_schema
    from steelyard.server.encryption.key_file import secret_key_file
    from steelyard.server.endpoints.rows import unreadable_endpoints

    try:
        with open_database(data, run_as, notify, beside=True) as database:
            whose = "our own" if database.is_embedded else "the team's"
            yield Checked("database", True, f"PostgreSQL {database.version}, {whose}")
            one = f"{database.owner_role} does everything: append-only rests on triggers alone"
            two = f"{database.owner_role} owns, {database.application_role} inserts"
            yield Checked("roles", True, one if database.is_one_role else two)
            with database.connect() as connection:
                check_schema(connection)
                yield Checked("schema", True, "this version's")
                head = check_audit(connection)
                yield Checked("audit log", True, f"{head.lines:,} lines in one chain, head {head.sha256}")
                found = has_administrator(connection)
                lost = unreadable_endpoints(connection, secret_key_file(data))
            fix = "" if found else "steelyard serve admin-link"
            yield Checked("administrator", True, "there is one" if found else "none yet", fix)
            fix = f"give them again on the page Endpoints: {', '.join(lost)}" if lost else ""
            yield Checked("keys of endpoints", not lost, f"{len(lost)} cannot be read" if lost else "can be read", fix)
            if runs:
                with database.connect() as connection:
                    yield _runs(*damaged_files(connection, data))
    except SteelyardError as error:
        yield Checked("database", False, str(error), "steelyard serve says more as it starts")


def _runs(number: int, damaged: tuple[str, ...]) -> Checked:
    if not damaged:
        return Checked("runs", True, f"{number:,} files are as they were received")
    text = f"{len(damaged):,} of {number:,} files are gone, or not as they were received"
    more = f" and {len(damaged) - 5:,} more" if len(damaged) > 5 else ""
    return Checked("runs", False, text, f"restore them from a backup: {', '.join(damaged[:5])}{more}")
