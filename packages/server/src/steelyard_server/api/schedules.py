"""Schedules: what is asked again and again, and what its looks came to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from steelyard.util.text import one_line
from steelyard_server.api.bodies import body_of, is_json
from steelyard_server.api.runs import page_address, word_of
from steelyard_server.api.schedule_records import (
    LookItem,
    ScheduleAdded,
    ScheduleDetail,
    ScheduleItem,
    ScheduleList,
    ScheduleRequest,
)
from steelyard_server.database.reading import reading
from steelyard_server.http.replies import json_reply, problem_reply
from steelyard_server.jobs import schedule_acts
from steelyard_server.jobs.membership import Missing
from steelyard_server.jobs.rows import names_of

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard_server.jobs.past_looks import LookRow
    from steelyard_server.jobs.schedules import ScheduleRow
    from steelyard_server.web.call import Call

__all__ = ["add_schedule", "list_schedules", "show_schedule", "switch_off", "switch_on"]

_NO_SCHEDULE: Final = "there is no such schedule in the token's project"


async def add_schedule(call: Call) -> Response:
    """201 with the schedule's number; 400 for what cannot be scheduled."""
    from starlette.concurrency import run_in_threadpool

    if not is_json(call):
        return problem_reply(415, "a schedule is asked for in JSON: send Content-Type: application/json")
    asked = body_of(await call.request.body(), ScheduleRequest, "schedule")
    return await run_in_threadpool(_add, call, asked)


def _add(call: Call, asked: ScheduleRequest) -> Response:
    with call.platform.pool.connection() as connection:
        number = schedule_acts.add_schedule(
            connection, call.caller, call.membership.project, asked.name, asked.cron, asked.zone, asked.asks,
            call.facts, priority=asked.priority,
        )  # fmt: skip
    return json_reply(201, msgspec.to_builtins(ScheduleAdded(schedule=number)))


def list_schedules(call: Call) -> Response:
    """All of the project, by name."""
    with reading(call.platform.pool) as connection:
        found = schedule_acts.schedules_shown(connection, call.caller, call.membership.project)
        names = names_of(connection, [each.made_by for each in found])
    items = ScheduleList(schedules=[ScheduleItem(**_item(each, names)) for each in found])
    return json_reply(200, msgspec.to_builtins(items))


def show_schedule(call: Call) -> Response:
    """A schedule with its last looks."""
    try:
        with reading(call.platform.pool) as connection:
            found = schedule_acts.schedule_shown(
                connection, call.caller, call.membership.project, call.number("schedule")
            )
            names = names_of(connection, [found.row.made_by])
    except Missing:
        return problem_reply(404, _NO_SCHEDULE)
    detail = ScheduleDetail(**_item(found.row, names), looks=[_look(call, each) for each in found.looks])
    return json_reply(200, msgspec.to_builtins(detail))


def switch_on(call: Call) -> Response:
    """409 where it is on."""
    return _switch(call, on=True)


def switch_off(call: Call) -> Response:
    """409 where it is off."""
    return _switch(call, on=False)


def _switch(call: Call, *, on: bool) -> Response:
    try:
        with call.platform.pool.connection() as connection:
            is_changed = schedule_acts.switch(
                connection, call.caller, call.membership.project, call.number("schedule"), call.facts, on=on
            )
    except Missing:
        return problem_reply(404, _NO_SCHEDULE)
    return (
        show_schedule(call) if is_changed else problem_reply(409, f"this schedule is {'on' if on else 'off'} already")
    )


def _item(row: ScheduleRow, names: dict[int, str]) -> dict[str, Any]:
    return {
        "schedule": row.id,
        "name": row.name,
        "cron": row.cron,
        "zone": row.zone,
        "kind": row.kind,
        "endpoint": row.endpoint or None,
        "model": row.model,
        "priority": row.priority,
        "on": row.is_on,
        "next_at": row.next_at if row.is_on else None,
        "made_by": names.get(row.made_by, ""),
        "created_at": row.created_at,
    }


def _look(call: Call, row: LookRow) -> LookItem:
    return LookItem(
        due_at=row.due_at,
        job=row.last,
        state=row.state,  # type: ignore[arg-type]
        reason=one_line(row.reason, 600),
        alerts=[one_line(each, 600) for each in row.alerts()],
        seal=row.seal,
        url=None if row.seal is None else page_address(call, row.seal),
        verdict=word_of(row.verdict or ""),
        exit=row.exit,  # type: ignore[arg-type]
        ended_at=row.ended_at,
    )
