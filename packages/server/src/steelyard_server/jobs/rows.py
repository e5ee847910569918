"""The jobs of a project, for whoever asks for them: add, list, pause, resume, cancel.

A job that nobody runs changes at once; of one that runs it is noted what is wanted, and its worker does that at the
next renewal of the lease.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError
from steelyard.evidence.canonical import sha256_hex
from steelyard_server.endpoints.rows import find_by_name
from steelyard_server.jobs.specification import AuditSpecification, Resumption, RunSpecification, encode
from steelyard_server.jobs.tries import named_tasks
from steelyard_server.jobs.workers import ALIVE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    import psycopg

    from steelyard_server.jobs.specification import Specification

__all__ = [
    "JobEvent",
    "JobRow",
    "cancel_job",
    "find_job",
    "insert_job",
    "job_events",
    "list_jobs",
    "names_of",
    "pause_job",
    "resume_job",
    "seals_of",
    "specification_of",
    "why_it_waits",
]

PAGE_SIZE: Final = 50
_COLUMNS: Final = (
    "j.id, j.kind, j.model, j.tasks, j.asked_sha256, j.sheet_sha256, j.priority, coalesce(e.name, ''), j.resumes, "
    "j.requested_by, j.state, j.wanted, "
    "j.attempt, j.failures, j.max_failures, j.worker, j.progress, j.reason, j.run_id, j.created_at, j.ended_at, "
    "j.schedule_id, j.scheduled_at, j.note, j.waits_for, s.cost, s.tokens, c.cleared_at"
)
_SPENT: Final = (
    "SELECT CASE WHEN bool_and(r.price_in IS NOT NULL AND r.price_out IS NOT NULL) "
    "THEN sum(steelyard.cost_of(r.spent_in, r.spent_out, r.price_in, r.price_out)) END AS cost, "
    "sum(r.spent_in + r.spent_out) AS tokens FROM steelyard.reservation r WHERE r.job_id = j.id"
)

# Of the run that it works on, with the jobs that it goes on with.
_CLEARED: Final = (
    "SELECT max(k.cleared_at) AS cleared_at FROM steelyard.job o JOIN steelyard.stored_run_cleared k "
    "ON k.run_id = o.stored_run_id WHERE o.id = coalesce(j.resumes, j.id) OR o.resumes = coalesce(j.resumes, j.id)"
)


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job as it is now; ``run`` is the row of the run that it made, ``reason`` why it last changed, in words.

    ``endpoint`` is the name of the endpoint that it asks, "" for the model that is built in. ``model`` and ``tasks``
    are as somebody wrote them; one that goes on with another has none. ``asked_sha256`` is the digest of all that it
    asks, ``sheet_sha256`` that of its claim sheet, "" where it has none: all of it may be long, and no list reads it.

    ``schedule`` and ``scheduled_at`` say which look of which schedule it is, ``note`` what is to be said of that.
    ``waits_for`` is *budget* where one stopped it. ``cost`` and ``tokens`` are what its attempts spent, as far as they
    have said it; None where it asked no endpoint, and the cost, too, where the list had no prices. ``cleared_at``: when
    what it left in the database was deleted, since it had ended long ago; nothing goes on with it then.
    """

    id: int
    kind: str
    model: str
    tasks: list[str]
    asked_sha256: str
    sheet_sha256: str
    priority: int
    endpoint: str
    resumes: int | None
    requested_by: int
    state: str
    wanted: str
    attempt: int
    failures: int
    max_failures: int
    worker: str
    progress: str
    reason: str
    run: int | None
    created_at: datetime
    ended_at: datetime | None
    schedule: int | None
    scheduled_at: datetime | None
    note: str
    waits_for: str
    cost: Decimal | None
    tokens: Decimal | None
    cleared_at: datetime | None


@dataclass(frozen=True, slots=True)
class JobEvent:
    """A change: what the job became, who changed it (``person:3``, ``schedule:2``, ``worker:NAME``), and why."""

    at: datetime
    attempt: int
    state: str
    wanted: str
    actor: str
    reason: str


