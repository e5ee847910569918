"""*Jobs* of a project: what the server carries out itself, how far each one is, and pause, resume, stop and retry."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError
from steelyard_server.access.callers import Role
from steelyard_server.database.reading import reading
from steelyard_server.http.addresses import job_path, jobs_path, run_path, watch_path
from steelyard_server.http.replies import see_other
from steelyard_server.jobs import acts, approving
from steelyard_server.jobs.costs import verdict_costs
from steelyard_server.jobs.membership import Missing, Refused
from steelyard_server.jobs.messages import read_progress
from steelyard_server.jobs.rows import JobRow, names_of, seals_of, why_it_waits
from steelyard_server.jobs.tries import asked_tasks
from steelyard_server.pages.costs import NOTHING, job_verdict_cost
from steelyard_server.pages.live import LIVE_RULES, live_claim_words
from steelyard_server.pages.words import moment, money_in_words
from steelyard_server.web.render import missing_page, page

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard_server.jobs.costs import VerdictCost
    from steelyard_server.jobs.rows import JobEvent
    from steelyard_server.jobs.schedules import ScheduleRow
    from steelyard_server.web.call import Call

__all__ = [
    "asked_in_words",
    "do_approve",
    "do_cancel",
    "do_pause",
    "do_refuse",
    "do_resume",
    "do_retry",
    "rate_in_words",
    "show_job",
    "show_jobs",
]

_OPEN: Final = ("waiting", "running")  # what changes by itself
_WANTED: Final = {"pause": "running, to be paused", "cancel": "running, to be stopped"}
_STATES: Final = {"cancelled": "stopped"}
_NOT_WAITING: Final = "this job does not wait for approval, or somebody has decided"
_WAITS: Final = {
    "approval": "It may spend more than one person may here alone: an editor or admin of the project who did not start "
    "it approves or refuses it.",
    "budget": "A budget of the project has no room for its next call. It goes on when an admin of the project gives "
    "more, when another job has ended, or next month.",
    "later": "It was not done at the last attempt, and is tried again in a while.",
    "resting": "Its endpoint did not answer, so no job asks it for a while.",
    "busy": "Other jobs take all calls that its endpoint is asked at once.",
    "nobody": "No worker runs. Whoever runs the server starts one: steelyard worker --data FOLDER.",
    "disk": "No worker takes a job now, since its disk is nearly full: whoever runs the server makes room.",
    "worker": "It waits for a worker that is free: all have other jobs.",
}  # fmt: skip


def show_jobs(call: Call) -> Response:
    """A page of the list, the newest first."""
    project, before = call.membership.project, call.query("before", 20)
    number = min(int(before), 2**62) if before.isascii() and before.isdigit() else 0
    with reading(call.platform.pool) as connection:
        found, is_more = acts.jobs_shown(connection, call.caller, project, before=number)
        names = names_of(connection, [each.requested_by for each in found])
        costs = verdict_costs(connection, found)
    address = jobs_path(project)
    return page(
        call,
        "jobs.html.j2",
        project=project,
        jobs=[_shown(each, project, names, costs) for each in found],
        older=f"{address}?before={found[-1].id}" if is_more else "",
        newest=address if number else "",
    )


def show_job(call: Call) -> Response:
    """One job, with all that happened to it."""
    return _job_page(call)


def do_pause(call: Call) -> Response:
    """Stop it at its next checkpoint, to go on later."""
    return _change(call, acts.pause, "this job has ended, or is paused already")


def do_resume(call: Call) -> Response:
    """Let it go on."""
    return _change(call, acts.resume, "this job is not paused")


def do_cancel(call: Call) -> Response:
    """End it for good."""
    return _change(call, acts.cancel, "this job has ended")


def do_approve(call: Call) -> Response:
    """Let it spend what it may, as a second person."""
    return _change(call, approving.approve, _NOT_WAITING)


def do_refuse(call: Call) -> Response:
    """End it, as a second person."""
    return _change(call, approving.refuse, _NOT_WAITING)


def do_retry(call: Call) -> Response:
    """Go on with what a job left, by another job."""
    try:
        with call.platform.pool.connection() as connection:
            job = acts.retry(connection, call.caller, call.membership.project, call.number("job"), call.facts)
    except Missing:
        return missing_page(call)
    except InputError as error:
        return _job_page(call, 400, problem=str(error))
    return see_other(job_path(call.membership.project, job))


def rate_in_words(answered: int, seconds: float) -> str:
    """How many answers come in a minute, or an hour where they are few; "" where it is too early to say."""
    if answered < 2 or seconds < 5:
        return ""
    a_minute = 60 * answered / seconds
    return f"about {a_minute:,.0f} a minute" if a_minute >= 2 else f"about {60 * a_minute:,.0f} an hour"


def _change(call: Call, change: Callable[..., bool], refused: str) -> Response:
    project, job = call.membership.project, call.number("job")
    try:
        with call.platform.pool.connection() as connection:
            is_changed = change(connection, call.caller, project, job, call.facts)
    except Missing:
        return missing_page(call)
    except Refused as error:
        return _job_page(call, 403, problem=str(error))
    return see_other(job_path(project, job)) if is_changed else _job_page(call, 409, problem=refused)


def _job_page(call: Call, status: int = 200, *, problem: str = "") -> Response:
    project = call.membership
    try:
        with reading(call.platform.pool) as connection:
            found = acts.job_shown(connection, call.caller, project.project, call.number("job"))
            row, events = found.row, found.events
            seal = seals_of(connection, [row]).get(row.run or 0, "")
            people = [row.requested_by, *(int(each.actor[7:]) for each in events if _is_person(each.actor))]
            names = names_of(connection, people)
            waits = "approval" if row.waits_for == "approval" else why_it_waits(connection, row.id)
            may_decide = _needs_approval(row) and approving.may_decide(connection, call.caller, project.project, row.id)
            costs = verdict_costs(connection, [row])
    except Missing:
        return missing_page(call)
    is_open = row.state in _OPEN
    is_still = call.query("still", 5) == "yes" or bool(problem)
    path = job_path(project.project, row.id)
    return page(
        call,
        "job.html.j2",
        status,
        problem=problem,
        project=project.project,
        list_address=jobs_path(project.project),
        path=path,
        job=_shown(row, project.project, names, costs),
        row=row,
        rate=_rate(row, events),
        **_live(row),
        waits=_WAITS.get(waits, "") if row.state in ("waiting", "paused") else "",
        may_decide=may_decide,
        run_address=run_path(project.project, seal) if seal else "",
        events=[_shown_event(each, names) for each in events],
        goes_on_with=job_path(project.project, row.resumes) if row.resumes else "",
        may_act=project.role.reaches(Role.RUNNER),
        again=f"{watch_path(project.project)}?job={row.resumes or row.id}#make" if row.state == "finished" else "",
        is_open=is_open,
        reloads=is_open and not is_still,
    )


def _shown(row: JobRow, project: str, names: dict[int, str], costs: dict[int, VerdictCost]) -> dict[str, Any]:
    """What the list and the page show of a job."""
    progress = read_progress(row.progress)
    return {
        "id": row.id,
        "address": job_path(project, row.id),
        "subject": asked_in_words(row),
        "state": "waiting for approval" if _needs_approval(row) else _state(row.state, row.wanted),
        "answered": f"{progress.answered:,} of at most {progress.planned:,}" if progress else "",
        "cost": "" if row.tokens is None else "unknown" if row.cost is None else money_in_words(row.cost),
        "verdict_price": job_verdict_cost(costs[row.id]) if row.id in costs else NOTHING,
        "tokens": f"{int(row.tokens):,}" if row.tokens else "",
        "asked_by": f"schedule {row.schedule}" if row.schedule else names.get(row.requested_by, ""),
        "made_at": moment(row.created_at),
        "ended_at": moment(row.ended_at) if row.ended_at else "",
        "may_pause": row.state in _OPEN and row.wanted != "cancel",
        "may_resume": row.state == "paused" or row.wanted == "pause",
        "may_cancel": row.state in (*_OPEN, "paused") and row.wanted != "cancel",
        "may_retry": row.state in ("failed", "cancelled") and row.cleared_at is None,
        "cleared_at": moment(row.cleared_at) if row.cleared_at else "",
    }


def asked_in_words(row: JobRow | ScheduleRow) -> str:
    """What a job or a schedule asks, in words; of a job that goes on with another, that one's number."""
    if isinstance(row, JobRow) and row.resumes:
        return f"goes on with job {row.resumes}"
    where = f" at {row.endpoint}" if row.endpoint else ", the model built in"
    named = asked_tasks(row.tasks)
    tasks = f": {', '.join(named[:5])}{' …' if len(named) > 5 else ''}" if named else ""
    what = "measurement of" if row.kind == "run" else "audit of claims about"
    return f"{what} {row.model}{where}{tasks}"


