"""A worker with short leases.

``python -m packages.server.tests.jobs.short_worker DATA NAME LEASE [CONCURRENCY LEAST_FREE]``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from steelyard_server.database.folder import open_data_folder
from steelyard_server.http.logs import JsonLog
from steelyard_server.jobs.worker import JobWorker, WorkerSettings


def main(data: str, name: str, lease: float, concurrency: int = 1, least_free: int = 0) -> None:
    settings = WorkerSettings(
        name=name,
        concurrency=concurrency,
        lease_seconds=lease,
        beat_seconds=0.3 * lease,
        poll_seconds=0.25 * lease,
        pause_seconds=0.1,
        least_free=least_free,
    )
    JobWorker(open_data_folder(Path(data), create=False), settings, JsonLog()).run()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), *map(int, sys.argv[4:6]))
