"""*Runs*: all of a project, the newest first, a page at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from steelyard.records import VerdictWord
from steelyard_server.http.addresses import run_path, runs_path
from steelyard_server.pages.words import moment, verdict_class, verdict_in_words
from steelyard_server.runs.rows import Filters, ListedRun
from steelyard_server.runs.summary import KINDS
from steelyard_server.web.render import page

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard_server.web.call import Call

__all__ = ["show_runs", "shown_run"]

_VERDICTS: Final = {**{word.value: word.words for word in VerdictWord}, "none": "measured"}
_MOST: Final = 2**62


def show_runs(call: Call) -> Response:
    """One page of the list, narrowed as the address says; what it does not know it leaves out."""
    verdict, kind, before = call.query("verdict", 40), call.query("kind", 40), call.query("before", 20)
    filters = Filters(
        verdict=verdict if verdict in _VERDICTS else "",
        kind=kind if kind in KINDS else "",
        subject=call.query("subject", 200),
        before=min(int(before), _MOST) if before.isascii() and before.isdigit() else 0,
        with_withdrawn=True,
    )
    found, is_more = call.platform.runs.page(call.membership.project_id, filters)
    asked = {"verdict": filters.verdict, "kind": filters.kind, "subject": filters.subject}
    kept = {name: value for name, value in asked.items() if value}
    address = runs_path(call.membership.project)
    return page(
        call,
        "runs.html.j2",
        runs=[shown_run(each) for each in found],
        project=call.membership.project,
        address=address,
        older=address + "?" + urlencode({**kept, "before": found[-1].id}) if is_more else "",
        newest=address + "?" + urlencode(kept) if filters.before else "",
        filters=filters,
        is_narrowed=bool(kept),
        verdicts=_VERDICTS,
        kinds=KINDS,
    )


def shown_run(run: ListedRun) -> dict[str, Any]:
    """What the lists show of a run."""
    return {
        "address": run_path(run.project, run.seal),
        "project": run.project,
        "subject": run.subject,
        "kind": run.kind,
        "headline": run.headline,
        "word": verdict_in_words(run.verdict, run.kind),
        "css": verdict_class(run.verdict),
        "pushed_at": moment(run.pushed_at),
        "signed": f"signed by {run.signed_by[:16]}…" if run.signed_by else "unsigned",
        "is_open": run.verified_exit != 0,
        "is_restored": run.is_restored,
        "is_withdrawn": run.is_withdrawn,
        "taken": run.scores_taken,
    }
