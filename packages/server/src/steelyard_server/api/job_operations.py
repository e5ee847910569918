"""The operations of the HTTP API on jobs and their budgets."""

from __future__ import annotations

from typing import Final

from steelyard_server.access.callers import Access, Place, Role
from steelyard_server.api import budgets, dry_runs, jobs
from steelyard_server.api.job_requests import EXAMPLE, DryRunRequest, JobRequest
from steelyard_server.api.operation import Body, Operation, Success
from steelyard_server.wire.job_records import (
    BudgetList,
    BudgetRequest,
    DryRunAdded,
    DryRunStanding,
    JobAdded,
    JobDetail,
    JobPage,
    JobQuery,
    ThresholdRequest,
)

__all__ = ["DRY_RUNS_PATH", "JOBS_PATH", "JOB_OPERATIONS", "MAX_JOB"]

JOBS_PATH: Final = "/api/v1/jobs"
DRY_RUNS_PATH: Final = "/api/v1/dry-runs"
BUDGETS_PATH: Final = "/api/v1/budgets"
MAX_JOB: Final = 2 << 20  # bytes of JSON; what is asked may have half of it
_LOOK: Final = Access(Place.PROJECT, Role.VIEWER, scopes=("read", "run", "approve"))
_START: Final = Access(Place.PROJECT, Role.RUNNER, scopes=("run",))
# Scopes of their own: a token that spends neither approves nor gives itself more.
_APPROVE: Final = Access(Place.PROJECT, Role.EDITOR, scopes=("approve",))
_DECIDE: Final = Access(Place.PROJECT, Role.ADMIN, scopes=("approve",))
_LOOK_AT_BUDGETS: Final = Access(Place.PROJECT, Role.VIEWER, scopes=("read", "run", "budget", "approve"))
_SET_BUDGETS: Final = Access(Place.PROJECT, Role.ADMIN, scopes=("budget",))
_NO_JOB: Final = {404: "there is no such job in the token's project"}
_ONE: Final = JOBS_PATH + "/{job:int}"
_NOT_JSON: Final = {415: "the body is not said to be JSON"}

