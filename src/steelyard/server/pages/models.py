"""*Models*: what a project's runs are about, what was last found of each model, and what a right answer took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from steelyard.server.pages.runs import shown_run
from steelyard.server.runs.models import CHECKS, ModelRow, models_page
from steelyard.server.runs.summary import Taken
from steelyard.server.web.addresses import models_path, runs_path
from steelyard.server.web.render import page

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard.server.web.call import Call

__all__ = ["price_in_words", "show_models"]

_HEADINGS: Final = {"audit": "Vendor’s claims", "identity": "Same file", "gate": "Our own bar"}


def show_models(call: Call) -> Response:
    """One page of the list, by name."""
    project, after = call.project.project, call.query("after", 300)
    found, more = models_page(call.platform.pool, call.project.project_id, after)
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


def price_in_words(taken: Taken) -> str:
    """What a right answer took: money for a thousand where prices are known, else tokens; "" if nobody counted them.

    Wrong answers are paid for, too.
    """
    if not taken.right:
        return "no right answer" if taken.calls else ""
    if taken.cost is not None:
        return f"{1000 * taken.cost / taken.right:,.2f} for 1,000"
    tokens = taken.tokens / taken.right
    return f"{tokens:,.0f} tokens each" if tokens else ""


def _shown(row: ModelRow) -> dict[str, Any]:
    return {
        "subject": row.subject,
        "address": f"{runs_path(row.last.project)}?{urlencode({'subject': row.subject})}",
        "last": shown_run(row.last),
        "checks": {kind: shown_run(run) for kind, run in row.checks.items()},
        "right": f"{row.taken.right:,} of {row.taken.asked:,}" if row.taken.asked else "",
        "tasks": ", ".join(row.taken.tasks),
        "price": price_in_words(row.taken),
    }
