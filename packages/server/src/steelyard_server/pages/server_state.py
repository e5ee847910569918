"""What *Admin* shows of the platform: workers, disk, last backup, and what the installed version would change."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

from steelyard import __version__
from steelyard.errors import SteelyardError
from steelyard.util.software import software
from steelyard_server.database.migrate import missing_migrations
from steelyard_server.jobs.disk import job_disk
from steelyard_server.jobs.workers import workers_seen
from steelyard_server.pages.server_warnings import backup_warnings, last_backup, worker_warnings
from steelyard_server.pages.words import bytes_in_words, moment

if TYPE_CHECKING:
    import psycopg

    from steelyard_server.jobs.disk import JobDisk
    from steelyard_server.jobs.workers import WorkerRow
    from steelyard_server.platform import Platform

__all__ = ["state_of"]

_MOST_WARNED: Final = 10


def state_of(platform: Platform, connection: psycopg.Connection[Any]) -> dict[str, Any]:
    """Workers, disk, backup and upgrade, and in ``warnings`` what an administrator should look at."""
    workers, disk, at = workers_seen(connection), job_disk(platform.data), last_backup(connection)
    warned = [*worker_warnings(connection, workers)[:_MOST_WARNED], *backup_warnings(connection)]
    return {
        "warnings": [
            *(f"{each.about} {each.said}" for each in warned),
            *([disk.warning] if disk.warning else []),
        ],
        "workers": [_shown(each) for each in workers],
        "disk": _disk(disk),
        "backup": "none yet: steelyard serve backup" if at is None else moment(at),
        "upgrade": _upgrade(connection),
    }


def _disk(disk: JobDisk) -> list[tuple[str, str]]:
    """How full the disk of the data folder is, and what jobs take of it."""
    used = bytes_in_words(disk.used)
    return [
        ("Free on its disk", f"{bytes_in_words(disk.free)} of {bytes_in_words(disk.total)}"),
        ("Folders of jobs", used if disk.is_whole else f"more than {used}"),
    ]


def _shown(worker: WorkerRow) -> dict[str, Any]:
    if worker.is_alive:
        state = "takes no job" if worker.problem else "busy" if worker.jobs else "waits for jobs"
    else:
        state = "ended" if worker.ended_at else "gone"
    return {
        "name": worker.name,
        "host": worker.host,
        "software": worker.software,
        "state": state,
        "jobs": ", ".join(f"{each}" for each in worker.jobs),
        "concurrency": worker.concurrency,
        "begun_at": moment(worker.begun_at),
        "seen_at": worker.seen_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        "is_gone": worker.is_gone,
    }


def _upgrade(connection: psycopg.Connection[Any]) -> dict[str, Any]:
    """What a start of the installed program would do, which may be another version than the one that runs."""
    installed = software()
    found: dict[str, Any] = {
        "installed": installed,
        "is_other": installed != f"steelyard {__version__}",
        "migrations": [],
        "problem": "",
    }
    try:
        missing = missing_migrations(connection)
        found["migrations"] = [{"number": each.number, "about": each.about} for each in missing]
    except SteelyardError as error:
        found["problem"] = str(error)
    return found
