"""*Watch* of a project: what is asked again and again, when it is next, what its last looks came to, and alerts."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError
from steelyard.util.text import one_line
from steelyard_server.access.callers import Role
from steelyard_server.database.reading import reading
from steelyard_server.http.addresses import job_path, run_path, watch_path
from steelyard_server.http.replies import see_other
from steelyard_server.jobs import schedule_acts
from steelyard_server.jobs.cadence import EACH, WEEKDAYS, cadence_in_words, cron_of
from steelyard_server.jobs.looks import next_look, place_of
from steelyard_server.jobs.membership import Missing
from steelyard_server.jobs.room import BYTES_A_DAY, OPEN_OF_PROJECT
from steelyard_server.jobs.rows import names_of
from steelyard_server.pages.jobs import asked_in_words
from steelyard_server.pages.words import moment, verdict_class, verdict_in_words
from steelyard_server.web.render import missing_page, page

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard_server.jobs.past_looks import LookRow
    from steelyard_server.jobs.rows import JobRow
    from steelyard_server.jobs.schedules import ScheduleRow
    from steelyard_server.web.call import Call

__all__ = ["coming_looks", "do_add", "do_switch_off", "do_switch_on", "moment_at", "show_watch"]

_COMING: Final = 8
_HOURS: Final = 24
_LOOKS: Final = 20
_ALERTS: Final = 10
_STATES: Final = {"cancelled": "stopped"}
_WAITS: Final = {
    "person": "It rests, since {name}, who made it, is disabled: somebody else has to make it anew.",
    "role": "It rests, since {name}, who made it, may start no jobs in this project any more: somebody else has to "
    "make it anew, or {name} signs in again where a group gave the role.",
    "job": "Its look is due, and waits for the end of its last job.",
    "room": f"Its look is due, and waits for room: at most {OPEN_OF_PROJECT} jobs of a project are open, and what the "
    f"looks of 24 hours ask holds {BYTES_A_DAY >> 20} MB at most.",
    "soon": "Its look is due now.",
    "worker": "Its look is overdue, and nobody makes its job: no worker runs, or its endpoint or model is no longer in "
    "the list.",
}
_RESTING: Final = ("person", "role")
_STUCK: Final = (*_RESTING, "worker")  # what does not pass by itself
_FIELDS: Final = {
    "job": "", "name": "", "each": "week", "at": "06:00", "weekday": "MON", "day": "1", "cron": "", "zone": "UTC",
}  # fmt: skip


def show_watch(call: Call) -> Response:
    """Alerts, schedules, what comes next, a page of what was, and the form for whoever may start jobs."""
    return _page(call)


def do_add(call: Call) -> Response:
    """Ask what a job asked again and again."""
    project = call.membership.project
    try:
        cron = cron_of(
            call.field("each", 10), call.field("at", 10), call.field("weekday", 10), call.field("day", 5),
            " ".join(call.field("cron", 250).split()),
        )  # fmt: skip
        with call.platform.pool.connection() as connection:
            asked = schedule_acts.asked_by(connection, call.caller, project, _number(call.field("job", 20)))
            schedule_acts.add_schedule(
                connection, call.caller, project, call.form.get("name", "").strip(), cron, call.field("zone", 100),
                asked, call.facts,
            )  # fmt: skip
    except InputError as error:
        return _page(call, 400, problem=str(error), typed=call.form)
    return see_other(watch_path(project))


def do_switch_on(call: Call) -> Response:
    """Make jobs from the next look on."""
    return _switch(call, on=True)


def do_switch_off(call: Call) -> Response:
    """Make no job until it is on again."""
    return _switch(call, on=False)


def coming_looks(schedules: Sequence[ScheduleRow], now: datetime, count: int) -> list[tuple[datetime, ScheduleRow]]:
    """The next ``count`` looks of all schedules that are on, in order; of one whose look is due, those after it."""
    soonest: list[tuple[datetime, int, ScheduleRow]] = []
    for row in schedules:
        following = _next(row, now) if row.is_on else None
        if following is not None:
            soonest.append((following, row.id, row))
    heapq.heapify(soonest)
    found: list[tuple[datetime, ScheduleRow]] = []
    while soonest and len(found) < count:
        at, _, row = heapq.heappop(soonest)
        found.append((at, row))
        following = _next(row, at)
        if following is not None:
            heapq.heappush(soonest, (following, row.id, row))
    return found


def moment_at(at: datetime, zone: str) -> str:
    """A time on the clock of a place: ``Mon 2026-11-30 06:00, Europe/Berlin``; in UTC where this machine knows none."""
    try:
        return f"{at.astimezone(place_of(zone)):%a %Y-%m-%d %H:%M}, {zone}"
    except InputError:
        return moment(at)


def _next(row: ScheduleRow, after: datetime) -> datetime | None:
    """None where this machine cannot read the schedule."""
    if row.next_at > after:
        return row.next_at
    try:
        return next_look(row.cron, row.zone, after)
    except InputError:
        return None


def _is_more_than_hourly(row: ScheduleRow) -> bool:
    """Whether more looks than hours are due in a day from its next look on."""
    at, ends = row.next_at, row.next_at + timedelta(days=1)
    try:
        for _ in range(_HOURS):
            at = next_look(row.cron, row.zone, at)
            if at >= ends:
                return False
    except InputError:  # which is said elsewhere
        return False
    return True


def _switch(call: Call, *, on: bool) -> Response:
    project = call.membership.project
    try:
        with call.platform.pool.connection() as connection:
            is_changed = schedule_acts.switch(
                connection, call.caller, project, call.number("schedule"), call.facts, on=on
            )
    except Missing:
        return missing_page(call)
    except InputError as error:  # this machine cannot say when it is next
        return _page(call, 400, problem=str(error))
    if not is_changed:
        return _page(call, 409, problem=f"this schedule is {'on' if on else 'off'} already")
    return see_other(watch_path(project))


def _page(call: Call, status: int = 200, *, problem: str = "", typed: Mapping[str, str] | None = None) -> Response:
    project, caller, may_act = call.membership.project, call.caller, call.membership.role.reaches(Role.RUNNER)
    before, wanted = _number(call.query("before", 20)), _number(call.query("job", 20))
    with reading(call.platform.pool) as connection:
        schedules = schedule_acts.schedules_shown(connection, caller, project)
        waits = schedule_acts.waits_shown(connection, caller, project)
        last = schedule_acts.lasts_shown(connection, caller, project)
        looks, is_more = schedule_acts.looks_shown(connection, caller, project, before=before, size=_LOOKS)
        alerts, _ = schedule_acts.looks_shown(connection, caller, project, alerts=True, size=_ALERTS)
        jobs = schedule_acts.jobs_to_repeat(connection, caller, project, wanted) if may_act else ()
        names = names_of(connection, [each.made_by for each in schedules])
    shown = [_shown_schedule(each, waits, names, last.get(each.id), project) for each in schedules]
    address = watch_path(project)
    return page(
        call,
        "watch.html.j2",
        status,
        problem=problem,
        project=project,
        address=address,
        may_act=may_act,
        schedules=shown,
        stuck=[each for each in shown if each["is_stuck"]],
        coming=[
            {"at": moment_at(at, row.zone), "name": row.name}
            for at, row in coming_looks(
                [each for each in schedules if waits.get(each.id) not in _RESTING], datetime.now(UTC), _COMING
            )
        ],
        alerts=[_shown_look(each, project) for each in alerts],
        looks=[_shown_look(each, project) for each in looks],
        older=f"{address}?before={looks[-1].job}" if is_more else "",
        newest=address if before else "",
        jobs=[_shown_job(each) for each in jobs],
        frequencies=EACH,
        weekdays=WEEKDAYS,
        typed=_typed(typed, wanted),
    )


def _typed(typed: Mapping[str, str] | None, wanted: int) -> dict[str, str]:
    if typed is not None:
        return {name: typed.get(name, "")[:300] for name in _FIELDS}
    return _FIELDS | ({"job": str(wanted)} if wanted else {})


def _shown_schedule(
    row: ScheduleRow, waits: Mapping[int, str], names: Mapping[int, str], last: LookRow | None, project: str
) -> dict[str, Any]:
    following = _next(row, datetime.now(UTC)) if row.is_on else None
    return {
        "address": f"{watch_path(project)}/{row.id}",
        "name": row.name,
        "subject": asked_in_words(row),
        "cadence": cadence_in_words(row.cron),
        "zone": row.zone,
        "is_on": row.is_on,
        "next": moment_at(following, row.zone) if following else "",
        "is_often": following is not None and _is_more_than_hourly(row),
        "waits": f"Its questions were withdrawn with a run, {moment(row.withdrawn_at)}: it is off for good."
        if row.withdrawn_at
        else _waiting(waits.get(row.id, ""), names.get(row.made_by, "")),
        "is_withdrawn": row.withdrawn_at is not None,
        "is_stuck": waits.get(row.id) in _STUCK,
        "made_by": names.get(row.made_by, ""),
        "last": _shown_look(last, project) if last else None,
    }


def _waiting(why: str, name: str) -> str:
    return _WAITS.get(why, "").replace("{name}", one_line(name, 80))


def _shown_look(row: LookRow, project: str) -> dict[str, Any]:
    """A look with its verdict and the link to its run; without a run the state of its job, and the link to that."""
    job = job_path(project, row.last)
    return {
        "at": moment_at(row.due_at, row.zone),
        "name": row.name,
        "word": verdict_in_words(row.verdict or "", row.kind or "") if row.seal else _STATES.get(row.state, row.state),
        "css": verdict_class(row.verdict or "") if row.seal else "",
        "address": run_path(project, row.seal) if row.seal else job,
        "job": job,
        "alerts": [one_line(each, 600) for each in row.alerts()],
    }


def _shown_job(row: JobRow) -> dict[str, str]:
    asked = asked_in_words(row)
    return {"id": str(row.id), "words": f"job {row.id}, {row.created_at.astimezone(UTC):%Y-%m-%d}: {asked}"}


def _number(text: str) -> int:
    return min(int(text), 2**62) if text.isascii() and text.isdigit() else 0
