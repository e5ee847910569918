"""Dry runs: what a job would take, planned by the server while the program asks now and then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from steelyard.errors import InputError
from steelyard_server.access.callers import Access, Place, Role
from steelyard_server.api.bodies import body_of, is_json
from steelyard_server.api.job_requests import DryRunRequest
from steelyard_server.http.replies import json_reply, problem_reply
from steelyard_server.jobs import acts
from steelyard_server.jobs.specification import encode
from steelyard_server.wire.job_records import (
    DryRunAdded,
    DryRunFigures,
    DryRunRow,
    DryRunSkipped,
    DryRunStanding,
)

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard_server.jobs.dry_run_process import Figures
    from steelyard_server.web.call import Call

__all__ = ["START", "add_dry_run", "show_dry_run"]

START: Final = Access(Place.PROJECT, Role.RUNNER, scopes=("run",))
_PATIENCE_SECONDS: Final = 300.0  # where a page takes its place at the last moment


async def add_dry_run(call: Call) -> Response:
    """202 with its number; 400 for what a job may not ask."""
    if not is_json(call):
        return problem_reply(415, "a dry run is asked for in JSON: send Content-Type: application/json")
    asked = body_of(await call.request.body(), DryRunRequest, "dry run").asks
    encode(asked)  # what no job may ask is refused here, and not later
    platform, project, caller, facts = call.platform, call.membership, call.caller, call.facts
    assert caller.person is not None, "a token is a person's"

    def plan() -> Figures:
        if not platform.tokens.may_still(START, caller):  # it may have waited for minutes
            raise InputError("the token that asked for it is not valid any more, or may not do so")
        with platform.database.connect() as connection:
            connection.autocommit = True
            return acts.foresee(
                connection, caller, project.project, asked, facts, database=platform.database, data=platform.data,
                patience=_PATIENCE_SECONDS,
            )  # fmt: skip

    number = platform.dry_runs.begin(project.project_id, caller.person, plan)
    return json_reply(202, msgspec.to_builtins(DryRunAdded(dry_run=number)))


def show_dry_run(call: Call) -> Response:
    """Where it stands; 404 also where it is forgotten."""
    number = call.number("dry_run")
    found = call.platform.dry_runs.find(call.membership.project_id, number)
    if found is None:
        return problem_reply(404, "there is no such dry run in the token's project, or it is forgotten: ask once more")
    figures = _figures(found.figures) if found.is_done and found.figures is not None else None
    standing = DryRunStanding(
        dry_run=number,
        state="planning" if not found.is_done else "failed" if figures is None else "done",
        problem=found.problem if found.is_done and figures is None else None,
        figures=figures,
    )
    return json_reply(200, msgspec.to_builtins(standing))


def _figures(found: Figures) -> DryRunFigures:
    return DryRunFigures(
        calls=found.calls,
        prompt_tokens=found.prompt_tokens,
        completion_tokens=found.completion_tokens,
        seconds=found.seconds,
        cost=found.cost,
        needs_approval=found.needs_approval,
        rows=[
            DryRunRow(
                task=each.task, claimed=each.claimed, calls=each.calls, seconds=each.seconds, cost=each.cost,
                if_true=each.if_true, cannot=each.cannot,
            )
            for each in found.rows
        ],
        skipped=[DryRunSkipped(task=task, word=word, reason=reason) for task, word, reason in found.skipped],
        assumptions=found.assumptions,
    )  # fmt: skip
