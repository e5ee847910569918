"""Short replies: a line for programs and for what never reaches a page, and the way on after an act."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from steelyard.util.text import one_line

if TYPE_CHECKING:
    from starlette.responses import Response

__all__ = ["API", "PROBLEM_TYPE", "is_for_programs", "json_reply", "plain", "problem_reply", "refusal", "see_other"]

API: Final = "/api/"  # what every path of the HTTP API begins with
PROBLEM_TYPE: Final = "application/problem+json"


def is_for_programs(path: str) -> bool:
    """Whether a path is one of the HTTP API, where every answer is JSON and no cookie is looked at."""
    return path.startswith(API)


def plain(status: int, message: str) -> Response:
    """A line of text."""
    from starlette.responses import PlainTextResponse

    return PlainTextResponse(message + "\n", status)


def json_reply(status: int, document: Any, media_type: str = "application/json") -> Response:
    """A JSON document without infinities."""
    from starlette.responses import Response

    data = json.dumps(document, allow_nan=False, ensure_ascii=True) + "\n"
    return Response(data, status, media_type=media_type)


def problem_reply(status: int, detail: str) -> Response:
    """What is wrong in one line, as problem details (RFC 9457)."""
    document = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    return json_reply(status, document | {"detail": one_line(detail, 1000)}, PROBLEM_TYPE)


def refusal(path: str, status: int, message: str) -> Response:
    """What a layer before the routes refuses: problem details in the HTTP API, a line of text elsewhere."""
    return problem_reply(status, message) if is_for_programs(path) else plain(status, message)


def see_other(path: str) -> Response:
    """Where a browser goes on after an act, by GET: to load that page again does not repeat the act."""
    from starlette.responses import RedirectResponse

    return RedirectResponse(path, 303)