JOB_OPERATIONS: Final = (
    Operation(
        method="GET", path=JOBS_PATH, access=_LOOK, handler=jobs.list_jobs, query=JobQuery,
        name="listJobs", summary="A project's jobs, the newest first", about="A page of 50 at a time.",
        successes=(Success(200, "a page of jobs", JobPage),),
    ),
    Operation(
        method="POST", path=JOBS_PATH, access=_START, handler=jobs.add_job,
        name="addJob", summary="Have the server carry out an audit or a run",
        about="A worker takes it when its turn has come; a finished run is verified and listed as a pushed one is.",
        body=Body("What is asked, at most 2 MB.", ("application/json",), record=JobRequest, example={"asks": EXAMPLE}),
        successes=(Success(201, "added", JobAdded),),
        problems=_NOT_JSON,
    ),
    Operation(
        method="GET", path=_ONE, access=_LOOK, handler=jobs.show_job,
        name="showJob", summary="A job, and what happened to it", about="With the seal of the run that it made.",
        successes=(Success(200, "the job", JobDetail),), problems=_NO_JOB,
    ),
    *(
        Operation(
            method="POST", path=f"{_ONE}/{name}", access=_START, handler=handler,
            name=f"{name}Job", summary=summary, about=about,
            successes=(Success(200, "changed: the job as it is now", JobDetail),),
            problems=_NO_JOB | {409: "the job's state does not allow it"},
        )
        for name, handler, summary, about in (
            ("pause", jobs.pause_job, "Pause a job", "Its worker stops at the next checkpoint."),
            ("resume", jobs.resume_job, "Let a paused job go on", "What was answered is not asked again."),
            ("cancel", jobs.cancel_job, "End a job for good", "What was answered stays, and retry goes on with it."),
        )
    ),
    *(
        Operation(
            method="POST", path=f"{_ONE}/{name}", access=_APPROVE, handler=handler,
            name=f"{name}Job", summary=summary,
            about="Of a job that waits for approval, since it may spend more than the project's threshold. Nobody "
            "decides about what they started: a token counts as its person.",
            successes=(Success(200, "changed: the job as it is now", JobDetail),),
            problems=_NO_JOB | {409: "the job does not wait for approval"},
        )
        for name, handler, summary in (
            ("approve", jobs.approve_job, "Let a job spend what it may, as a second person"),
            ("refuse", jobs.refuse_job, "End a job, as a second person"),
        )
    ),
    Operation(
        method="POST", path=f"{_ONE}/retry", access=_START, handler=jobs.retry_job,
        name="retryJob", summary="Go on with a job that failed or was cancelled",
        about="By a new job. What was answered is not asked again.",
        successes=(Success(201, "added", JobAdded),), problems=_NO_JOB,
    ),
    Operation(
        method="POST", path=DRY_RUNS_PATH, access=dry_runs.START, handler=dry_runs.add_dry_run,
        name="addDryRun", summary="Plan a job without adding it",
        about="The server plans it when its turn has come, within some minutes; the endpoint is asked what it can do, "
        "and no sample is sent. At most five of a person wait at a time.",
        body=Body(
            "What a job would ask, at most 2 MB.", ("application/json",), record=DryRunRequest,
            example={"asks": EXAMPLE},
        ),
        successes=(Success(202, "it is being planned: ask for it by its number", DryRunAdded),),
        problems=_NOT_JSON,
    ),
    Operation(
        method="GET", path=DRY_RUNS_PATH + "/{dry_run:int}", access=_START, handler=dry_runs.show_dry_run,
        name="showDryRun", summary="What a job would take",
        about="Questions, tokens, time and money at most, by claim.",
        successes=(Success(200, "where it stands", DryRunStanding),),
        problems={404: "there is no such dry run in the token's project, or it is forgotten"},
    ),
    Operation(
        method="GET", path=BUDGETS_PATH, access=_LOOK_AT_BUDGETS, handler=budgets.list_budgets,
        name="listBudgets", summary="What a project may spend in a month",
        about="And what it has spent in this one, and above which amount a job needs a second person.",
        successes=(Success(200, "the budgets", BudgetList),),
    ),
    Operation(
        method="POST", path=BUDGETS_PATH, access=_SET_BUDGETS, handler=budgets.set_budget,
        name="setBudget", summary="Set what a project may spend in a month",
        about="At one endpoint, or at all together. Jobs that wait for a budget are looked at again.",
        body=Body("The budget.", ("application/json",), record=BudgetRequest, example={"cost": 25.5}),
        successes=(Success(200, "set: all budgets as they are now", BudgetList),), problems=_NOT_JSON,
    ),
    Operation(
        method="POST", path=BUDGETS_PATH + "/approval", access=_SET_BUDGETS, handler=budgets.set_threshold,
        name="setApprovalThreshold", summary="Set above which amount a job needs a second person",
        about="What is stricter than before holds at once, and jobs that wait for approval are looked at again. What "
        "is looser waits for another admin of the project: it is `approval.waiting` then.",
        body=Body("The threshold.", ("application/json",), record=ThresholdRequest, example={"cost": 10}),
        successes=(Success(200, "set, or asked for: all budgets as they are now", BudgetList),), problems=_NOT_JSON,
    ),
    *(
        Operation(
            method="POST", path=BUDGETS_PATH + "/approval/{change:int}/" + name, access=_DECIDE, handler=handler,
            name=f"{name}ApprovalThreshold", summary=summary, about=about,
            successes=(Success(200, "decided: all budgets as they are now", BudgetList),),
            problems={
                404: "there is no such change of the threshold in the token's project",
                409: "it does not wait for a decision any more",
            },
        )
        for name, handler, summary, about in (
            ("approve", budgets.approve_threshold, "Let a looser threshold hold, as a second person",
             "Nobody approves what they asked for: a token counts as its person."),
            ("refuse", budgets.refuse_threshold, "Leave a threshold as it is", "Whoever asked takes it back so."),
        )
    ),
)  # fmt: skip
