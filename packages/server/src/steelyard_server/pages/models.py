"""*Models*: what a project's runs are about, what was last found of each model, and what verdicts and answers took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from steelyard_server.http.addresses import models_path, runs_path
from steelyard_server.pages.costs import NOTHING, right_answer_cost, verdict_cost
from steelyard_server.pages.runs import shown_run
from steelyard_server.runs.models import CHECKS, ModelRow, models_page
from steelyard_server.web.render import page

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard_server.web.call import Call

__all__ = ["show_models"]

_HEADINGS: Final = {"audit": "Vendor’s claims", "identity": "Same file", "gate": "Our own bar"}


def show_models(call: Call) -> Response:
    """One page of the list, by name."""
    project, after = call.membership.project, call.query("after", 300)
    found, more = models_page(call.platform.pool, call.membership.project_id, after)
    address = models_path(project)
    return page(
        call,
        "models.html.j2",
        models=[_shown(each) for each in found],
        checks=[(kind, _HEADINGS[kind]) for kind in CHECKS],
        project=project,
        next_page=f"{address}?{urlencode({'after': more})}" if more else "",
        first_page=address if after else "",
        has_prices=any(each.taken.cost is not None for each in found),
    )


def _shown(row: ModelRow) -> dict[str, Any]:
    return {
        "subject": row.subject,
        "address": f"{runs_path(row.last.project)}?{urlencode({'subject': row.subject})}",
        "last": shown_run(row.last),
        "checks": {kind: shown_run(run) for kind, run in row.checks.items()},
        "right": f"{row.taken.right:,} of {row.taken.asked:,}" if row.taken.asked else "",
        "tasks": ", ".join(row.taken.tasks),
        "price": right_answer_cost(row.taken),
        "verdict_price": NOTHING if row.audited is None else verdict_cost(row.audited),
    }
