"""Runs that the server starts itself: added, listed, paused, resumed, cancelled, retried."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import msgspec

from steelyard.util.text import one_line
from steelyard_server.api.bodies import body_of, is_json
from steelyard_server.api.job_requests import JobRequest
from steelyard_server.api.queries import query_of
from steelyard_server.api.runs import page_address
from steelyard_server.database.reading import reading
from steelyard_server.http.addresses import job_path
from steelyard_server.http.replies import json_reply, problem_reply
from steelyard_server.jobs import acts, approving
from steelyard_server.jobs.membership import Missing
from steelyard_server.jobs.messages import read_progress
from steelyard_server.jobs.rows import seals_of
from steelyard_server.jobs.tries import asked_tasks
from steelyard_server.wire.job_records import JobAdded, JobChange, JobDetail, JobItem, JobPage, JobQuery

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard_server.jobs.rows import JobRow
    from steelyard_server.web.call import Call

__all__ = [
    "add_job",
    "approve_job",
    "cancel_job",
    "list_jobs",
    "pause_job",
    "refuse_job",
    "resume_job",
    "retry_job",
    "show_job",
]

_NOT_WAITING: Final = "this job does not wait for approval, or somebody has decided"
_HAS_NO_SUCH_JOB: Final = "there is no such job in the token's project"


async def add_job(call: Call) -> Response:
    """201 with the job's number; 400 for what a job may not ask."""
    from starlette.concurrency import run_in_threadpool

    if not is_json(call):
        return problem_reply(415, "a job is asked for in JSON: send Content-Type: application/json")
    asked = body_of(await call.request.body(), JobRequest, "job")
    return await run_in_threadpool(_add, call, asked)


def _add(call: Call, asked: JobRequest) -> Response:
    with call.platform.pool.connection() as connection:
        job = acts.add_job(
            connection, call.caller, call.membership.project, asked.asks, call.facts, priority=asked.priority
        )
    return _added(call, job)


def list_jobs(call: Call) -> Response:
    """A page of jobs, the newest first."""
    query = query_of(call, JobQuery)
    with reading(call.platform.pool) as connection:
        found, is_more = acts.jobs_shown(
            connection, call.caller, call.membership.project, state=query.state or "", before=query.before or 0
        )
        seals = seals_of(connection, found)
    page = JobPage(
        jobs=[JobItem(**_item(call, each, seals)) for each in found],
        next=found[-1].id if is_more else None,
    )
    return json_reply(200, msgspec.to_builtins(page))


def show_job(call: Call) -> Response:
    """A job with all that happened to it."""
    try:
        with reading(call.platform.pool) as connection:
            found = acts.job_shown(connection, call.caller, call.membership.project, call.number("job"))
            seals = seals_of(connection, [found.row])
    except Missing:
        return problem_reply(404, _HAS_NO_SUCH_JOB)
    events = [
        JobChange(at=each.at, attempt=each.attempt, state=each.state, wanted=each.wanted,  # type: ignore[arg-type]
                  actor=each.actor, reason=one_line(each.reason, 600))
        for each in found.events
    ]  # fmt: skip
    return json_reply(200, msgspec.to_builtins(JobDetail(**_item(call, found.row, seals), events=events)))


def pause_job(call: Call) -> Response:
    """409 where it has ended, or is paused."""
    return _change(call, acts.pause, "this job has ended, or is paused already")


def resume_job(call: Call) -> Response:
    """409 where it is not paused."""
    return _change(call, acts.resume, "this job is not paused")


def cancel_job(call: Call) -> Response:
    """409 where it has ended."""
    return _change(call, acts.cancel, "this job has ended")


def approve_job(call: Call) -> Response:
    """409 where it does not wait for that; 403 for whoever started it."""
    return _change(call, approving.approve, _NOT_WAITING)


def refuse_job(call: Call) -> Response:
    """As :func:`approve_job`."""
    return _change(call, approving.refuse, _NOT_WAITING)


def retry_job(call: Call) -> Response:
    """201 with the number of the job that goes on; 400 where nothing is to go on."""
    try:
        with call.platform.pool.connection() as connection:
            job = acts.retry(connection, call.caller, call.membership.project, call.number("job"), call.facts)
    except Missing:
        return problem_reply(404, _HAS_NO_SUCH_JOB)
    return _added(call, job)


def _added(call: Call, job: int) -> Response:
    return json_reply(201, msgspec.to_builtins(JobAdded(job=job, page=_page(call, job))))


def _page(call: Call, job: int) -> str:
    return f"{call.platform.settings.base_url}{job_path(call.membership.project, job)}"


def _change(call: Call, change: Callable[..., bool], refused: str) -> Response:
    try:
        with call.platform.pool.connection() as connection:
            is_changed = change(connection, call.caller, call.membership.project, call.number("job"), call.facts)
    except Missing:
        return problem_reply(404, _HAS_NO_SUCH_JOB)
    return show_job(call) if is_changed else problem_reply(409, refused)


def _progress_in_words(kept: str) -> str:
    progress = read_progress(kept)
    return "" if progress is None else f"{progress.answered:,} of at most {progress.planned:,} calls are answered"


def _item(call: Call, job: JobRow, seals: dict[int, str]) -> dict[str, Any]:
    seal = None if job.run is None else seals.get(job.run)
    return {
        "job": job.id,
        "page": _page(call, job.id),
        "kind": job.kind,
        "state": job.state,
        "wanted": job.wanted or None,
        "tasks": [*asked_tasks(job.tasks)],
        "sheet_sha256": job.sheet_sha256 or None,
        "endpoint": job.endpoint or None,
        "retries": job.resumes,
        "priority": job.priority,
        "attempt": job.attempt,
        "failures": job.failures,
        "progress": _progress_in_words(job.progress),
        "reason": one_line(job.reason, 600),
        "note": one_line(job.note, 600),
        "waits_for": job.waits_for or None,
        "seal": seal,
        "url": None if seal is None else page_address(call, seal),
        "cost": None if job.cost is None else float(job.cost),
        "tokens": None if job.tokens is None else int(job.tokens),
        "created_at": job.created_at,
        "ended_at": job.ended_at,
    }