def find_job(connection: psycopg.Connection[Any], project: str, job: int) -> JobRow | None:
    """The job of a project with this number."""
    found = _rows(connection, project, "j.id = %(id)s", {"id": job}, 1)
    return found[0] if found else None


def specification_of(connection: psycopg.Connection[Any], job: int) -> str:
    """What the job with this number asks; of one that goes on with another, what that one asks."""
    row = connection.execute(
        "SELECT coalesce(b.specification, j.specification) FROM steelyard.job j "
        "LEFT JOIN steelyard.job b ON b.id = j.resumes WHERE j.id = %s",
        (job,),
    ).fetchone()
    assert row is not None, "rows of jobs are never deleted"
    return str(row[0])


def list_jobs(
    connection: psycopg.Connection[Any], project: str, *, state: str = "", before: int = 0, size: int = PAGE_SIZE
) -> tuple[JobRow, ...]:
    """The jobs of a page, the newest first; ``before`` is the number of the last job of the page before."""
    condition = "(%(state)s = '' OR j.state = %(state)s) AND (%(before)s = 0 OR j.id < %(before)s)"
    return _rows(connection, project, condition, {"state": state, "before": before}, size)


def job_events(connection: psycopg.Connection[Any], project: str, job: int) -> tuple[JobEvent, ...]:
    """What happened to a job, from its beginning."""
    rows = connection.execute(
        "SELECT j.created_at, 0, 'waiting', '', coalesce('schedule:' || j.schedule_id, "
        "'person:' || j.requested_by), j.note FROM steelyard.job j "
        "WHERE j.id = %(id)s AND j.project_id = (SELECT id FROM steelyard.project WHERE name = %(project)s) "
        "UNION ALL (SELECT e.at, e.attempt, e.state, e.wanted, e.actor, e.reason FROM steelyard.job_event e "
        "JOIN steelyard.job j ON j.id = e.job_id WHERE e.job_id = %(id)s AND j.project_id = "
        "(SELECT id FROM steelyard.project WHERE name = %(project)s) ORDER BY e.id)",
        {"id": job, "project": project},
    ).fetchall()
    return tuple(JobEvent(*row) for row in rows)


def seals_of(connection: psycopg.Connection[Any], jobs: Iterable[JobRow]) -> dict[int, str]:
    """The seals of the runs that jobs made, by the number of the run's row."""
    query = "SELECT id, seal_sha256 FROM steelyard.run WHERE id = ANY (%s)"
    return dict(connection.execute(query, ([each.run for each in jobs if each.run is not None],)).fetchall())


def names_of(connection: psycopg.Connection[Any], persons: Iterable[int]) -> dict[int, str]:
    """The names of people, by their numbers."""
    query = "SELECT id, name FROM steelyard.person WHERE id = ANY (%s)"
    return dict(connection.execute(query, (sorted(set(persons)),)).fetchall())


def why_it_waits(connection: psycopg.Connection[Any], job: int) -> str:
    """Why nobody has taken a waiting job: *budget*, *later*, *resting* or *busy* for its endpoint, else for workers.

    "" where it does not wait. *busy* says that other jobs, also of other projects, take the endpoint's calls; *nobody*
    that no worker is alive, *disk* that none of them takes a job, since its disk is nearly full, and *worker* that they
    have others.
    """
    row = connection.execute(
        "SELECT CASE WHEN j.waits_for <> '' THEN j.waits_for WHEN j.not_before > now() THEN 'later' "
        "WHEN e.rest_until > now() THEN 'resting' "
        "WHEN NOT EXISTS (SELECT FROM steelyard.worker w WHERE w.ended_at IS NULL "
        "AND w.seen_at > clock_timestamp() - make_interval(secs => %(alive)s)) THEN 'nobody' "
        "WHEN NOT EXISTS (SELECT FROM steelyard.worker w WHERE w.ended_at IS NULL AND w.problem = '' "
        "AND w.seen_at > clock_timestamp() - make_interval(secs => %(alive)s)) THEN 'disk' "
        "WHEN EXISTS (SELECT FROM steelyard.job r WHERE r.state = 'running' "
        "AND r.endpoint_id IS NOT DISTINCT FROM j.endpoint_id) THEN 'busy' ELSE 'worker' END "
        "FROM steelyard.job j LEFT JOIN steelyard.endpoint e ON e.id = j.endpoint_id "
        "WHERE j.id = %(job)s AND j.state = 'waiting'",
        {"job": job, "alive": ALIVE_SECONDS},
    ).fetchone()
    return "" if row is None else str(row[0])


