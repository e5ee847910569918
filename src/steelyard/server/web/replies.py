"""Short replies of one line, for programs and for what never reaches a page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.responses import Response

__all__ = ["json_reply", "plain"]


def plain(status: int, message: str) -> Response:
    """A line of text."""
    from starlette.responses import PlainTextResponse

    return PlainTextResponse(message + "\n", status)


def json_reply(status: int, document: Any) -> Response:
    """A JSON document without infinities."""
    from starlette.responses import Response

    data = json.dumps(document, allow_nan=False, ensure_ascii=True) + "\n"
    return Response(data, status, media_type="application/json")
