"""The operations of the HTTP API on jobs and their budgets."""

from __future__ import annotations

from typing import Final

from steelyard.server.access.callers import Access, Place, Role
from steelyard.server.api import budgets, jobs
from steelyard.server.api.job_records import BudgetList, JobAdded, JobDetail, JobPage, JobQuery, JobRequest
from steelyard.server.api.operation import Body, Operation, Success

__all__ = ["JOBS_PATH", "JOB_OPERATIONS", "MAX_JOB"]

JOBS_PATH: Final = "/api/v1/jobs"
MAX_JOB: Final = 2 << 20  # bytes of JSON; what is asked may have half of it
_LOOK: Final = Access(Place.PROJECT, Role.VIEWER, scopes=("read", "run"))
_START: Final = Access(Place.PROJECT, Role.RUNNER, scopes=("run",))
_NO_JOB: Final = {404: "there is no such job in the token's project"}
_ONE: Final = JOBS_PATH + "/{job:int}"

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
        body=Body("What is asked, at most 2 MB.", ("application/json",), record=JobRequest),
        successes=(Success(201, "added", JobAdded),),
        problems={415: "the body is not said to be JSON"},
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
    Operation(
        method="POST", path=f"{_ONE}/retry", access=_START, handler=jobs.retry_job,
        name="retryJob", summary="Go on with a job that failed or was cancelled",
        about="By a new job. What was answered is not asked again.",
        successes=(Success(201, "added", JobAdded),), problems=_NO_JOB,
    ),
    Operation(
        method="GET", path="/api/v1/budgets", access=_LOOK, handler=budgets.list_budgets,
        name="listBudgets", summary="What a project may spend in a month",
        about="And what it has spent in this one. Admins of the project set budgets on its page: no token does, so "
        "that none which spends can give itself more.",
        successes=(Success(200, "the budgets", BudgetList),),
    ),
)  # fmt: skip
