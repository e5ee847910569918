"""*Account*: my sessions, my tokens, my password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.errors import InputError
from steelyard_server.access.callers import SCOPES
from steelyard_server.access.passwords import LEAST_LENGTH, PasswordsBusyError, check_new_password
from steelyard_server.access.tokens import TOKEN_DAYS
from steelyard_server.pages.words import moment
from steelyard_server.web.render import page

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard_server.web.call import Call

__all__ = ["do_change_password", "do_end_session", "do_make_token", "do_revoke_token", "show_account"]


def show_account(call: Call) -> Response:
    """The page."""
    return _account_page(call)


def do_make_token(call: Call) -> Response:
    """Make a token, and show it this once: the page is no redirect, so that it is in no address."""
    days = call.field("days", 10)
    try:
        token = call.platform.tokens.make(
            call.caller,
            call.field("name", 80),
            call.field("scope", 20),
            call.field("project", 60),
            int(days) if days.isdecimal() else 0,
            call.facts,
        )
    except InputError as error:
        return _account_page(call, 400, problem=str(error))
    return _account_page(call, token=token, scope=call.field("scope", 20))


def do_revoke_token(call: Call) -> Response:
    """End a token of one's own."""
    call.platform.tokens.revoke(call.caller, call.number("token"), call.facts)
    return _again()


def do_end_session(call: Call) -> Response:
    """End a session of one's own; this one too."""
    call.platform.people.end_session(call.caller, call.number("session"), call.facts)
    return _again()


def do_change_password(call: Call) -> Response:
    """Set another password; all other sessions end. Wrong old ones are counted as at the sign-in."""
    name, address = call.caller.name.casefold(), call.facts.address
    new = call.form.get("new", "")
    try:
        if call.platform.attempts.seconds_to_wait(name, address):
            raise InputError("too many attempts: try again in a quarter of an hour")
        check_new_password(new, call.form.get("again", ""), call.caller.name)
        call.platform.attempts.note_failure(name, address)
        call.platform.people.change_password(call.caller, call.form.get("old", ""), new, call.facts)
    except InputError as error:
        return _account_page(call, 400, problem=str(error))
    except PasswordsBusyError:
        call.platform.attempts.take_back(name, address)
        raise
    call.platform.attempts.forget(name, address)
    return _account_page(call, done="The password was changed, and all other sessions have ended.")


def _account_page(
    call: Call, status: int = 200, *, problem: str = "", token: str = "", scope: str = "", done: str = ""
) -> Response:
    person = call.caller.person
    assert person is not None
    return page(
        call,
        "account.html.j2",
        status,
        problem=problem,
        done=done,
        new_token=token,
        new_scope=scope,
        address=call.platform.settings.base_url,
        sessions=[
            {"id": each.id, "begun": moment(each.created_at), "ends": moment(each.expires_at), "address": each.address,
             "agent": each.agent, "is_this": each.id == call.caller.session}
            for each in call.platform.people.sessions(person)
        ],
        tokens=[
            {"id": each.id, "name": each.name, "scopes": ", ".join(each.scopes), "project": each.project,
             "made": moment(each.created_at),
             "ends": moment(each.expires_at), "used": moment(each.last_used_at), "state": each.state}
            for each in call.platform.tokens.listed(person)
        ],
        scopes=[scope for scope in SCOPES if scope != "metrics" or call.caller.is_admin],
        memberships=call.caller.memberships,
        has_password=call.platform.people.has_password(person),
        days=TOKEN_DAYS,
        least=LEAST_LENGTH,
    )  # fmt: skip


def _again() -> Response:
    from starlette.responses import RedirectResponse

    return RedirectResponse("/account", 303)
