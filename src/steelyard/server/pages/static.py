"""The style sheet, by an address that changes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.server.web.render import problem_page, style, style_address

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard.server.web.call import Call

__all__ = ["show_style"]


def show_style(call: Call) -> Response:
    """The sheet that this version has, and no other."""
    from starlette.responses import Response

    if call.request.url.path != style_address():
        return problem_page(call, 404, "there is no such page")
    headers = {"cache-control": "public, max-age=31536000, immutable"}
    return Response(style(), media_type="text/css", headers=headers)
