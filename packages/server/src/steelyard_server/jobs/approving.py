"""What a second person decides: jobs that may spend more than a project lets one person spend alone.

A job's process says before its first call what its plan may take at most; the database holds that against the project's
threshold (``steelyard.foresee_job``), and what was really spent at each later block (``steelyard.reserve``). So the
jobs of schedules, and those that go on with others, are held like any other.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from steelyard_server.access.acts import audit_act
from steelyard_server.access.callers import Role
from steelyard_server.access.lost_roles import REASON, is_still_wanted
from steelyard_server.endpoints.own_places import noted_issuer
from steelyard_server.jobs.membership import Missing, Refused, member_of, person_of
from steelyard_server.jobs.thresholds import threshold_of

if TYPE_CHECKING:
    import psycopg

    from steelyard_server.access.callers import Caller, Membership
    from steelyard_server.http.facts import RequestFacts
    from steelyard_server.jobs.dry_run_process import Figures
    from steelyard_server.jobs.specification import AuditSpecification, RunSpecification

__all__ = ["approve", "may_decide", "needs_approval", "refuse"]

# Whoever asked for a job or resumed it last, and each that it goes on with or that goes on with it.
_STARTED: Final = (
    "SELECT EXISTS (SELECT FROM steelyard.job j JOIN steelyard.job o ON o.id = coalesce(j.resumes, j.id) "
    "OR o.resumes = coalesce(j.resumes, j.id) WHERE j.id = %s AND %s IN (o.requested_by, o.resumed_by))"
)


def needs_approval(
    connection: psycopg.Connection[Any],
    member: Membership,
    asked: RunSpecification | AuditSpecification,
    figures: Figures,
) -> bool:
    """Whether a job that takes at most so much would wait for a second person, as the database will find it."""
    found = threshold_of(connection, member.project_id)
    if not asked.endpoint:
        return False
    costs = [Decimal(repr(each)) for each in (figures.cost, asked.max_cost) if each is not None]
    if found.cost is not None and figures.cost is None and found.tokens is None:
        return True
    if found.cost is not None and figures.cost is not None and min(costs) > found.cost:
        return True
    tokens = figures.prompt_tokens + figures.completion_tokens
    return found.tokens is not None and min(tokens, asked.max_tokens or tokens) > found.tokens


def approve(connection: psycopg.Connection[Any], caller: Caller, project: str, job: int, facts: RequestFacts) -> bool:
    """Let a job spend what it may (an editor's act); False where it does not wait for that.

    Raises Refused for whoever started or resumed it, or one that it goes on with, and where whoever wants it may start
    none any more.
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
            raise Refused(
                "you started this job, or one that it goes on with, or resumed it: somebody else decides about it"
            )
        if not row[0]:
            return False
        if is_approved and not is_still_wanted(connection, job, noted_issuer(connection)):
            raise Refused(f"{REASON}, and somebody else approves it then")
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
