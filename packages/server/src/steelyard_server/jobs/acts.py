"""What people do with jobs and budgets: each act asks for a role in the project, and is a line of the audit log.

Pages and the HTTP API call these. A project in which the caller has no role is not there for them. Each function is one
transaction of its caller's connection, or part of one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.errors import InputError
from steelyard_server.access.acts import audit_act
from steelyard_server.access.callers import Caller, Role
from steelyard_server.endpoints.rows import find_by_name
from steelyard_server.jobs import budgets, rows
from steelyard_server.jobs.approving import needs_approval
from steelyard_server.jobs.dry_run import dry_run
from steelyard_server.jobs.leases import Lease
from steelyard_server.jobs.membership import Missing, member_of, person_of
from steelyard_server.jobs.room import check_room
from steelyard_server.jobs.setting_up import prepare_setup
from steelyard_server.jobs.specification import Resumption, RunSpecification, encode, read_specification

if TYPE_CHECKING:
    import psycopg

    from steelyard_server.access.callers import Membership
    from steelyard_server.database.connection import Database
    from steelyard_server.database.folder import DataFolder
    from steelyard_server.http.facts import RequestFacts
    from steelyard_server.jobs.budgets import BudgetRow
    from steelyard_server.jobs.dry_run_process import Figures
    from steelyard_server.jobs.rows import JobEvent, JobRow
    from steelyard_server.jobs.specification import Specification

__all__ = [
    "ShownJob",
    "add_job",
    "audit_asked",
    "budgets_shown",
    "cancel",
    "change_budget",
    "foresee",
    "job_shown",
    "jobs_shown",
    "pause",
    "resume",
    "retry",
    "run_asked",
]


@dataclass(frozen=True, slots=True)
class ShownJob:
    """A job, and what happened to it from its beginning."""

    row: JobRow
    events: tuple[JobEvent, ...]


# ── what is asked ────────────────────────────────────────────────────────────────────────────────────────────────────


def audit_asked(sheet: str, endpoint: str, model: str, options: Mapping[str, Any] | None = None) -> Specification:
    """An audit of a claim sheet (its text, YAML) against a model of an endpoint, by their names in the list.

    ``options`` are those of ``steelyard audit``, by the names of :class:`AuditSpecification`. Raises InputError for any
    other, and for a value that one cannot have.
    """
    return _asked({"kind": "audit", "sheet": sheet, "endpoint": endpoint, "model": model}, options)


def run_asked(task: str, endpoint: str, model: str, options: Mapping[str, Any] | None = None) -> Specification:
    """A measurement of a built-in task, "" for that of the ``questions`` among the options; as :func:`audit_asked`."""
    return _asked({"kind": "run", "task": task, "endpoint": endpoint, "model": model}, options)


def _asked(given: dict[str, Any], options: Mapping[str, Any] | None) -> Specification:
    more = dict(options or {})
    if twice := sorted(given.keys() & more.keys()):
        raise InputError(f"{twice[0]!r} is no option here: it is given by itself")
    try:
        return read_specification(msgspec.json.encode(given | more))
    except (TypeError, ValueError):  # what JSON has no form for
        raise InputError("an option of a job is a text, a number or a list of them") from None


# ── acts ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def foresee(
    connection: psycopg.Connection[Any],
    caller: Caller,
    project: str,
    asked: Specification,
    facts: RequestFacts,
    *,
    database: Database,
    data: DataFolder,
    patience: float = 0.0,
    takes_over: bool = False,
) -> Figures:
    """What a job would take at most: calls, tokens, time and money (a runner's act). The endpoint is asked what it can.

    ``connection`` is in autocommit; it takes up to two minutes, and waits up to ``patience`` seconds for others, or
    ``takes_over`` as :func:`dry_run` does. Raises InputError as it does.
    """
    member = member_of(caller, project, Role.RUNNER)
    if isinstance(asked, Resumption):
        raise InputError("a run that goes on was planned already: what is left of it, its job shows")
    endpoint = find_by_name(connection, asked.endpoint, asked.model).id if asked.endpoint else None
    kind = "run" if isinstance(asked, RunSpecification) else "audit"
    text, person = encode(asked).decode(), person_of(caller)
    lease = Lease(0, 0, kind, text, endpoint, 0, person, member.project_id, project)
    setup = prepare_setup(connection, database, data, lease, 10.0, actor=f"person:{person}")
    with connection.transaction():
        audit_act(connection, "foresee-job", f"person:{person}", facts, f"project:{member.project_id}")
    figures = dry_run(text, setup, project=member.project_id, person=person, patience=patience, takes_over=takes_over)
    return msgspec.structs.replace(figures, needs_approval=needs_approval(connection, member, asked, figures))


def add_job(
    connection: psycopg.Connection[Any],
    caller: Caller,
    project: str,
    asked: Specification,
    facts: RequestFacts,
    *,
    priority: int = 0,
) -> int:
    """Add a job (a runner's act; with a ``priority`` above 0 an admin's), and return its number.

    Raises InputError as :func:`insert_job` and :func:`check_room` do.
    """
    member = member_of(caller, project, Role.ADMIN if priority > 0 else Role.RUNNER)
    with connection.transaction():
        check_room(connection, member.project_id, person_of(caller), len(encode(asked)))
        number = rows.insert_job(connection, member.project, asked, person_of(caller), priority=priority)
        _audit(connection, "add-job", caller, facts, number, {"priority": priority})
    return number


def retry(connection: psycopg.Connection[Any], caller: Caller, project: str, job: int, facts: RequestFacts) -> int:
    """Go on with a job that failed or was cancelled, by a new one (a runner's act), and return its number.

    No answer that was recorded is asked again. Raises InputError where it cannot be.
    """
    member = member_of(caller, project, Role.RUNNER)
    _found(connection, member, job)
    with connection.transaction():
        check_room(connection, member.project_id, person_of(caller))
        number = rows.insert_job(connection, member.project, Resumption(job), person_of(caller))
        _audit(connection, "retry-job", caller, facts, number, {"of": job})
    return number


def pause(
    connection: psycopg.Connection[Any], caller: Caller, project: str, job: int, facts: RequestFacts, reason: str = ""
) -> bool:
    """Stop a job at its next checkpoint (a runner's act); False where it has ended, or is paused."""
    return _changed(connection, caller, project, job, facts, reason, "pause-job", rows.pause_job)


def resume(
    connection: psycopg.Connection[Any], caller: Caller, project: str, job: int, facts: RequestFacts, reason: str = ""
) -> bool:
    """Let a paused job go on (a runner's act); False where it is not paused, and was not about to be."""
    return _changed(connection, caller, project, job, facts, reason, "resume-job", rows.resume_job)


def cancel(
    connection: psycopg.Connection[Any], caller: Caller, project: str, job: int, facts: RequestFacts, reason: str = ""
) -> bool:
    """End a job for good (a runner's act); False where it has ended."""
    return _changed(connection, caller, project, job, facts, reason, "cancel-job", rows.cancel_job)


def jobs_shown(
    connection: psycopg.Connection[Any], caller: Caller, project: str, *, state: str = "", before: int = 0
) -> tuple[tuple[JobRow, ...], bool]:
    """A page of a project's jobs, the newest first, and whether there are older ones (a viewer's act).

    ``before`` as in :func:`list_jobs`.
    """
    member = member_of(caller, project, Role.VIEWER)
    found = rows.list_jobs(connection, member.project, state=state, before=before, size=rows.PAGE_SIZE + 1)
    return found[: rows.PAGE_SIZE], len(found) > rows.PAGE_SIZE


def job_shown(connection: psycopg.Connection[Any], caller: Caller, project: str, job: int) -> ShownJob:
    """A job with its events (a viewer's act)."""
    member = member_of(caller, project, Role.VIEWER)
    return ShownJob(_found(connection, member, job), rows.job_events(connection, member.project, job))


def change_budget(
    connection: psycopg.Connection[Any],
    caller: Caller,
    project: str,
    endpoint: str,
    facts: RequestFacts,
    *,
    cost: Decimal | None = None,
    tokens: int | None = None,
) -> None:
    """Set what the project may spend in a month at an endpoint, "" for all together (an admin's act).

    Raises InputError as :func:`set_budget` does.
    """
    member = member_of(caller, project, Role.ADMIN)
    with connection.transaction():
        number = budgets.set_budget(connection, member.project, endpoint, person_of(caller), cost=cost, tokens=tokens)
        details = {"budget": number, "cost": None if cost is None else str(cost), "tokens": tokens}
        audit_act(
            connection, "set-budget", f"person:{person_of(caller)}", facts, f"project:{member.project_id}", details
        )  # fmt: skip


def budgets_shown(connection: psycopg.Connection[Any], caller: Caller, project: str) -> tuple[BudgetRow, ...]:
    """The project's budgets, with what is spent and reserved this month (a viewer's act)."""
    return budgets.budgets_of(connection, member_of(caller, project, Role.VIEWER).project)


def _found(connection: psycopg.Connection[Any], member: Membership, job: int) -> JobRow:
    row = rows.find_job(connection, member.project, job)
    if row is None:
        raise Missing("there is no such job in this project")
    return row


def _changed(
    connection: psycopg.Connection[Any],
    caller: Caller,
    project: str,
    job: int,
    facts: RequestFacts,
    reason: str,
    act: str,
    change: Callable[[psycopg.Connection[Any], str, int, int, str], bool],
) -> bool:
    member = member_of(caller, project, Role.RUNNER)
    _found(connection, member, job)
    with connection.transaction():
        is_changed = change(connection, member.project, job, person_of(caller), reason)
        if is_changed:
            _audit(connection, act, caller, facts, job)
    return is_changed


def _audit(
    connection: psycopg.Connection[Any],
    act: str,
    caller: Caller,
    facts: RequestFacts,
    job: int,
    more: dict[str, Any] | None = None,
) -> None:
    audit_act(connection, act, f"person:{person_of(caller)}", facts, f"job:{job}", more)
