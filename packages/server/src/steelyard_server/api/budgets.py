"""Budgets of the token's project, where they stand in this month, and above which amount a second person is needed."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

import msgspec

from steelyard.records import Record
from steelyard.util.text import one_line
from steelyard_server.api.bodies import body_of, is_json
from steelyard_server.database.reading import reading
from steelyard_server.http.replies import json_reply, problem_reply
from steelyard_server.jobs import acts, thresholds
from steelyard_server.jobs.membership import Missing
from steelyard_server.wire.job_records import (
    ApprovalThreshold,
    BudgetItem,
    BudgetList,
    BudgetRequest,
    ThresholdChange,
    ThresholdRequest,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response

    from steelyard_server.jobs.budgets import BudgetRow
    from steelyard_server.web.call import Call

__all__ = ["approve_threshold", "list_budgets", "refuse_threshold", "set_budget", "set_threshold"]

_Asked = TypeVar("_Asked", bound=Record)


def list_budgets(call: Call) -> Response:
    """That for all endpoints together first, then by the endpoint's name."""
    project = call.membership.project
    with reading(call.platform.pool) as connection:
        found = acts.budgets_shown(connection, call.caller, project)
        threshold = thresholds.threshold_shown(connection, call.caller, project)
        waiting = thresholds.waiting_change(connection, call.caller, project)
    budgets = BudgetList(
        budgets=[_item(each) for each in found],
        approval=ApprovalThreshold(
            cost=_plain(threshold.cost),
            tokens=threshold.tokens,
            waiting=None
            if waiting is None
            else ThresholdChange(
                change=waiting.id,
                cost=_plain(waiting.asked.cost),
                tokens=waiting.asked.tokens,
                asked_by=one_line(waiting.name, 100),
                asked_at=waiting.asked_at,
            ),
        ),
    )
    return json_reply(200, msgspec.to_builtins(budgets))


async def set_budget(call: Call) -> Response:
    """All budgets as they are then; 400 for an endpoint that there is not."""

    def change(asked: BudgetRequest) -> None:
        with call.platform.pool.connection() as connection:
            acts.change_budget(
                connection, call.caller, call.membership.project, asked.endpoint, call.facts, cost=_exact(asked.cost),
                tokens=asked.tokens,
            )  # fmt: skip

    return await _set(call, BudgetRequest, "budget", change)


async def set_threshold(call: Call) -> Response:
    """All budgets as they are then, with the threshold; what waits for another admin stands beside it."""

    def change(asked: ThresholdRequest) -> None:
        with call.platform.pool.connection() as connection:
            thresholds.change_threshold(
                connection,
                call.caller,
                call.membership.project,
                call.facts,
                cost=_exact(asked.cost),
                tokens=asked.tokens,
            )

    return await _set(call, ThresholdRequest, "threshold", change)


def approve_threshold(call: Call) -> Response:
    """409 where it does not wait for that; 403 for whoever asked for it."""
    return _decided(call, is_approved=True)


def refuse_threshold(call: Call) -> Response:
    """409 where it does not wait for that."""
    return _decided(call, is_approved=False)


def _decided(call: Call, *, is_approved: bool) -> Response:
    try:
        with call.platform.pool.connection() as connection:
            is_decided = thresholds.decide_threshold(
                connection, call.caller, call.membership.project, call.number("change"), call.facts,
                is_approved=is_approved,
            )  # fmt: skip
    except Missing:
        return problem_reply(404, "there is no such change of the threshold in the token's project")
    if not is_decided:
        return problem_reply(409, "somebody has decided about this threshold, or asked for another one")
    return list_budgets(call)


async def _set(call: Call, kind: type[_Asked], words: str, change: Callable[[_Asked], None]) -> Response:
    from starlette.concurrency import run_in_threadpool

    if not is_json(call):
        return problem_reply(415, f"a {words} is set by JSON: send Content-Type: application/json")
    asked = body_of(await call.request.body(), kind, words)

    def changed() -> Response:
        change(asked)
        return list_budgets(call)

    return await run_in_threadpool(changed)


def _plain(cost: Decimal | None) -> float | None:
    return None if cost is None else float(cost)


def _exact(cost: float | None) -> Decimal | None:
    """The number as it was written."""
    return None if cost is None else Decimal(repr(cost))


def _item(row: BudgetRow) -> BudgetItem:
    return BudgetItem(
        endpoint=row.endpoint or None,
        cost=_plain(row.cost),
        spent_cost=float(row.spent_cost),
        reserved_cost=float(row.reserved_cost),
        tokens=row.tokens,
        spent_tokens=int(row.spent_tokens),
        reserved_tokens=int(row.reserved_tokens),
    )
