"""The style sheet and the script, each by an address that changes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard_server.web.render import problem_page, script, script_address, style, style_address

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard_server.web.call import Call

__all__ = ["show_file"]


def show_file(call: Call) -> Response:
    """The sheet and the script that this version has, and no others."""
    from starlette.responses import Response

    kinds = {style_address(): (style, "text/css"), script_address(): (script, "text/javascript")}
    found = kinds.get(call.request.url.path)
    if found is None:
        return problem_page(call, 404, "there is no such page")
    content, kind = found
    headers = {"cache-control": "public, max-age=31536000, immutable"}
    return Response(content(), media_type=kind, headers=headers)
