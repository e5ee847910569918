"""What the platform needs on this machine: looked at before, or beside, a server that runs."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import SteelyardError
from steelyard_server.health import LEAST_FREE
from steelyard_server.jobs.disk import FLOOR, job_disk

if TYPE_CHECKING:
    import psycopg

    from steelyard_server.database.folder import DataFolder

__all__ = ["Checked", "examine"]

_MOST_GONE: Final = 10


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
    from steelyard_server.database.folder import open_data_folder
    from steelyard_server.serving import check_dependencies

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
    from steelyard_server.push.verifying import isolation_problem

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
    from steelyard_server.encryption.key_file import secret_key_file

    file = secret_key_file(data)
    if file.source == "data folder" and not file.path.exists():
        return Checked("secret key", True, "none yet: steelyard serve makes it at its start")
    problem = file.problem()
    text = problem or f"{file.path}: in no backup, keep a copy of it elsewhere"
    return Checked("secret key", not problem, text, "without it no key of an endpoint can be used" if problem else "")


def _disk(data: DataFolder) -> Checked:
    disk = job_disk(data)
    more = "" if disk.is_whole else "more than "
    text = f"{disk.free / 1e9:,.1f} GB free, folders of jobs take {more}{disk.used / 1e9:,.1f} GB"
    if disk.free < LEAST_FREE:
        return Checked("disk", False, text, "no push is taken below 1 GB, and no job is started: make room")
    return Checked("disk", disk.free >= FLOOR, text, disk.warning)


def _database(data: DataFolder, run_as: str, notify: Callable[[str], None], *, runs: bool) -> Iterator[Checked]:
    from steelyard_server.access.people import has_administrator
    from steelyard_server.database.audit import check_audit
    from steelyard_server.database.connection import open_database
    from steelyard_server.encryption.key_file import secret_key_file
    from steelyard_server.endpoints.rows import unreadable_endpoints
    from steelyard_server.notify.sealed import unreadable_secrets
    from steelyard_server.upkeep.backup import damaged_files

    try:
        with open_database(data, run_as, notify, beside=True) as database:
            whose = "our own" if database.is_embedded else "the team's"
            yield Checked("database", True, f"PostgreSQL {database.version}, {whose}")
            one = f"{database.owner_role} does everything: append-only rests on triggers alone"
            two = f"{database.owner_role} owns, {database.application_role} inserts"
            yield Checked("roles", True, one if database.is_one_role else two)
            with database.connect() as connection:
                schema = _schema(connection)
                yield schema
                if not schema.works:
                    return
                head = check_audit(connection)
                yield Checked("audit log", True, f"{head.lines:,} lines in one chain, head {head.sha256}")
                found = has_administrator(connection)
                lost = unreadable_endpoints(connection, secret_key_file(data))
                silent = unreadable_secrets(connection, secret_key_file(data))
                yield from _workers(connection)
                yield _backup(connection)
            fix = "" if found else "steelyard serve admin-link"
            yield Checked("administrator", True, "there is one" if found else "none yet", fix)
            fix = f"give them again on the page Endpoints: {', '.join(lost)}" if lost else ""
            yield Checked("keys of endpoints", not lost, f"{len(lost)} cannot be read" if lost else "can be read", fix)
            fix = f"make another secret on their pages: {', '.join(silent)}" if silent else ""
            text = f"{len(silent)} cannot be read, and send nothing" if silent else "can be read"
            yield Checked("secrets of webhooks and mail", not silent, text, fix)
            if runs:
                with database.connect() as connection:
                    yield _runs(*damaged_files(connection, data))
    except SteelyardError as error:
        yield Checked("database", False, str(error), "steelyard serve says more as it starts")


def _schema(connection: psycopg.Connection[Any]) -> Checked:
    """Whether the database has this version's schema, and else what would bring it there."""
    from steelyard_server.database.migrate import missing_migrations

    missing = missing_migrations(connection)
    if not missing:
        return Checked("schema", True, "this version's")
    text = f"number {missing[0].number - 1}, and this version needs {missing[-1].number}"
    steps = "; ".join(f"{each.number}: {each.about.rstrip('.')}" for each in missing)
    return Checked("schema", False, text, f"steelyard serve migrate applies {steps}")


def _workers(connection: psycopg.Connection[Any]) -> Iterator[Checked]:
    """The workers that are alive and what they do, then each that was not heard of any more."""
    from steelyard_server.jobs.workers import workers_seen

    found = workers_seen(connection)
    alive = [each for each in found if each.is_alive]
    if not alive:
        yield Checked("workers", True, "none is alive: no job is done", "steelyard worker --data FOLDER")
    for each in alive:
        jobs = f"does job {', '.join(map(str, each.jobs))}" if each.jobs else "waits for jobs"
        text = f"{each.name} on {each.host} since {each.begun_at:%Y-%m-%d %H:%M} UTC: {each.problem or jobs}"
        yield Checked("workers", not each.problem, text)
    for each in [each for each in found if each.is_gone][:_MOST_GONE]:
        text = f"{each.name} on {each.host} is gone: last heard of {each.seen_at:%Y-%m-%d %H:%M:%S} UTC"
        yield Checked("workers", True, text, "where it was not stopped on purpose, start it again")


def _backup(connection: psycopg.Connection[Any]) -> Checked:
    from steelyard_server.database.audit import last_act

    at = last_act(connection, "backup")
    if at is None:
        return Checked("backup", True, "none yet", "steelyard serve backup FILE")
    return Checked("backup", True, f"the last one was written {at:%Y-%m-%d %H:%M} UTC")


def _runs(number: int, damaged: tuple[str, ...]) -> Checked:
    if not damaged:
        return Checked("runs", True, f"{number:,} files are as they were received")
    text = f"{len(damaged):,} of {number:,} files are gone, or not as they were received"
    more = f" and {len(damaged) - 5:,} more" if len(damaged) > 5 else ""
    return Checked("runs", False, text, f"restore them from a backup: {', '.join(damaged[:5])}{more}")
