"""What needs the reader, for *Overview*: each thing one line with one link, the most urgent kind first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from steelyard.util.text import one_line
from steelyard_server.access.callers import Role
from steelyard_server.access.deciders import in_words, people_reaching
from steelyard_server.database.reading import reading
from steelyard_server.events import EXPIRY_DAYS
from steelyard_server.http.addresses import budgets_path, job_path, jobs_path, run_path
from steelyard_server.jobs.approving import may_decide
from steelyard_server.jobs.disk import why_no_room
from steelyard_server.jobs.needs import jobs_in_need, nearly_spent, used_share
from steelyard_server.jobs.rows import names_of
from steelyard_server.jobs.thresholds import waiting_changes
from steelyard_server.jobs.workers import workers_seen
from steelyard_server.notify.sealed import unreadable_secrets
from steelyard_server.pages.budgets import threshold_in_words
from steelyard_server.pages.server_warnings import backup_warnings, worker_warnings
from steelyard_server.pages.words import moment, verdict_in_words
from steelyard_server.runs.seen import unseen_inconsistent

if TYPE_CHECKING:
    import psycopg

    from steelyard_server.access.tokens import TokenRow
    from steelyard_server.jobs.needs import JobInNeed
    from steelyard_server.jobs.thresholds import WaitingChange
    from steelyard_server.web.call import Call

__all__ = ["Need", "ends_soon", "needs_of"]

_MOST: Final = 10  # of each kind
_GONE_DAYS: Final = 1  # Admin lists the workers of a week
_JOB_WORDS: Final = {
    "failed": "failed",
    "paused": "is paused",
    "budget": "waits for a budget",
    "resting": "waits: its endpoint did not answer",
    "later": "is tried again in a while",
    "worker": "waits for a worker, and none has taken it",
}


@dataclass(frozen=True)
class Need:
    """One line: the link's words and address, and what there is to say."""

    link: str
    address: str
    said: str


def needs_of(call: Call) -> list[Need]:
    """All of them; empty where nothing needs the reader."""
    return [
        *_unreadable_keys(call),
        *_server(call),
        *_thresholds(call),
        *_jobs(call),
        *_verdicts(call),
        *_ending_tokens(call),
        *_budgets(call),
    ]


def _projects(call: Call, least: Role) -> list[int]:
    return [each.project_id for each in call.caller.memberships if each.role.reaches(least)]


def _unreadable_keys(call: Call) -> Iterator[Need]:
    if not call.caller.is_admin:
        return
    names = call.platform.endpoints.unreadable()
    for name in names[:_MOST]:
        yield Need(f"Endpoint {name}", "/admin/endpoints", "its key cannot be read: give it again")
    if len(names) > _MOST:
        yield Need("Endpoints", "/admin/endpoints", f"the keys of {len(names) - _MOST:,} more cannot be read")


def _server(call: Call) -> Iterator[Need]:
    """What *Admin* says, too: secrets that cannot be read, workers that are gone, a full disk, an old backup."""
    if not call.caller.is_admin:
        return
    platform = call.platform
    with reading(platform.pool) as connection:
        secrets = unreadable_secrets(connection, platform.endpoints.key_file)
        warned = worker_warnings(connection, workers_seen(connection), _GONE_DAYS)[:_MOST]
        warned += backup_warnings(connection)
    if secrets:
        said = f"the secret key does not read {', '.join(secrets[:_MOST])}{' …' if len(secrets) > _MOST else ''}"
        yield Need("Webhooks and mail", "/admin", one_line(said, 300))
    for each in warned:
        yield Need(each.about, "/admin", one_line(each.said, 300))
    if problem := why_no_room(platform.data):
        yield Need("The disk", "/admin", problem)


def _thresholds(call: Call) -> Iterator[Need]:
    """A threshold that one admin asked for, and that waits for another."""
    with reading(call.platform.pool) as connection:
        found = waiting_changes(connection, _projects(call, Role.ADMIN))
        words = [_threshold_words(call, connection, each) for each in found[:_MOST]]
    for each, said in zip(found, words, strict=False):
        yield Need(f"Threshold of {each.project}", f"{budgets_path(each.project)}#h-approval", said)
    if len(found) > _MOST:
        yield Need(
            f"Threshold of {found[_MOST].project}", budgets_path(found[_MOST].project), "more wait for a decision"
        )


