"""The operations of the HTTP API on schedules."""

from __future__ import annotations

from typing import Final

from steelyard_server.access.callers import Access, Place, Role
from steelyard_server.api import schedules
from steelyard_server.api.job_requests import EXAMPLE
from steelyard_server.api.operation import Body, Operation, Success
from steelyard_server.api.schedule_records import ScheduleAdded, ScheduleDetail, ScheduleList, ScheduleRequest

__all__ = ["SCHEDULES_PATH", "SCHEDULE_OPERATIONS"]

SCHEDULES_PATH: Final = "/api/v1/schedules"
_LOOK: Final = Access(Place.PROJECT, Role.VIEWER, scopes=("read", "run"))
_START: Final = Access(Place.PROJECT, Role.RUNNER, scopes=("run",))
_NO_SCHEDULE: Final = {404: "there is no such schedule in the token's project"}
_ONE: Final = SCHEDULES_PATH + "/{schedule:int}"

SCHEDULE_OPERATIONS: Final = (
    Operation(
        method="GET", path=SCHEDULES_PATH, access=_LOOK, handler=schedules.list_schedules,
        name="listSchedules", summary="A project's schedules, by name", about="All of them, at most 1,000.",
        successes=(Success(200, "the schedules", ScheduleList),),
    ),
    Operation(
        method="POST", path=SCHEDULES_PATH, access=_START, handler=schedules.add_schedule,
        name="addSchedule", summary="Ask the same again and again",
        about="A schedule is on from the beginning, and makes a job at each of its moments. What was missed is made up "
        "by one job, which says so.",
        body=Body(
            "What is asked, and when, at most 2 MB.", ("application/json",), record=ScheduleRequest,
            example={"name": "each Monday", "cron": "0 6 * * MON", "zone": "Europe/Berlin", "asks": EXAMPLE},
        ),
        successes=(Success(201, "added", ScheduleAdded),),
        problems={415: "the body is not said to be JSON"},
    ),
    Operation(
        method="GET", path=_ONE, access=_LOOK, handler=schedules.show_schedule,
        name="showSchedule", summary="A schedule, and its last looks",
        about="Each with its verdict, and what somebody should know of it.",
        successes=(Success(200, "the schedule", ScheduleDetail),), problems=_NO_SCHEDULE,
    ),
    *(
        Operation(
            method="POST", path=f"{_ONE}/{word}", access=_START, handler=handler,
            name=f"switchSchedule{word.capitalize()}", summary=f"Switch a schedule {word}", about=about,
            successes=(Success(200, "changed: the schedule as it is now", ScheduleDetail),),
            problems=_NO_SCHEDULE | {409: f"it is {word} already"},
        )
        for word, handler, about in (
            ("on", schedules.switch_on, "From its next moment on: what went by while it was off is not made up."),
            ("off", schedules.switch_off, "It makes no job until it is on again; one that runs goes on. There is no "
             "way to take a schedule out: its looks stay."),
        )
    ),
)  # fmt: skip
