"""*Overview*: what was pushed last, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from steelyard.server.pages.runs import shown_run
from steelyard.server.web.render import page

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard.server.web.call import Call

__all__ = ["show_overview"]

NUMBER: Final = 10


def show_overview(call: Call) -> Response:
    """The last runs of all projects that the caller may see; how to push one where there is none."""
    projects = [each.project_id for each in call.caller.memberships]
    found = call.platform.runs.latest(projects, NUMBER)
    return page(
        call,
        "overview.html.j2",
        runs=[shown_run(each) for each in found],
        memberships=call.caller.memberships,
        address=call.platform.settings.base_url,
    )