def _threshold_words(call: Call, connection: psycopg.Connection[Any], change: WaitingChange) -> str:
    wanted = f"{threshold_in_words(change.asked)} in place of {threshold_in_words(change.before)}"
    if change.asked_by != call.caller.person:
        return f"{one_line(change.name, 80)} asks for {wanted}, and waits for you"
    others = _who(call, connection, change.project, Role.ADMIN, change.asked_by)
    return f"you asked for {wanted}, which waits for {others or 'another admin, of whom there is none'}"


def _who(call: Call, connection: psycopg.Connection[Any], project: str, least: Role, *without: int | None) -> str:
    """Who could decide, by name; "" for nobody."""
    member = call.caller.membership(project)
    assert member is not None, "it is a project of the caller's"
    found = people_reaching(connection, member.project_id, least, call.platform.issuer)
    return in_words({person: name for person, name in found.items() if person not in without})


def _jobs(call: Call) -> Iterator[Need]:
    with reading(call.platform.pool) as connection:
        found = jobs_in_need(connection, _projects(call, Role.RUNNER), _MOST + 1)
        words = [_job_words(call, connection, each) for each in found[:_MOST]]
    for each, said in zip(found, words, strict=False):
        yield Need(f"Job {each.id} of {each.project}", job_path(each.project, each.id), said)
    if len(found) > _MOST:
        yield Need(f"Jobs of {found[_MOST].project}", jobs_path(found[_MOST].project), "more jobs need somebody")


def _job_words(call: Call, connection: psycopg.Connection[Any], job: JobInNeed) -> str:
    said = _approval_words(call, connection, job) if job.why == "approval" else _JOB_WORDS[job.why]
    if job.why == "worker":
        return f"{said} since {moment(job.created_at)}"
    return (
        f"{said}: {one_line(job.reason, 200)}"
        if job.reason and job.why in ("failed", "approval", "budget", "later")
        else said
    )


def _approval_words(call: Call, connection: psycopg.Connection[Any], job: JobInNeed) -> str:
    """Who waits for whom."""
    asked_by = names_of(connection, [job.requested_by]).get(job.requested_by, "")
    if may_decide(connection, call.caller, job.project, job.id):
        return f"asked for by {one_line(asked_by, 80)}, waits for your approval"
    others = _who(call, connection, job.project, Role.EDITOR, job.requested_by, job.resumed_by)
    whose = "" if job.requested_by == call.caller.person else f"asked for by {one_line(asked_by, 80)}, "
    return f"{whose}waits for the approval of {others or 'another editor or admin, of whom there is none'}"


def _verdicts(call: Call) -> Iterator[Need]:
    assert call.caller.person is not None, "who is signed in"
    found = unseen_inconsistent(call.platform.pool, _projects(call, Role.VIEWER), call.caller.person, _MOST + 1)
    for run in found[:_MOST]:
        said = f"{verdict_in_words(run.verdict, run.kind)}, and you have not looked at it: {run.headline}"
        yield Need(
            f"{one_line(run.subject, 80)} in {run.project}", run_path(run.project, run.seal), one_line(said, 300)
        )
    if len(found) > _MOST:
        project = found[_MOST].project
        yield Need(f"Runs of {project}", f"/p/{project}/runs?verdict=inconsistent", "more such verdicts wait")


def _ending_tokens(call: Call) -> Iterator[Need]:
    assert call.caller.person is not None, "who is signed in"
    tokens = call.platform.tokens.listed(call.caller.person)
    for token in [each for each in tokens if each.state == "active" and ends_soon(each)][:_MOST]:
        said = f"your token ends {moment(token.expires_at)}: make another where a program still needs it"
        yield Need(f"Token {one_line(token.name, 80)}", "/account", said)


def ends_soon(token: TokenRow) -> bool:
    """Whether it ends within a week, or within the last quarter of its time: one for a week is not urgent at once."""
    whole = token.expires_at - token.created_at
    return token.expires_at - datetime.now(UTC) < min(timedelta(days=EXPIRY_DAYS), whole / 4)


def _budgets(call: Call) -> Iterator[Need]:
    with reading(call.platform.pool) as connection:
        found = nearly_spent(connection, _projects(call, Role.ADMIN))
    for project, row in found[:_MOST]:
        place = f"at {row.endpoint}" if row.endpoint else "for all endpoints"
        said = f"{100 * used_share(row):,.0f} % of this month’s budget {place} is spent or reserved"
        yield Need(f"Budgets of {project}", budgets_path(project), said)
