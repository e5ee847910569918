"""Budgets of the token's project, and where they stand in this month: to be read, and set on the page alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from steelyard.server.api.job_records import BudgetItem, BudgetList
from steelyard.server.jobs import acts
from steelyard.server.web.replies import json_reply

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard.server.jobs.budgets import BudgetRow
    from steelyard.server.web.call import Call

__all__ = ["list_budgets"]


def list_budgets(call: Call) -> Response:
    """That for all endpoints together first, then by the endpoint's name."""
    with call.platform.pool.connection() as connection:
        found = acts.budgets_shown(connection, call.caller, call.project.project)
    return json_reply(200, msgspec.to_builtins(BudgetList(budgets=[_item(each) for each in found])))


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
