"""What all handlers share: settings, the database's pool, and what is built on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

    from steelyard.server.access.attempts import Attempts
    from steelyard.server.access.people import People
    from steelyard.server.database.connection import Database
    from steelyard.server.database.folder import DataFolder
    from steelyard.server.endpoints.rows import Endpoints
    from steelyard.server.metrics import Metrics
    from steelyard.server.push.intake import Intake
    from steelyard.server.runs.rows import Runs
    from steelyard.server.settings import ServeSettings
    from steelyard.server.shares.limit import OpenLimit
    from steelyard.server.shares.rows import Shares
    from steelyard.server.web.logs import JsonLog

__all__ = ["Platform", "build_platform"]


@dataclass(frozen=True)
class Platform:
    """One serving process; made once, by :func:`build_platform`."""

    settings: ServeSettings
    data: DataFolder
    database: Database
    pool: ConnectionPool
    people: People
    runs: Runs
    endpoints: Endpoints
    shares: Shares
    share_limit: OpenLimit
    intake: Intake
    attempts: Attempts
    metrics: Metrics
    log: JsonLog


def build_platform(
    settings: ServeSettings, data: DataFolder, database: Database, pool: ConnectionPool, log: JsonLog
) -> Platform:
    """Put the parts together."""
    import shutil

    from steelyard.server.access.attempts import Attempts
    from steelyard.server.access.people import People
    from steelyard.server.encryption.key_file import secret_key_file
    from steelyard.server.endpoints.rows import Endpoints
    from steelyard.server.metrics import Metrics
    from steelyard.server.push.intake import Intake
    from steelyard.server.runs.rows import Runs
    from steelyard.server.shares.limit import OpenLimit
    from steelyard.server.shares.rows import Shares

    metrics, runs = Metrics(), Runs(pool)
    metrics.measure_disk(lambda: float(shutil.disk_usage(data.path).free))
    return Platform(
        settings=settings,
        data=data,
        database=database,
        pool=pool,
        people=People(pool),
        runs=runs,
        endpoints=Endpoints(pool, secret_key_file(data)),
        shares=Shares(pool),
        share_limit=OpenLimit(),
        intake=Intake(data, runs, metrics),
        attempts=Attempts(),
        metrics=metrics,
        log=log,
    )