def cancel_job(connection: psycopg.Connection[Any], project: str, job: int, person: int, reason: str = "") -> bool:
    """End a job for good; False where it has ended already."""
    return _change(connection, _values(project, job, person, reason), "cancelled", "cancel", "waiting", "paused")


def pause_job(connection: psycopg.Connection[Any], project: str, job: int, person: int, reason: str = "") -> bool:
    """Stop a job at its next checkpoint, to go on later; False where it has ended, or is paused."""
    return _change(connection, _values(project, job, person, reason), "paused", "pause", "waiting")


def resume_job(connection: psycopg.Connection[Any], project: str, job: int, person: int, reason: str = "") -> bool:
    """Let a paused job wait for a worker again, from now, and forget that a running one was to pause.

    From then on it is of whoever resumed it: it rests when they may start no jobs any more. False where it is neither;
    a failed or cancelled one goes on by a new job, a :class:`Resumption`.
    """
    return (
        connection.execute(
            "UPDATE steelyard.job SET state = CASE state WHEN 'paused' THEN 'waiting' ELSE state END, "
            "wanted = '', not_before = CASE state WHEN 'paused' THEN now() ELSE not_before END, "
            "reason = %(reason)s, changed_by = %(by)s, resumed_by = %(person)s "
            "WHERE id = %(id)s AND (state = 'paused' OR wanted = 'pause') AND "
            "project_id = (SELECT id FROM steelyard.project WHERE name = %(project)s)",
            _values(project, job, person, reason),
        ).rowcount
        == 1
    )


def _change(
    connection: psycopg.Connection[Any], values: dict[str, Any], state: str, wanted: str, *at_once: str
) -> bool:
    return (
        connection.execute(
            "UPDATE steelyard.job SET state = CASE WHEN state = 'running' THEN state ELSE %(state)s END, "
            "wanted = CASE WHEN state = 'running' THEN %(wanted)s ELSE '' END, reason = %(reason)s, "
            "changed_by = %(by)s, "
            "ended_at = CASE WHEN state <> 'running' AND %(state)s = 'cancelled' THEN now() END "
            "WHERE id = %(id)s AND (state = ANY (%(at_once)s) OR state = 'running' AND wanted <> 'cancel') AND "
            "project_id = (SELECT id FROM steelyard.project WHERE name = %(project)s)",
            {**values, "state": state, "wanted": wanted, "at_once": [*at_once]},
        ).rowcount
        == 1
    )


def _values(project: str, job: int, person: int, reason: str) -> dict[str, Any]:
    plain = reason[:1000].replace("\0", "\N{REPLACEMENT CHARACTER}")
    return {"id": job, "by": f"person:{person}", "person": person, "reason": plain, "project": project}


def _rows(
    connection: psycopg.Connection[Any], project: str, condition: str, values: dict[str, Any], size: int
) -> tuple[JobRow, ...]:
    query = (
        f"SELECT {_COLUMNS} FROM steelyard.job j LEFT JOIN steelyard.endpoint e ON e.id = j.endpoint_id "  # noqa: S608
        f"LEFT JOIN LATERAL ({_SPENT}) s ON true "
        f"LEFT JOIN LATERAL ({_CLEARED}) c ON true WHERE {condition} AND j.project_id = "
        "(SELECT id FROM steelyard.project WHERE name = %(project)s) ORDER BY j.id DESC LIMIT %(size)s"
    )
    rows = connection.execute(query.encode(), {**values, "project": project, "size": size}).fetchall()
    return tuple(JobRow(*row) for row in rows)


