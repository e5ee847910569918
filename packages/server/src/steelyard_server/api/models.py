"""Models of the token's project, as its page *Models* has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from steelyard.util.text import one_line
from steelyard_server.api.queries import query_of
from steelyard_server.api.runs import run_item
from steelyard_server.http.replies import json_reply
from steelyard_server.runs.models import ModelRow, models_page
from steelyard_server.wire.records import CallsTaken, ModelItem, ModelPage, ModelQuery

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard_server.web.call import Call

__all__ = ["list_models"]


def list_models(call: Call) -> Response:
    """A page of models, by name."""
    query = query_of(call, ModelQuery)
    after = one_line(query.after, 300)
    found, more = models_page(call.platform.pool, call.membership.project_id, after, query.limit)
    page = ModelPage(models=[_item(call, each) for each in found], next=more or None)
    return json_reply(200, msgspec.to_builtins(page))


def _item(call: Call, row: ModelRow) -> ModelItem:
    taken = row.taken
    checks = {kind: run_item(call, run) for kind, run in row.checks.items()}
    return ModelItem(
        subject=row.subject,
        last=run_item(call, row.last),
        taken=CallsTaken(
            tasks=[*taken.tasks], right=taken.right, asked=taken.asked, calls=taken.calls, tokens=taken.tokens,
            cost=taken.cost,
        ),
        audit=checks.get("audit"),
        identity=checks.get("identity"),
        gate=checks.get("gate"),
    )  # fmt: skip
