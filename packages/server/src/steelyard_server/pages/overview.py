"""*Overview*: what needs the reader, and what was pushed last, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from steelyard_server.jobs.needs import FAILED_DAYS
from steelyard_server.pages.needs import needs_of
from steelyard_server.pages.runs import shown_run
from steelyard_server.runs.seen import UNSEEN_DAYS
from steelyard_server.web.render import page

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard_server.web.call import Call

__all__ = ["show_overview"]

NUMBER: Final = 10


def show_overview(call: Call) -> Response:
    """What needs the caller in all of their projects, and the last runs there; how to push one where there is none."""
    projects = [each.project_id for each in call.caller.memberships]
    found = call.platform.runs.latest(projects, NUMBER)
    return page(
        call,
        "overview.html.j2",
        needs=needs_of(call),
        runs=[shown_run(each) for each in found],
        memberships=call.caller.memberships,
        address=call.platform.settings.base_url,
        failed_days=FAILED_DAYS,
        unseen_days=UNSEEN_DAYS,
    )
