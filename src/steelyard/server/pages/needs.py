"""What needs the reader, for *Overview*: each thing one line with one link, the most urgent kind first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from steelyard.server.access.callers import Role
from steelyard.server.database.reading import reading
from steelyard.server.jobs.disk import why_no_room
from steelyard.server.jobs.needs import jobs_in_need, nearly_spent, used_share
from steelyard.server.jobs.workers import workers_seen
from steelyard.server.notify.events import EXPIRY_DAYS
from steelyard.server.notify.sealed import unreadable_secrets
from steelyard.server.pages.words import moment, verdict_in_words
from steelyard.server.runs.seen import unseen_inconsistent
from steelyard.server.web.addresses import budgets_path, job_path, jobs_path, run_path
from steelyard.util.text import one_line

if TYPE_CHECKING:
    from steelyard.server.access.tokens import TokenRow
    from steelyard.server.jobs.needs import JobInNeed
    from steelyard.server.web.call import Call

__all__ = ["Need", "ends_soon", "needs_of"]

_MOST: Final = 10  # of each kind
_JOB_WORDS: Final = {
    "failed": "failed",
    "approval": "waits for the approval of another editor or admin",
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
    """What *Admin* says, too: secrets that cannot be read, workers that are gone, a disk that is full."""
    if not call.caller.is_admin:
        return
    platform, since = call.platform, datetime.now(UTC) - timedelta(days=1)
    with reading(platform.pool) as connection:
        secrets = unreadable_secrets(connection, platform.endpoints.key_file)
        gone = [each for each in workers_seen(connection) if each.is_gone and each.seen_at > since]
    if secrets:
        said = f"the secret key does not read {', '.join(secrets[:_MOST])}{' …' if len(secrets) > _MOST else ''}"
        yield Need("Webhooks and mail", "/admin", one_line(said, 300))
    for worker in gone[:_MOST]:
        yield Need(f"Worker {one_line(worker.name, 100)}", "/admin", f"is gone: last heard of {moment(worker.seen_at)}")
    if problem := why_no_room(platform.data):
        yield Need("The disk", "/admin", problem)


def _jobs(call: Call) -> Iterator[Need]:
    with reading(call.platform.pool) as connection:
        found = jobs_in_need(connection, _projects(call, Role.RUNNER), _MOST + 1)
    for each in found[:_MOST]:
        yield Need(f"Job {each.id} of {each.project}", job_path(each.project, each.id), _job_words(call, each))
    if len(found) > _MOST:
        yield Need(f"Jobs of {found[_MOST].project}", jobs_path(found[_MOST].project), "more jobs need somebody")


def _job_words(call: Call, job: JobInNeed) -> str:
    said = _JOB_WORDS[job.why]
    member = call.caller.membership(job.project)
    if job.why == "approval" and job.requested_by != call.caller.person and member and member.role.reaches(Role.EDITOR):
        said = "waits for your approval"
    if job.why == "worker":
        return f"{said} since {moment(job.created_at)}"
    return (
        f"{said}: {one_line(job.reason, 200)}"
        if job.reason and job.why in ("failed", "approval", "budget", "later")
        else said
    )


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