def _needs_approval(row: JobRow) -> bool:
    return row.waits_for == "approval" and row.state in ("waiting", "paused")


def _state(state: str, wanted: str) -> str:
    return (_WANTED.get(wanted) if state == "running" else None) or _STATES.get(state, state)


def _rate(row: JobRow, events: tuple[JobEvent, ...]) -> str:
    """Of a first attempt alone: a later one counts answers that were there before it."""
    progress = read_progress(row.progress)
    began = next((each.at for each in reversed(events) if each.state == "running"), None)
    if progress is None or began is None or row.state != "running" or row.attempt > 1 or row.resumes:
        return ""
    return rate_in_words(progress.answered, (datetime.now(UTC) - began).total_seconds())


def _live(row: JobRow) -> dict[str, Any]:
    """Where the claims of a job that has not ended stand, as it said last."""
    progress = read_progress(row.progress)
    if progress is None or row.state not in (*_OPEN, "paused"):
        return {"claims": [], "claims_left": 0, "rules": []}
    return {
        "claims": [live_claim_words(each) for each in progress.claims],
        "claims_left": progress.left,
        "rules": [words for rule, words in LIVE_RULES.items() if any(each.rule == rule for each in progress.claims)],
    }


def _is_person(actor: str) -> bool:
    return actor.startswith("person:") and actor[7:].isascii() and actor[7:].isdigit()


def _shown_event(event: JobEvent, names: dict[int, str]) -> dict[str, str]:
    kind, _, number = event.actor.partition(":")
    who = names.get(int(number), event.actor) if _is_person(event.actor) else f"{kind} {number}"
    return {
        "at": event.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        "attempt": f"{event.attempt:,}" if event.attempt else "",
        "state": _state(event.state, event.wanted),
        "who": who,
        "reason": event.reason,
    }
