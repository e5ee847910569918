"""Coming in and going out: the first administrator by a one-time link, then name and password."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from steelyard.errors import InputError
from steelyard.server.access.passwords import LEAST_LENGTH, check_new_password
from steelyard.server.access.people import SESSION_HOURS
from steelyard.server.web.cookies import drop_session_cookie, set_session_cookie
from steelyard.server.web.render import page

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard.server.web.call import Call

__all__ = ["do_sign_in", "do_sign_out", "do_welcome", "show_sign_in", "show_welcome"]

_OWN_PATH: Final = re.compile(r"/(?:[A-Za-z0-9_-][A-Za-z0-9/_.-]{0,300})?")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,79}")


def show_sign_in(call: Call) -> Response:
    """The form; who is signed in goes on."""
    if call.caller.session is not None:
        return _to("/")
    return _sign_in_page(call, next_page=_own(call.query("next", 400)))


def do_sign_in(call: Call) -> Response:
    """A new session for the right name and password; many wrong ones have to wait."""
    platform, facts = call.platform, call.facts
    name, next_page = call.field("name", 80), _own(call.field("next", 400))
    if wait := platform.attempts.seconds_to_wait(name.casefold(), facts.address):
        platform.metrics.count_sign_in("limited")
        minutes = int(wait // 60) + 1
        problem = f"too many attempts: try again in {minutes} minute{'s' * (minutes > 1)}"
        reply = _sign_in_page(call, 429, problem=problem, next_page=next_page, name=name)
        reply.headers["retry-after"] = str(int(wait) + 1)
        return reply
    platform.attempts.note_failure(name.casefold(), facts.address)
    secret = platform.people.sign_in(name, call.form.get("password", ""), facts, call.agent)
    if secret is None:
        platform.metrics.count_sign_in("refused")
        problem = "no administrator has this name and password"
        return _sign_in_page(call, 403, problem=problem, next_page=next_page, name=name)
    platform.attempts.forget(name.casefold(), facts.address)
    platform.metrics.count_sign_in("accepted")
    return _signed_in(call, secret, next_page)


def do_sign_out(call: Call) -> Response:
    """End the session, in the database and in the browser."""
    call.platform.people.sign_out(call.caller, call.facts)
    reply = _to("/sign-in")
    drop_session_cookie(reply, call)
    return reply


def show_welcome(call: Call) -> Response:
    """The form of the one-time link. Opening it uses nothing up: programs that preview links open them too."""
    secret = call.query("code", 100)
    if not call.platform.people.may_be_welcomed(secret):
        return _welcome_page(call, 403, problem=_NOT_GOOD)
    return _welcome_page(call, code=secret)


def do_welcome(call: Call) -> Response:
    """Make the first administrator."""
    secret, name = call.field("code", 100), call.field("name", 80)
    password = call.form.get("password", "")
    if not call.platform.people.may_be_welcomed(secret):
        return _welcome_page(call, 403, problem=_NOT_GOOD)
    try:
        if not _NAME.fullmatch(name):
            raise InputError("a name has letters, digits and . _ @ -, such as ada or ada@example.com")
        check_new_password(password, call.form.get("again", ""), name)
    except InputError as error:
        return _welcome_page(call, 400, problem=str(error), code=secret, name=name)
    return _signed_in(call, call.platform.people.welcome(secret, name, password, call.facts, call.agent), "/")


_NOT_GOOD: Final = (
    "This link was used, is older than 15 minutes, or there is an administrator already. At the machine, "
    "steelyard serve admin-link prints another while there is none."
)


def _welcome_page(call: Call, status: int = 200, *, problem: str = "", code: str = "", name: str = "") -> Response:
    reply = page(call, "welcome.html.j2", status, problem=problem, code=code, name=name, least=LEAST_LENGTH)
    reply.headers["referrer-policy"] = "same-origin"  # the address has the code
    return reply


def _sign_in_page(
    call: Call, status: int = 200, *, problem: str = "", next_page: str = "/", name: str = ""
) -> Response:
    return page(call, "sign_in.html.j2", status, problem=problem, next_page=next_page, name=name)


def _signed_in(call: Call, secret: str, next_page: str) -> Response:
    reply = _to(next_page)
    set_session_cookie(reply, call, secret, SESSION_HOURS * 3600)
    return reply


def _to(path: str) -> Response:
    from starlette.responses import RedirectResponse

    return RedirectResponse(path, 303)


def _own(path: str) -> str:
    """A page of ours; anything else, such as another site's, becomes the first page."""
    return path if _OWN_PATH.fullmatch(path) else "/"
