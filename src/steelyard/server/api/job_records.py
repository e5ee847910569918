"""What the HTTP API takes and gives of jobs and their budgets, as frozen records."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta
from msgspec import UnsetType as Unset

from steelyard.records import Record
from steelyard.server.api.records import ApiRecord, Moment
from steelyard.server.jobs.specification import AuditSpecification, RunSpecification

__all__ = [
    "BudgetItem",
    "BudgetList",
    "JobAdded",
    "JobChange",
    "JobDetail",
    "JobItem",
    "JobPage",
    "JobQuery",
    "JobRequest",
    "State",
]

State = Literal["waiting", "running", "paused", "finished", "failed", "cancelled"]
Wanted = Annotated[
    Literal["pause", "cancel"] | None, Meta(description="What its worker was told to do next; null for nothing.")
]


class JobRequest(Record, frozen=True, kw_only=True):
    """A job to be added. It names an endpoint of the server's list and one of its models; texts are in it as texts."""

    asks: Annotated[
        AuditSpecification | RunSpecification, Meta(description="What steelyard audit or steelyard run would be told.")
    ]
    priority: Annotated[
        int, Meta(ge=-100, le=100, description="The highest goes first; one above 0 is for admins of the project.")
    ] = 0


class JobAdded(ApiRecord, frozen=True, kw_only=True):
    """A job was added."""

    job: Annotated[int, Meta(description="Its number, which names it.")]


class JobItem(ApiRecord, frozen=True, kw_only=True):
    """A job as it is now."""

    job: Annotated[int, Meta(description="Its number.")]
    kind: Literal["audit", "run", "resume"]
    state: State
    wanted: Wanted
    tasks: Annotated[list[str], Meta(description="What its sheet or request names, at most 20; empty for a retry.")]
    sheet_sha256: Annotated[str | None, Meta(description="Digest of the claim sheet's text; null for a measurement.")]
    endpoint: Annotated[str | None, Meta(description="By its name; null for the model that is built in.")]
    retries: Annotated[int | None, Meta(description="The job whose work it goes on with.")]
    priority: int
    attempt: Annotated[int, Meta(ge=0, description="How often it was started.")]
    failures: Annotated[int, Meta(ge=0, description="How many of these failed.")]
    progress: Annotated[str, Meta(description="In words.")]
    reason: Annotated[str, Meta(description="Why it last changed, in words.")]
    note: str
    waits_for: Annotated[str | None, Meta(description="budget where one stopped it.")]
    seal: Annotated[str | None, Meta(description="The run that it made.")]
    url: Annotated[str | None, Meta(description="That run's page, for people.")]
    cost: Annotated[
        float | None, Meta(description="What it spent so far, at the prices of the list; null where it has none.")
    ]
    tokens: Annotated[int | None, Meta(description="What it spent so far.")]
    created_at: Moment
    ended_at: Moment | None


class JobChange(ApiRecord, frozen=True, kw_only=True):
    """Something that happened to a job."""

    at: Moment
    attempt: int
    state: State
    wanted: Annotated[Literal["", "pause", "cancel"], Meta(description="What its worker was told; empty for nothing.")]
    actor: Annotated[str, Meta(description="Who changed it: person:3, schedule:2, worker:NAME.")]
    reason: str


class JobDetail(JobItem, frozen=True, kw_only=True):
    """A job, and what happened to it from its beginning."""

    events: list[JobChange]


class JobPage(ApiRecord, frozen=True, kw_only=True):
    """A page of a project's jobs, the newest first."""

    jobs: list[JobItem]
    next: Annotated[int | None, Meta(description="Give it as *before* for the next page; null on the last one.")]


class JobQuery(Record, frozen=True, kw_only=True):
    """Which jobs are asked for."""

    state: Annotated[State, Meta(description="Jobs in this state.")] | Unset = UNSET
    before: Annotated[int, Meta(ge=1, le=2**62, description="The *next* of the page before.")] | Unset = UNSET


class BudgetItem(ApiRecord, frozen=True, kw_only=True):
    """What a project may spend in each month of UTC, and where that stands in this one."""

    endpoint: Annotated[str | None, Meta(description="By its name; null for all together.")]
    cost: Annotated[float | None, Meta(description="Money, in the currency of the list's prices; null: no limit.")]
    spent_cost: float
    reserved_cost: Annotated[float, Meta(description="What calls that run now may take beside that.")]
    tokens: Annotated[int | None, Meta(description="Null: no limit.")]
    spent_tokens: int
    reserved_tokens: int


class BudgetList(ApiRecord, frozen=True, kw_only=True):
    """All budgets of a project."""

    budgets: list[BudgetItem]
