"""Readers' keys of one's own: shown to be one's own, by opening what was encrypted to them, and ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.errors import InputError
from steelyard_server.pages.words import moment
from steelyard_server.web.render import page

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard_server.web.call import Call

__all__ = ["do_ask_key", "do_confirm_key", "do_end_key", "show_readers"]


def show_readers(call: Call) -> Response:
    """The keys."""
    return _readers_page(call)


def do_ask_key(call: Call) -> Response:
    """Note a key, and show this once what only its owner can open."""
    try:
        challenge = call.platform.reader_keys.ask(call.caller, call.field("public_key", 200), call.facts)
    except InputError as error:
        return _readers_page(call, 400, problem=str(error))
    return _readers_page(call, challenge=challenge)


def do_confirm_key(call: Call) -> Response:
    """Take what was opened."""
    try:
        call.platform.reader_keys.confirm(call.caller, call.field("code", 200), call.facts)
    except InputError as error:
        return _readers_page(call, 400, problem=str(error))
    return _again()


def do_end_key(call: Call) -> Response:
    """End a key."""
    call.platform.reader_keys.end(call.caller, call.number("reader"), call.facts)
    return _again()


def _again() -> Response:
    from starlette.responses import RedirectResponse

    return RedirectResponse("/account/readers", 303)


def _readers_page(call: Call, status: int = 200, *, problem: str = "", challenge: str = "") -> Response:
    keys = call.platform.reader_keys.of(call.caller.person)
    return page(
        call,
        "account_readers.html.j2",
        status,
        problem=problem,
        challenge=challenge,
        keys=[
            {"id": each.id, "key": each.public_key, "asked": moment(each.asked_at), "shown": moment(each.confirmed_at),
             "is_shown": each.confirmed_at is not None}
            for each in keys
        ],
    )  # fmt: skip
