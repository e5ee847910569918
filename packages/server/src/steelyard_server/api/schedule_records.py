"""What the HTTP API takes and gives of schedules, as frozen records."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from steelyard.records import Record
from steelyard_server.jobs.specification import AuditSpecification, RunSpecification
from steelyard_server.wire.job_records import State
from steelyard_server.wire.records import ApiRecord, Exit, Moment, Word

__all__ = ["LookItem", "ScheduleAdded", "ScheduleDetail", "ScheduleItem", "ScheduleList", "ScheduleRequest"]

Cron = Annotated[
    str, Meta(max_length=250, description="Minute, hour, day, month and weekday, as cron has them: 0 6 * * MON.")
]
Zone = Annotated[str, Meta(max_length=100, description="The place on whose clock: Europe/Berlin, or UTC.")]


class ScheduleRequest(Record, frozen=True, kw_only=True):
    """What is to be asked again and again: a schedule makes a job each time, and nothing else."""

    name: Annotated[str, Meta(min_length=1, max_length=100, description="No other schedule of the project has it.")]
    cron: Cron
    zone: Zone = "UTC"
    asks: Annotated[
        AuditSpecification | RunSpecification, Meta(description="What steelyard audit or steelyard run would be told.")
    ]
    priority: Annotated[int, Meta(ge=-100, le=100, description="That of its jobs: the highest goes first.")] = 0


class ScheduleAdded(ApiRecord, frozen=True, kw_only=True):
    """A schedule was added."""

    schedule: Annotated[int, Meta(description="Its number, which names it.")]


class ScheduleItem(ApiRecord, frozen=True, kw_only=True):
    """A schedule as it is now. What it asks never changes: another question is another schedule."""

    schedule: Annotated[int, Meta(description="Its number.")]
    name: str
    cron: Cron
    zone: Zone
    kind: Literal["audit", "run"]
    endpoint: Annotated[str | None, Meta(description="By its name; null for the model that is built in.")]
    model: str
    priority: int
    on: Annotated[bool, Meta(description="Whether it makes jobs.")]
    next_at: Annotated[
        Moment | None,
        Meta(description="The next look; in the past where it waits, for its last job's end above all; null when off."),
    ]
    made_by: Annotated[str, Meta(description="The name of the person whose jobs these are.")]
    created_at: Moment


class LookItem(ApiRecord, frozen=True, kw_only=True):
    """A look: the job that a schedule made for one of its moments, or the one that goes on with that."""

    due_at: Moment
    job: Annotated[int, Meta(description="The job that ended it, or goes on with it now.")]
    state: State
    reason: Annotated[str, Meta(description="Why that job last changed, in words.")]
    alerts: Annotated[
        list[str],
        Meta(description="What somebody should know, in words: late or missed, failed, other than the look before."),
    ]
    seal: Annotated[str | None, Meta(description="The run that it made.")]
    url: Annotated[str | None, Meta(description="That run's page, for people.")]
    verdict: Word
    exit: Exit | None
    ended_at: Moment | None


class ScheduleDetail(ScheduleItem, frozen=True, kw_only=True):
    """A schedule with its last looks."""

    looks: Annotated[list[LookItem], Meta(description="At most 50, the newest first.")]


class ScheduleList(ApiRecord, frozen=True, kw_only=True):
    """All schedules of a project, by name."""

    schedules: list[ScheduleItem]
