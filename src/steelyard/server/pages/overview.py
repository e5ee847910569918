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
    """The last runs; how to push one where there is none."""
    found = call.platform.runs.latest(NUMBER + 1)
    return page(
        call,
        "overview.html.j2",
        runs=[shown_run(each) for each in found[:NUMBER]],
        is_more=len(found) > NUMBER,
        address=call.platform.settings.base_url,
    )
