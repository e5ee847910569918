"""What a second person decides: jobs that may spend more than a project lets one person spend alone.

A job's process says before its first call what its plan may take at most; the database holds that against the project's
threshold (``steelyard.foresee_job``), and what was really spent at each later block (``steelyard.reserve``). So the
jobs of schedules, and those that go on with others, are held like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError
from steelyard.server.access.acts import audit_act
from steelyard.server.access.callers import Role
from steelyard.server.jobs.membership import Missing, Refused, member_of, person_of

if TYPE_CHECKING:
    import psycopg

    from steelyard.server.access.callers import Caller, Membership
    from steelyard.server.jobs.dry_run_process import Figures
    from steelyard.server.jobs.specification import AuditSpecification, RunSpecification
    from steelyard.server.web.facts import RequestFacts

__all__ = [
    "Threshold",
    "approve",
    "change_threshold",
    "may_decide",
    "needs_approval",
    "refuse",
    "threshold_shown",
]

_MOST: Final = 10**15
# Whoever asked for a job, and for each that it goes on with or that goes on with it.
_STARTED: Final = (
    "SELECT EXISTS (SELECT FROM steelyard.job j JOIN steelyard.job o ON o.id = coalesce(j.resumes, j.id) "
    "OR o.resumes = coalesce(j.resumes, j.id) WHERE j.id = %s AND o.requested_by = %s)"
)


@dataclass(frozen=True, slots=True)
class Threshold:
    """What one person may have a job of a project spend alone; None: no threshold of that kind.

    ``cost`` is in the currency of the list's prices. Where there is one in money alone, a job at an endpoint without
    prices always needs a second person.
    """

    cost: Decimal | None
    tokens: int | None


def threshold_shown(connection: psycopg.Connection[Any], caller: Caller, project: str) -> Threshold:
    """The project's threshold (a viewer's act)."""
    return _threshold(connection, member_of(caller, project, Role.VIEWER).project_id)


def needs_approval(
    connection: psycopg.Connection[Any],
    member: Membership,
    asked: RunSpecification | AuditSpecification,
    figures: Figures,
) -> bool:
    """Whether a job that takes at most so much would wait for a second person, as the database will find it."""
    found = _threshold(connection, member.project_id)
    if not asked.endpoint:
        return False
    costs = [Decimal(repr(each)) for each in (figures.cost, asked.max_cost) if each is not None]
    if found.cost is not None and figures.cost is None and found.tokens is None:
        return True
    if found.cost is not None and figures.cost is not None and min(costs) > found.cost:
        return True
    tokens = figures.prompt_tokens + figures.completion_tokens
    return found.tokens is not None and min(tokens, asked.max_tokens or tokens) > found.tokens


def _threshold(connection: psycopg.Connection[Any], project: int) -> Threshold:
    row = connection.execute(
        "SELECT approval_cost, approval_tokens FROM steelyard.project WHERE id = %s", (project,)
    ).fetchone()
    return Threshold(*row) if row is not None else Threshold(None, None)


def change_threshold(
    connection: psycopg.Connection[Any],
    caller: Caller,
    project: str,
    facts: RequestFacts,
    *,
    cost: Decimal | None,
    tokens: int | None,
) -> None:
    """Set it (an admin's act); both None: nothing needs a second person. Jobs that wait are looked at again.

    Raises InputError for an amount that is none.
    """
    member = member_of(caller, project, Role.ADMIN)
    if (cost is not None and not (cost.is_finite() and 0 <= cost <= _MOST)) or (
        tokens is not None and not 0 <= tokens <= _MOST
    ):
        raise InputError("a threshold is an amount of money or a number of tokens, from 0 on")
    with connection.transaction():
        connection.execute(
            "UPDATE steelyard.project SET approval_cost = %s, approval_tokens = %s WHERE id = %s",
            (cost, tokens, member.project_id),
        )
        # A worker takes each again, and asks the database again before it sends anything.
        connection.execute(
            "UPDATE steelyard.job SET waits_for = '', not_before = now(), changed_by = %s, "
            "reason = 'the threshold of the project was changed' "
            "WHERE project_id = %s AND state IN ('waiting', 'paused') AND waits_for = 'approval'",
            (f"person:{person_of(caller)}", member.project_id),
        )
        details = {"cost": None if cost is None else str(cost), "tokens": tokens}
        audit_act(
            connection, "set-approval", f"person:{person_of(caller)}", facts, f"project:{member.project_id}", details
        )  # fmt: skip


def approve(connection: psycopg.Connection[Any], caller: Caller, project: str, job: int, facts: RequestFacts) -> bool:
    """Let a job spend what it may (an editor's act); False where it does not wait for that.

    Raises Refused for whoever started it, or one that it goes on with.
    """
    return _decide(connection, caller, project, job, facts, is_approved=True)


def refuse(connection: psycopg.Connection[Any], caller: Caller, project: str, job: int, facts: RequestFacts) -> bool:
    """End a job that waits for approval (an editor's act); as :func:`approve`."""
    return _decide(connection, caller, project, job, facts, is_approved=False)


def may_decide(connection: psycopg.Connection[Any], caller: Caller, project: str, job: int) -> bool:
    """Whether the caller could approve or refuse a job that waits for it."""
    found = caller.membership(project)
    if found is None or caller.person is None or not found.role.reaches(Role.EDITOR):
        return False
    return not _has_started(connection, job, caller.person)


def _decide(
    connection: psycopg.Connection[Any],
    caller: Caller,
    project: str,
    job: int,
    facts: RequestFacts,
    *,
    is_approved: bool,
) -> bool:
    member, person = member_of(caller, project, Role.EDITOR), person_of(caller)
    with connection.transaction():
        # Of two who decide at once the second waits here, and finds that it is decided.
        row = connection.execute(
            "SELECT state IN ('waiting', 'paused') AND waits_for = 'approval' FROM steelyard.job "
            "WHERE id = %s AND project_id = %s FOR UPDATE",
            (job, member.project_id),
        ).fetchone()
        if row is None:
            raise Missing("there is no such job in this project")
        if _has_started(connection, job, person):
            raise Refused("you started this job, or one that it goes on with: somebody else decides about it")
        if not row[0]:
            return False
        connection.execute(
            "INSERT INTO steelyard.approval (job_id, person_id, is_approved) VALUES (%s, %s, %s)",
            (job, person, is_approved),
        )
        if is_approved:
            change = "waits_for = '', not_before = now(), reason = 'approved'"
        else:
            change = "state = 'cancelled', ended_at = now(), reason = 'what it may spend was not approved'"
        connection.execute(
            f"UPDATE steelyard.job SET {change}, changed_by = %s WHERE id = %s".encode(),  # noqa: S608 — our own words
            (f"person:{person}", job),
        )
        act = "approve-job" if is_approved else "refuse-job"
        audit_act(connection, act, f"person:{person}", facts, f"job:{job}")
    return True


def _has_started(connection: psycopg.Connection[Any], job: int, person: int) -> bool:
    return connection.execute(_STARTED, (job, person)).fetchone() == (True,)
