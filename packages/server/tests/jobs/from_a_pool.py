"""Jobs and schedules as tests make them: the rows alone, each in a transaction of its own, and nobody is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard_server.database.audit import append_audit
from steelyard_server.jobs.rows import (
    JobEvent,
    JobRow,
    cancel_job,
    find_job,
    insert_job,
    job_events,
    list_jobs,
    pause_job,
    resume_job,
)
from steelyard_server.jobs.schedules import ScheduleRow, insert_schedule, list_schedules, switch_schedule

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

    from steelyard_server.jobs.specification import Specification

__all__ = ["Jobs", "Schedules"]


class Jobs:
    """The jobs of one project, from a pool, without role, limits and audit lines: those are of :mod:`acts`."""

    def __init__(self, pool: ConnectionPool, project: str = "default") -> None:
        self._pool = pool
        self._project = project

    def add(self, specification: Specification, person: int, *, priority: int = 0, max_failures: int = 5) -> int:
        """As :func:`insert_job`."""
        with self._pool.connection() as connection:
            return insert_job(
                connection, self._project, specification, person, priority=priority, max_failures=max_failures
            )

    def find(self, job: int) -> JobRow | None:
        """As :func:`find_job`."""
        with self._pool.connection() as connection:
            return find_job(connection, self._project, job)

    def list(self, *, state: str = "", before: int = 0, size: int = 50) -> tuple[JobRow, ...]:
        """As :func:`list_jobs`."""
        with self._pool.connection() as connection:
            return list_jobs(connection, self._project, state=state, before=before, size=size)

    def events(self, job: int) -> tuple[JobEvent, ...]:
        """As :func:`job_events`."""
        with self._pool.connection() as connection:
            return job_events(connection, self._project, job)

    def cancel(self, job: int, person: int, reason: str = "") -> bool:
        """As :func:`cancel_job`."""
        with self._pool.connection() as connection:
            return cancel_job(connection, self._project, job, person, reason)

    def pause(self, job: int, person: int, reason: str = "") -> bool:
        """As :func:`pause_job`."""
        with self._pool.connection() as connection:
            return pause_job(connection, self._project, job, person, reason)

    def resume(self, job: int, person: int, reason: str = "") -> bool:
        """As :func:`resume_job`."""
        with self._pool.connection() as connection:
            return resume_job(connection, self._project, job, person, reason)


class Schedules:
    """The schedules of one project, from a pool, without role and limits: those are of :mod:`schedule_acts`."""

    def __init__(self, pool: ConnectionPool, project: str = "default") -> None:
        self._pool = pool
        self._project = project

    def add(
        self, name: str, cron: str, zone: str, specification: Specification, person: int, *, priority: int = 0
    ) -> int:
        """As :func:`insert_schedule`, with its audit line."""
        with self._pool.connection() as connection:
            number = insert_schedule(connection, self._project, name, cron, zone, specification, person, priority)
            details = {"cron": cron, "name": name, "zone": zone}
            append_audit(
                connection, "schedule", actor=f"person:{person}", subject=f"schedule:{number}", details=details
            )
        return number

    def list(self) -> tuple[ScheduleRow, ...]:
        """As :func:`list_schedules`."""
        with self._pool.connection() as connection:
            return list_schedules(connection, self._project)

    def switch(self, schedule: int, person: int, *, on: bool) -> bool:
        """As :func:`switch_schedule`, with an audit line."""
        with self._pool.connection() as connection:
            if not switch_schedule(connection, self._project, schedule, on=on):
                return False
            act = "schedule-on" if on else "schedule-off"
            append_audit(connection, act, actor=f"person:{person}", subject=f"schedule:{schedule}")
        return True
