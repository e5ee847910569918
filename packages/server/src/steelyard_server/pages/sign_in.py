"""Coming in and going out: by name and password, the first administrator and people who were invited by a link."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from steelyard.errors import InputError
from steelyard_server.access.callers import NOBODY
from steelyard_server.access.passwords import LEAST_LENGTH, PasswordsBusyError, check_new_password
from steelyard_server.access.people import SESSION_HOURS, NoAccessError, check_name
from steelyard_server.http.replies import see_other
from steelyard_server.oidc.settings import SIGN_OUT_PATH
from steelyard_server.web.cookies import drop_session_cookie, set_session_cookie
from steelyard_server.web.render import page

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard_server.web.call import Call

__all__ = [
    "do_join",
    "do_sign_in",
    "do_sign_out",
    "do_welcome",
    "own_path",
    "show_join",
    "show_sign_in",
    "show_welcome",
    "sign_in_page",
    "signed_in",
    "too_many",
]

_OWN_PATH: Final = re.compile(r"/(?:[A-Za-z0-9_-][A-Za-z0-9/_.-]{0,300})?")


def show_sign_in(call: Call) -> Response:
    """The form; who is signed in goes on."""
    if call.caller.session is not None:
        return see_other("/")
    return sign_in_page(call, next_page=own_path(call.query("next", 400)))


def do_sign_in(call: Call) -> Response:
    """A new session for the right name and password; many wrong ones have to wait."""
    platform, facts = call.platform, call.facts
    name, next_page = call.field("name", 80), own_path(call.field("next", 400))
    if wait := platform.attempts.seconds_to_wait(name.casefold(), facts.address):
        return too_many(call, wait, next_page=next_page, name=name)
    platform.attempts.note_failure(name.casefold(), facts.address)
    try:
        secret = platform.people.sign_in(name, call.form.get("password", ""), facts, call.agent)
        problem = "nobody has this name and password"
    except NoAccessError as error:
        secret, problem = None, str(error)
    except PasswordsBusyError:
        platform.attempts.take_back(name.casefold(), facts.address)
        raise
    if secret is None:
        platform.metrics.count_sign_in("refused")
        return sign_in_page(call, 403, problem=problem, next_page=next_page, name=name)
    platform.attempts.forget(name.casefold(), facts.address)
    platform.metrics.count_sign_in("accepted")
    return signed_in(call, secret, next_page)


def do_sign_out(call: Call) -> Response:
    """End the session, in the database and in the browser; who came by the identity provider goes on to that."""
    platform, person = call.platform, call.caller.person
    platform.people.sign_out(call.caller, call.facts)
    by_provider = platform.provider is not None and platform.provider.may_sign_out() and platform.identities.has(person)
    call.caller = NOBODY
    # A form's answer may not lead to another site (form-action), so a page does.
    reply = page(call, "signed_out.html.j2", address=SIGN_OUT_PATH) if by_provider else see_other("/sign-in")
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
        check_name(name)
        check_new_password(password, call.form.get("again", ""), name)
    except InputError as error:
        return _welcome_page(call, 400, problem=str(error), code=secret, name=name)
    return signed_in(call, call.platform.people.welcome(secret, name, password, call.facts, call.agent), "/")


def show_join(call: Call) -> Response:
    """The form by which somebody who was invited chooses a password; opening it uses nothing up."""
    secret = call.query("code", 100)
    name = call.platform.people.invited(secret)
    return _join_page(call, code=secret, name=name) if name else _join_page(call, 403, problem=_NOT_INVITED)


def do_join(call: Call) -> Response:
    """Set the password of somebody who was invited, and let them in."""
    secret, password = call.field("code", 100), call.form.get("password", "")
    name = call.platform.people.invited(secret)
    if not name:
        return _join_page(call, 403, problem=_NOT_INVITED)
    try:
        check_new_password(password, call.form.get("again", ""), name)
    except InputError as error:
        return _join_page(call, 400, problem=str(error), code=secret, name=name)
    try:
        return signed_in(call, call.platform.people.join(secret, password, call.facts, call.agent), "/")
    except NoAccessError as error:
        return sign_in_page(call, 403, problem=f"Your password is set, and {error}", name=name)


def too_many(call: Call, wait: float, *, next_page: str = "/", name: str = "") -> Response:
    """Somebody has to wait so many seconds."""
    call.platform.metrics.count_sign_in("limited")
    minutes = int(wait // 60) + 1
    problem = f"too many attempts: try again in {minutes} minute{'s' * (minutes > 1)}"
    reply = sign_in_page(call, 429, problem=problem, next_page=next_page, name=name)
    reply.headers["retry-after"] = str(int(wait) + 1)
    return reply


_NOT_INVITED: Final = (
    "This link was used, or is older than three days. An administrator of this server can make another."
)
_NOT_GOOD: Final = (
    "This link was used, is older than 15 minutes, or there is an administrator already. At the machine, "
    "steelyard serve admin-link prints another while there is none."
)


def _welcome_page(call: Call, status: int = 200, *, problem: str = "", code: str = "", name: str = "") -> Response:
    reply = page(call, "welcome.html.j2", status, problem=problem, code=code, name=name, least=LEAST_LENGTH)
    reply.headers["referrer-policy"] = "same-origin"  # the address has the code
    return reply


def _join_page(call: Call, status: int = 200, *, problem: str = "", code: str = "", name: str = "") -> Response:
    reply = page(call, "join.html.j2", status, problem=problem, code=code, name=name, least=LEAST_LENGTH)
    reply.headers["referrer-policy"] = "same-origin"  # the address has the code
    return reply


def sign_in_page(call: Call, status: int = 200, *, problem: str = "", next_page: str = "/", name: str = "") -> Response:
    """The form, and what went wrong."""
    return page(call, "sign_in.html.j2", status, problem=problem, next_page=next_page, name=name)


def signed_in(call: Call, secret: str, next_page: str) -> Response:
    """Give the browser its new session, and lead on."""
    reply = see_other(next_page)
    set_session_cookie(reply, call, secret, SESSION_HOURS * 3600)
    return reply


def own_path(path: str) -> str:
    """A page of ours; anything else, such as another site's, becomes the first page."""
    return path if _OWN_PATH.fullmatch(path) else "/"
