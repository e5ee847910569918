"""What the HTTP API answers of jobs, dry runs and budgets, and which jobs may be asked for, as frozen records."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta
from msgspec import UnsetType as Unset

from steelyard.records import Record
from steelyard_server.wire.records import ApiRecord, Moment

__all__ = [
    "ApprovalThreshold",
    "BudgetItem",
    "BudgetList",
    "BudgetRequest",
    "DryRunAdded",
    "DryRunFigures",
    "DryRunRow",
    "DryRunSkipped",
    "DryRunStanding",
    "JobAdded",
    "JobChange",
    "JobDetail",
    "JobItem",
    "JobPage",
    "JobQuery",
    "State",
    "ThresholdChange",
    "ThresholdRequest",
]

State = Literal["waiting", "running", "paused", "finished", "failed", "cancelled"]
Page = Annotated[str, Meta(description="The job's page, for people.")]
Cost = Annotated[Annotated[float, Meta(ge=0, le=1e12)] | None, Meta(description="Money; null: no limit of that kind.")]
Tokens = Annotated[Annotated[int, Meta(ge=0, le=10**15 - 1)] | None, Meta(description="Null: no limit of that kind.")]
Wanted = Annotated[
    Literal["pause", "cancel"] | None, Meta(description="What its worker was told to do next; null for nothing.")
]


class JobAdded(ApiRecord, frozen=True, kw_only=True):
    """A job was added."""

    job: Annotated[int, Meta(description="Its number, which names it.")]
    page: Page


class JobItem(ApiRecord, frozen=True, kw_only=True):
    """A job as it is now."""

    job: Annotated[int, Meta(description="Its number.")]
    page: Page
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
    waits_for: Annotated[
        str | None, Meta(description="budget where one stopped it, approval where a second person must decide.")
    ]
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


class DryRunAdded(ApiRecord, frozen=True, kw_only=True):
    """A dry run was begun."""

    dry_run: Annotated[int, Meta(description="Its number, by which it is asked for.")]


class DryRunRow(ApiRecord, frozen=True, kw_only=True):
    """What one claim or measurement takes at most."""

    task: str
    claimed: Annotated[str, Meta(description="Empty where nothing is claimed.")]
    calls: int
    seconds: float
    cost: Annotated[float | None, Meta(description="At the list's prices; null where it has none.")]
    if_true: Annotated[
        int | None, Meta(description="Samples after which a decision is expected if the claim holds; null for none.")
    ]
    cannot: Annotated[
        str, Meta(description="Why no answer can confirm the claim, and what would; empty where one can.")
    ]


class DryRunSkipped(ApiRecord, frozen=True, kw_only=True):
    """What is not asked, and why."""

    task: str
    word: Annotated[str, Meta(description="The word of its verdict, such as not_testable.")]
    reason: str


class DryRunFigures(ApiRecord, frozen=True, kw_only=True):
    """What a job would take at most. A decision usually comes earlier."""

    calls: Annotated[int, Meta(description="Questions that are sent, repeats among them.")]
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    cost: Annotated[float | None, Meta(description="At the list's prices; null where it has none.")]
    needs_approval: Annotated[
        bool, Meta(description="Whether the job would wait for a second person, by the project's threshold.")
    ]
    rows: list[DryRunRow]
    skipped: list[DryRunSkipped]
    assumptions: str


class DryRunStanding(ApiRecord, frozen=True, kw_only=True):
    """A dry run: it is kept in memory for a while, and forgotten where the server is started again."""

    dry_run: Annotated[int, Meta(description="Its number.")]
    state: Literal["planning", "done", "failed"]
    problem: Annotated[str | None, Meta(description="Why it failed, in one line.")]
    figures: Annotated[DryRunFigures | None, Meta(description="Where it is done.")]


class BudgetItem(ApiRecord, frozen=True, kw_only=True):
    """What a project may spend in each month of UTC, and where that stands in this one."""

    endpoint: Annotated[str | None, Meta(description="By its name; null for all together.")]
    cost: Annotated[float | None, Meta(description="Money, in the currency of the list's prices; null: no limit.")]
    spent_cost: float
    reserved_cost: Annotated[float, Meta(description="What calls that run now may take beside that.")]
    tokens: Annotated[int | None, Meta(description="Null: no limit.")]
    spent_tokens: int
    reserved_tokens: int


class ThresholdChange(ApiRecord, frozen=True, kw_only=True):
    """A threshold that an admin asked for, and that another one decides about, since it is looser."""

    change: Annotated[int, Meta(description="Its number, by which it is approved or refused.")]
    cost: Annotated[
        float | None, Meta(description="Money, in the currency of the list's prices; null: no threshold in money.")
    ]
    tokens: Annotated[int | None, Meta(description="Null: no threshold in tokens.")]
    asked_by: str
    asked_at: Moment


class ApprovalThreshold(ApiRecord, frozen=True, kw_only=True):
    """What one person may have a job spend alone: one that may take more waits for a second person."""

    cost: Annotated[
        float | None, Meta(description="Money, in the currency of the list's prices; null: no threshold in money.")
    ]
    tokens: Annotated[int | None, Meta(description="Null: no threshold in tokens.")]
    waiting: Annotated[
        ThresholdChange | None, Meta(description="What would take its place; null where nothing waits.")
    ] = None


class BudgetList(ApiRecord, frozen=True, kw_only=True):
    """All budgets of a project, and its threshold."""

    budgets: list[BudgetItem]
    approval: ApprovalThreshold


class BudgetRequest(Record, frozen=True, kw_only=True):
    """A budget to be set, in the place of the one that is there."""

    endpoint: Annotated[str, Meta(max_length=80, description="By its name; empty for all together.")] = ""
    cost: Cost = None
    tokens: Tokens = None


class ThresholdRequest(Record, frozen=True, kw_only=True):
    """A threshold to be set; with neither, nothing needs a second person."""

    cost: Cost = None
    tokens: Tokens = None
