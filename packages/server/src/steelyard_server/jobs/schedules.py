"""Schedules: what is asked again and again. A schedule that is due makes one job, and nothing else.

What was missed, since nothing ran or since the last job had not ended, is made up by one job, whose note says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError
from steelyard_server.access.roles import may_start
from steelyard_server.endpoints.own_places import noted_issuer
from steelyard_server.endpoints.rows import find_by_name
from steelyard_server.jobs.looks import looks_due, next_look
from steelyard_server.jobs.room import LookRoom, room_for_looks
from steelyard_server.jobs.rows import insert_job
from steelyard_server.jobs.specification import Resumption, RunSpecification, encode, read_specification
from steelyard_server.jobs.tries import named_tasks

if TYPE_CHECKING:
    import psycopg

    from steelyard_server.jobs.specification import Specification

__all__ = [
    "ScheduleRow",
    "find_schedule",
    "insert_schedule",
    "list_schedules",
    "make_due_jobs",
    "switch_schedule",
    "why_they_wait",
]

_LOCK: Final = 8101738236431
_LATE: Final = timedelta(minutes=5)  # later than that is said
_AT_ONCE: Final = 100
_COLUMNS: Final = (
    "s.id, s.name, s.cron, s.zone, s.kind, s.model, s.endpoint, s.tasks, s.priority, s.made_by, s.created_at, s.is_on, "
    "s.next_at, s.withdrawn_at"
)
_MAY_START: Final = may_start("b", "s.project_id", "s.priority")  # whoever made it


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """A schedule; ``next_at`` is the look that comes next, in the past where it waits for its last job's end.

    ``kind`` (*audit* or *run*), ``model``, ``endpoint`` and ``tasks`` are of what it asks; no list reads all of that.
    ``withdrawn_at``: when its questions were taken out with a run that was withdrawn; then it is off for good.
    """

    id: int
    name: str
    cron: str
    zone: str
    kind: str
    model: str
    endpoint: str
    tasks: list[str]
    priority: int
    made_by: int
    created_at: datetime
    is_on: bool
    next_at: datetime
    withdrawn_at: datetime | None = None


def insert_schedule(
    connection: psycopg.Connection[Any],
    project: str,
    name: str,
    cron: str,
    zone: str,
    specification: Specification,
    person: int,
    priority: int = 0,
) -> int:
    """Add a schedule for a person, in the caller's transaction, and return its number.

    ``cron`` has five fields, on the clock of ``zone``, such as ``Europe/Berlin``. Raises InputError for a name that is
    taken or too long, for no schedule, for a specification that no job may have, and for an endpoint or a model that is
    not in the list.
    """
    from psycopg.errors import UniqueViolation

    if isinstance(specification, Resumption):
        raise InputError("a schedule asks anew each time: it cannot resume a job")
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise InputError("a schedule has a name of 1 to 100 characters")
    if not -100 <= priority <= 100:
        raise InputError("a schedule's priority is from -100 to 100")
    following = next_look(cron, zone, datetime.now(UTC))
    asked = encode(specification)
    kind = "run" if isinstance(specification, RunSpecification) else "audit"
    values = (
        name, cron, zone, asked.decode(), kind, specification.model, specification.endpoint, named_tasks(asked),
        priority, person, following, project,
    )  # fmt: skip
    if specification.endpoint:
        find_by_name(connection, specification.endpoint, specification.model)
    try:
        with connection.transaction():
            row = connection.execute(
                "INSERT INTO steelyard.schedule (project_id, name, cron, zone, specification, kind, model, endpoint, "
                "tasks, priority, made_by, next_at) SELECT id, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s "
                "FROM steelyard.project WHERE name = %s RETURNING id",
                values,
            ).fetchone()
    except UniqueViolation:
        raise InputError(f"there is a schedule named {name[:100]!r}: give another name") from None
    if row is None:
        raise InputError(f"there is no project {project[:100]!r}")
    return int(row[0])


def list_schedules(connection: psycopg.Connection[Any], project: str) -> tuple[ScheduleRow, ...]:
    """The schedules of a project by name, at most 1,000."""
    return _rows(connection, project, 0)


def find_schedule(connection: psycopg.Connection[Any], project: str, schedule: int) -> ScheduleRow | None:
    """The schedule of a project with this number."""
    found = _rows(connection, project, schedule)
    return found[0] if found else None


def _rows(connection: psycopg.Connection[Any], project: str, schedule: int) -> tuple[ScheduleRow, ...]:
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM steelyard.schedule s JOIN steelyard.project p ON p.id = s.project_id "  # noqa: S608
        "WHERE p.name = %(project)s AND (%(id)s = 0 OR s.id = %(id)s) ORDER BY s.name LIMIT 1000".encode(),
        {"project": project, "id": schedule},
    ).fetchall()
    return tuple(ScheduleRow(*row) for row in rows)


def switch_schedule(connection: psycopg.Connection[Any], project: str, schedule: int, *, on: bool) -> bool:
    """Switch a schedule on, from its next look on, or off; False where it is so already, or is not there.

    Raises InputError for one whose questions were withdrawn.
    """
    row = connection.execute(
        "SELECT s.cron, s.zone, s.withdrawn_at IS NOT NULL FROM steelyard.schedule s "
        "JOIN steelyard.project p ON p.id = s.project_id "
        "WHERE s.id = %s AND p.name = %s AND s.is_on <> %s FOR UPDATE OF s",
        (schedule, project, on),
    ).fetchone()
    if row is None:
        return False
    if on and row[2]:
        raise InputError("its questions were withdrawn with a run: make another schedule")
    following = next_look(row[0], row[1], datetime.now(UTC))
    connection.execute(
        "UPDATE steelyard.schedule SET is_on = %s, next_at = CASE WHEN %s THEN greatest(next_at, %s) "
        "ELSE next_at END WHERE id = %s",
        (on, on, following, schedule),
    )
    return True


def why_they_wait(connection: psycopg.Connection[Any], project: str) -> dict[int, str]:
    """Of each schedule of a project that rests, or whose look is due and has no job: its number, and why.

    *person*: whoever made it is disabled. *role*: they may start no jobs here any more. Of due ones *job*: its last job
    has not ended. *room*: too many jobs of the project have not, or its looks of a day asked too much. *soon*: it has
    just come. *worker*: none runs, or none could make the job, as where its endpoint or model is no longer in the list.
    """
    row = connection.execute("SELECT id FROM steelyard.project WHERE name = %s", (project,)).fetchone()
    if row is None:
        return {}
    jobs, left = room_for_looks(connection, row[0])
    values = {
        "late": _LATE, "project": row[0], "issuer": noted_issuer(connection), "jobs": jobs, "left": left
    }  # fmt: skip
    rows = connection.execute(
        f"SELECT s.id, CASE WHEN b.disabled_at IS NOT NULL THEN 'person' WHEN NOT {_MAY_START} THEN 'role' "  # noqa: S608
        "WHEN EXISTS (SELECT FROM steelyard.job j "
        "WHERE j.schedule_id = s.id AND j.state IN ('waiting', 'running', 'paused')) THEN 'job' "
        "WHEN %(jobs)s < 1 OR octet_length(s.specification) > %(left)s THEN 'room' "
        "WHEN s.next_at > now() - %(late)s THEN 'soon' ELSE 'worker' END FROM steelyard.schedule s "
        "JOIN steelyard.person b ON b.id = s.made_by "
        f"WHERE s.project_id = %(project)s AND s.is_on AND (s.next_at <= now() OR NOT {_MAY_START}) "
        "LIMIT 1000".encode(),
        values,
    ).fetchall()
    return dict(rows)


def make_due_jobs(connection: psycopg.Connection[Any], note_unreadable: Callable[[str], None] = lambda _: None) -> int:
    """Make the jobs of all schedules that are due, by the database's clock; how many there were.

    One does so at a time: where another one is at it, nothing is done. A schedule whose last job has not ended waits
    for it, and one of a person who is disabled, or may start no jobs in its project any more, waits until that is over;
    one whose project has no room for it (:class:`LookRoom`) until there is some. ``note_unreadable`` gets a line for
    one that cannot be read on this machine, which waits as well. ``connection`` is in autocommit.
    """
    made = 0
    with connection.transaction():
        if connection.execute("SELECT pg_try_advisory_xact_lock(%s)", (_LOCK,)).fetchone() != (True,):
            return made
        issuer, room = noted_issuer(connection), LookRoom(connection)
        found: Sequence[_Due] = ()
        # Those that wait for something here keep no others from being looked at.
        while made < _AT_ONCE and (found := _due(connection, issuer, found[-1] if found else None)):
            for each in found:
                if not room.takes(each.project_id, each.size):
                    continue
                try:
                    _make_job(connection, each)
                    made += 1
                except InputError as error:  # another version could read it, or another machine's time zones
                    note_unreadable(f"schedule {each.id}: {error}")
    return made


@dataclass(frozen=True, slots=True)
class _Due:
    """A schedule that is due ``now``; ``size`` is that of what it asks, in bytes."""

    id: int
    cron: str
    zone: str
    priority: int
    made_by: int
    next_at: datetime
    size: int
    project_id: int
    project: str
    now: datetime


def _due(connection: psycopg.Connection[Any], issuer: str, last: _Due | None) -> Sequence[_Due]:
    """The next ones after ``last``, the longest due first."""
    values = {"most": _AT_ONCE, "issuer": issuer, "at": last and last.next_at, "id": last and last.id}
    rows = connection.execute(
        "SELECT s.id, s.cron, s.zone, s.priority, s.made_by, s.next_at, octet_length(s.specification), p.id, p.name, "  # noqa: S608
        "clock_timestamp() FROM steelyard.schedule s "
        "JOIN steelyard.project p ON p.id = s.project_id JOIN steelyard.person b ON b.id = s.made_by "
        f"WHERE s.is_on AND s.next_at <= clock_timestamp() AND {_MAY_START} AND NOT EXISTS (SELECT FROM "
        "steelyard.job j WHERE j.schedule_id = s.id AND j.state IN ('waiting', 'running', 'paused')) "
        "AND (%(id)s::bigint IS NULL OR (s.next_at, s.id) > (%(at)s, %(id)s)) "
        "ORDER BY s.next_at, s.id LIMIT %(most)s FOR UPDATE OF s SKIP LOCKED".encode(),
        values,
    ).fetchall()
    return [_Due(*row) for row in rows]


def _make_job(connection: psycopg.Connection[Any], schedule: _Due) -> None:
    due = looks_due(schedule.cron, schedule.zone, schedule.next_at, schedule.now)
    asked = connection.execute("SELECT specification FROM steelyard.schedule WHERE id = %s", (schedule.id,)).fetchone()
    assert asked is not None, "it is locked, and never deleted"
    insert_job(
        connection,
        schedule.project,
        read_specification(asked[0]),
        schedule.made_by,
        priority=schedule.priority,
        look=(schedule.id, due.last, _note(schedule, due.count, due.last)),
    )
    connection.execute("UPDATE steelyard.schedule SET next_at = %s WHERE id = %s", (due.next, schedule.id))


def _note(schedule: _Due, count: int, last: datetime) -> str:
    """What is to be said of a look that is not in its time; "" of one that is."""
    if count == 1 and schedule.now - last <= _LATE:
        return ""
    said = f"late: it was due at {last:%Y-%m-%d %H:%M} UTC"
    if count > 1:
        first = f"{schedule.next_at:%Y-%m-%d %H:%M} UTC"
        said += f", and {count - 1:,} earlier looks since {first} were missed: this one is for all"
    return said
