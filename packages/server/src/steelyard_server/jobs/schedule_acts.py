"""What people do with schedules: each act asks for a role in the project, and is a line of the audit log.

Pages and the HTTP API call these, as those of :mod:`steelyard_server.jobs.acts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError
from steelyard_server.access.acts import audit_act
from steelyard_server.access.callers import Role
from steelyard_server.jobs.membership import Missing, member_of, person_of
from steelyard_server.jobs.past_looks import PAGE_SIZE, last_looks, list_looks
from steelyard_server.jobs.room import check_room_of_schedule
from steelyard_server.jobs.rows import find_job, list_jobs, specification_of
from steelyard_server.jobs.schedules import (
    find_schedule,
    insert_schedule,
    list_schedules,
    switch_schedule,
    why_they_wait,
)
from steelyard_server.jobs.specification import Resumption, encode, read_specification

if TYPE_CHECKING:
    import psycopg

    from steelyard_server.access.callers import Caller
    from steelyard_server.http.facts import RequestFacts
    from steelyard_server.jobs.past_looks import LookRow
    from steelyard_server.jobs.rows import JobRow
    from steelyard_server.jobs.schedules import ScheduleRow
    from steelyard_server.jobs.specification import Specification

__all__ = [
    "ShownSchedule",
    "add_schedule",
    "asked_by",
    "jobs_to_repeat",
    "lasts_shown",
    "looks_shown",
    "schedule_shown",
    "schedules_shown",
    "switch",
    "waits_shown",
]

_REPEATABLE: Final = 20


@dataclass(frozen=True, slots=True)
class ShownSchedule:
    """A schedule, and its last looks, the newest first."""

    row: ScheduleRow
    looks: tuple[LookRow, ...]


def add_schedule(
    connection: psycopg.Connection[Any],
    caller: Caller,
    project: str,
    name: str,
    cron: str,
    zone: str,
    asked: Specification,
    facts: RequestFacts,
    *,
    priority: int = 0,
) -> int:
    """Ask the same again and again (a runner's act; with a ``priority`` above 0 an admin's).

    Raises InputError as :func:`insert_schedule` and :func:`check_room_of_schedule` do.
    """
    member, person = member_of(caller, project, Role.ADMIN if priority > 0 else Role.RUNNER), person_of(caller)
    with connection.transaction():
        check_room_of_schedule(connection, member.project_id, person, len(encode(asked)))
        number = insert_schedule(connection, member.project, name, cron, zone, asked, person, priority)
        details = {"cron": cron, "name": name, "priority": priority, "zone": zone}
        audit_act(connection, "schedule", f"person:{person}", facts, f"schedule:{number}", details)
    return number


def switch(
    connection: psycopg.Connection[Any], caller: Caller, project: str, schedule: int, facts: RequestFacts, *, on: bool
) -> bool:
    """Switch a schedule on, from its next look on, or off (a runner's act); False where it is so already.

    Raises InputError as :func:`check_room_of_schedule` does where it is to be on.
    """
    member = member_of(caller, project, Role.RUNNER)
    found = _found(connection, member.project, schedule)
    with connection.transaction():
        if on and not found.is_on:
            check_room_of_schedule(connection, member.project_id, found.made_by)
        is_changed = switch_schedule(connection, member.project, schedule, on=on)
        if is_changed:
            act = "schedule-on" if on else "schedule-off"
            audit_act(connection, act, f"person:{person_of(caller)}", facts, f"schedule:{schedule}")
    return is_changed


def schedules_shown(connection: psycopg.Connection[Any], caller: Caller, project: str) -> tuple[ScheduleRow, ...]:
    """The schedules of a project by name (a viewer's act)."""
    return list_schedules(connection, member_of(caller, project, Role.VIEWER).project)


def schedule_shown(connection: psycopg.Connection[Any], caller: Caller, project: str, schedule: int) -> ShownSchedule:
    """A schedule with its last looks (a viewer's act)."""
    member = member_of(caller, project, Role.VIEWER)
    row = _found(connection, member.project, schedule)
    return ShownSchedule(row, list_looks(connection, member.project, schedule=row.id))


def looks_shown(
    connection: psycopg.Connection[Any],
    caller: Caller,
    project: str,
    *,
    before: int = 0,
    alerts: bool = False,
    size: int = PAGE_SIZE,
) -> tuple[tuple[LookRow, ...], bool]:
    """Looks of all schedules, as :func:`list_looks` finds them, and whether there are older ones (a viewer's act)."""
    member = member_of(caller, project, Role.VIEWER)
    found = list_looks(connection, member.project, before=before, alerts=alerts, size=size + 1)
    return found[:size], len(found) > size


def lasts_shown(connection: psycopg.Connection[Any], caller: Caller, project: str) -> dict[int, LookRow]:
    """The last look of each schedule, by its number (a viewer's act)."""
    return last_looks(connection, member_of(caller, project, Role.VIEWER).project)


def waits_shown(connection: psycopg.Connection[Any], caller: Caller, project: str) -> dict[int, str]:
    """Why schedules wait whose look is due, by number, as :func:`why_they_wait` says it (a viewer's act)."""
    return why_they_wait(connection, member_of(caller, project, Role.VIEWER).project)


def jobs_to_repeat(
    connection: psycopg.Connection[Any], caller: Caller, project: str, job: int = 0
) -> tuple[JobRow, ...]:
    """The last jobs that made a run, each question once, and ``job`` before them (a runner's act)."""
    member = member_of(caller, project, Role.RUNNER)
    chosen = find_job(connection, member.project, job) if job else None
    rows = [
        *([chosen] if chosen else []),
        *list_jobs(connection, member.project, state="finished", size=_REPEATABLE),
    ]
    found: dict[str, JobRow] = {}
    for row in rows:
        if row.kind != "resume":
            found.setdefault(row.asked_sha256, row)
    return tuple(found.values())


def asked_by(connection: psycopg.Connection[Any], caller: Caller, project: str, job: int) -> Specification:
    """What a job asks, to be asked again (a runner's act); of one that goes on with another, what that one asks.

    Raises :class:`Missing` where there is no such job.
    """
    member = member_of(caller, project, Role.RUNNER)
    if find_job(connection, member.project, job) is None:
        raise Missing("there is no such job in this project")
    asked = read_specification(specification_of(connection, job))
    assert not isinstance(asked, Resumption), "the first of a line of jobs asks itself"
    if not all(asked.questions.values()):
        raise InputError("its questions were withdrawn with its run: start it anew with the questions")
    return asked


def _found(connection: psycopg.Connection[Any], project: str, schedule: int) -> ScheduleRow:
    row = find_schedule(connection, project, schedule)
    if row is None or not schedule:
        raise Missing("there is no such schedule in this project")
    return row
