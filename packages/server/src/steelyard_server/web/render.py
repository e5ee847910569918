"""Pages: templates that share the reports' look, escaped throughout; those that change by themselves use htmx.

Without scripts they load themselves again, or are loaded again by hand.
"""

from __future__ import annotations

import functools
import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from steelyard_server.access.secrets import form_key
from steelyard_server.web.cookies import FORM_SECONDS, form_cookie_of, set_form_cookie

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard_server.web.call import Call

__all__ = [
    "PACKAGE",
    "answer_to_poll",
    "missing_page",
    "page",
    "problem_page",
    "script",
    "script_address",
    "style",
    "style_address",
]

PACKAGE: Final = "steelyard_server.pages"
_HTMX: Final = "htmx-2.0.11.min.js"  # 0BSD, from npm's htmx.org, as it is there


def page(call: Call, name: str, status: int = 200, /, **values: Any) -> Response:
    """A page from a template of :mod:`steelyard_server.pages`; ``key`` goes into each of its forms."""
    from starlette.responses import HTMLResponse

    from steelyard.reports.jinja import template

    text = template(name, PACKAGE).render(
        caller=call.caller, key=form_key(call.cookie) if call.cookie else "", style=style_address(),
        script=script_address(), here=call.request.url.path, single_sign_on=bool(call.platform.settings.oidc), **values,
    )  # fmt: skip
    reply = HTMLResponse(text, status)
    if call.cookie and call.caller.session is None and not form_cookie_of(call):
        set_form_cookie(reply, call, call.cookie, FORM_SECONDS)
    return reply


def answer_to_poll(call: Call, reply: Response) -> Response:
    """What a page that waits gets when it asks again by itself: nothing as long as ``reply`` is 202, *not yet*.

    After that it is told to load itself anew, as a person would. To a person ``reply`` is the answer.
    """
    from starlette.responses import Response as Plain

    if call.request.headers.get("hx-request") != "true":
        return reply
    return Plain(status_code=204) if reply.status_code == 202 else Plain(headers={"hx-refresh": "true"})


def missing_page(call: Call) -> Response:
    """What is not there, and what the caller may not see, is one and the same page."""
    return problem_page(call, 404, "there is no such page, or no role of yours reaches it")


def problem_page(call: Call, status: int, problem: str) -> Response:
    """A page that says in one line what is wrong."""
    return page(call, "problem.html.j2", status, problem=problem)


@functools.cache
def style() -> bytes:
    """The one style sheet: that of the reports, and what only these pages have."""
    from steelyard.reports.jinja import template

    return template("server.css.j2", PACKAGE).render().encode()


@functools.cache
def style_address() -> str:
    """Its address changes with it, so that it may be kept for ever."""
    return f"/static/{hashlib.sha256(style()).hexdigest()[:16]}.css"


@functools.cache
def script() -> bytes:
    """The one script of these pages, htmx: it asks for a page again, and puts what came in its place."""
    return (files(PACKAGE) / "scripts" / _HTMX).read_bytes()


@functools.cache
def script_address() -> str:
    """As :func:`style_address`."""
    return f"/static/{hashlib.sha256(script()).hexdigest()[:16]}.js"