def insert_job(
    connection: psycopg.Connection[Any],
    project: str,
    specification: Specification,
    person: int,
    *,
    priority: int = 0,
    max_failures: int = 5,
    look: tuple[int, datetime, str] | None = None,
) -> int:
    """Put a job in for a person, in the caller's transaction, and return its number.

    The higher ``priority`` (-100 to 100) is started first. ``look``: the schedule that makes it, which of its moments
    it is, and what is to be said of that. Raises InputError for a specification that a job may not have, an endpoint or
    a model that is not in the list of endpoints, and for a resumption of a job that is not there, has not ended, made a
    run, or is resumed already.
    """
    if not -100 <= priority <= 100 or not 1 <= max_failures <= 100:
        raise InputError("a job's priority is from -100 to 100, and it has 1 to 100 attempts")
    schedule, moment, note = look or (None, None, "")
    values: dict[str, Any] = {
        "project": project,
        "specification": (asked := encode(specification)).decode(),
        "digest": sha256_hex(asked),
        "priority": priority,
        "person": person,
        "most": max_failures,
        "schedule": schedule,
        "moment": moment,
        "note": note[:1000],
    }
    if isinstance(specification, Resumption):
        return _insert_resumption(connection, specification, values)
    values |= {"kind": "run" if isinstance(specification, RunSpecification) else "audit"}
    values |= {"endpoint": None, "calls": specification.concurrency, "model": specification.model}
    values["tasks"] = named_tasks(values["specification"])
    sheet = specification.sheet if isinstance(specification, AuditSpecification) else ""
    values["sheet"] = sha256_hex(sheet.encode()) if sheet else ""
    if specification.endpoint:
        values["endpoint"] = find_by_name(connection, specification.endpoint, specification.model).id
    row = connection.execute(
        "INSERT INTO steelyard.job (project_id, kind, specification, priority, endpoint_id, calls, requested_by, "
        "max_failures, schedule_id, scheduled_at, note, model, tasks, asked_sha256, sheet_sha256) "
        "SELECT id, %(kind)s, %(specification)s, %(priority)s, %(endpoint)s, %(calls)s, %(person)s, %(most)s, "
        "%(schedule)s, %(moment)s, %(note)s, %(model)s, %(tasks)s, %(digest)s, %(sheet)s "
        "FROM steelyard.project WHERE name = %(project)s RETURNING id",
        values,
    ).fetchone()
    if row is None:
        raise InputError(f"there is no project {project[:100]!r}")
    return int(row[0])


def _insert_resumption(connection: psycopg.Connection[Any], specification: Resumption, values: dict[str, Any]) -> int:
    """A job that goes on in the folder of the first of a line of jobs; that one must have ended without a run."""
    from psycopg.errors import UniqueViolation

    try:
        row = connection.execute(
            "INSERT INTO steelyard.job (project_id, kind, specification, priority, endpoint_id, calls, resumes, "
            "requested_by, max_failures, asked_sha256) SELECT j.project_id, 'resume', %(specification)s, "
            "%(priority)s, j.endpoint_id, j.calls, coalesce(j.resumes, j.id), %(person)s, %(most)s, %(digest)s "
            "FROM steelyard.job j "
            "JOIN steelyard.project p ON p.id = j.project_id LEFT JOIN steelyard.endpoint n ON n.id = j.endpoint_id "
            "WHERE j.id = %(job)s AND p.name = %(project)s AND n.retired_at IS NULL "
            "AND j.state IN ('failed', 'cancelled') AND NOT EXISTS (SELECT FROM steelyard.job o "
            "WHERE coalesce(o.resumes, o.id) = coalesce(j.resumes, j.id) AND (o.state = 'finished' OR EXISTS "
            "(SELECT FROM steelyard.stored_run_cleared c WHERE c.run_id = o.stored_run_id))) RETURNING id",
            {**values, "job": specification.job},
        ).fetchone()
    except UniqueViolation:
        row = None
    if row is None:
        raise InputError(
            f"job {specification.job} cannot be resumed: it is not there, has not ended, made a run, is resumed "
            "already, its endpoint is retired, or what it left was deleted since"
        )
    return int(row[0])
