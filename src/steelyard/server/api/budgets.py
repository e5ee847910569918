"""Budgets of the token's project, where they stand in this month, and above which amount a second person is needed."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

import msgspec

from steelyard.records import Record
from steelyard.server.api.bodies import body_of, is_json
from steelyard.server.api.job_records import (
    ApprovalThreshold,
    BudgetItem,
    BudgetList,
    BudgetRequest,
    ThresholdRequest,
)
from steelyard.server.database.reading import reading
from steelyard.server.jobs import acts, approving
from steelyard.server.web.replies import json_reply, problem_reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response

    from steelyard.server.jobs.budgets import BudgetRow
    from steelyard.server.web.call import Call

__all__ = ["list_budgets", "set_budget", "set_threshold"]

_Asked = TypeVar("_Asked", bound=Record)


def list_budgets(call: Call) -> Response:
    """That for all endpoints together first, then by the endpoint's name."""
    project = call.project.project
    with reading(call.platform.pool) as connection:
        found = acts.budgets_shown(connection, call.caller, project)
        threshold = approving.threshold_shown(connection, call.caller, project)
    budgets = BudgetList(
        budgets=[_item(each) for each in found],
        approval=ApprovalThreshold(
            cost=None if threshold.cost is None else float(threshold.cost), tokens=threshold.tokens
        ),
    )
    return json_reply(200, msgspec.to_builtins(budgets))


async def set_budget(call: Call) -> Response:
    """All budgets as they are then; 400 for an endpoint that there is not."""

    def change(asked: BudgetRequest) -> None:
        with call.platform.pool.connection() as connection:
            acts.change_budget(
                connection, call.caller, call.project.project, asked.endpoint, call.facts, cost=_exact(asked.cost),
                tokens=asked.tokens,
            )  # fmt: skip

    return await _set(call, BudgetRequest, "budget", change)


async def set_threshold(call: Call) -> Response:
    """All budgets as they are then, with the threshold."""

    def change(asked: ThresholdRequest) -> None:
        with call.platform.pool.connection() as connection:
            approving.change_threshold(
                connection, call.caller, call.project.project, call.facts, cost=_exact(asked.cost), tokens=asked.tokens
            )

    return await _set(call, ThresholdRequest, "threshold", change)


async def _set(call: Call, kind: type[_Asked], words: str, change: Callable[[_Asked], None]) -> Response:
    from starlette.concurrency import run_in_threadpool

    if not is_json(call):
        return problem_reply(415, f"a {words} is set by JSON: send Content-Type: application/json")
    asked = body_of(await call.request.body(), kind, words)

    def changed() -> Response:
        change(asked)
        return list_budgets(call)

    return await run_in_threadpool(changed)


def _exact(cost: float | None) -> Decimal | None:
    """The number as it was written."""
    return None if cost is None else Decimal(repr(cost))


def _item(row: BudgetRow) -> BudgetItem:
    return BudgetItem(
        endpoint=row.endpoint or None,
        cost=None if row.cost is None else float(row.cost),
        spent_cost=float(row.spent_cost),
        reserved_cost=float(row.reserved_cost),
        tokens=row.tokens,
        spent_tokens=int(row.spent_tokens),
        reserved_tokens=int(row.reserved_tokens),
    )
