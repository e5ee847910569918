"""*Mail*: on *Account* where a person gets it and of what; on *Admin* the server by which it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from steelyard.errors import InputError
from steelyard_server.endpoints.own_places import own_places
from steelyard_server.notify.form import read_kinds
from steelyard_server.notify.mail_choices import CODES_A_DAY
from steelyard_server.notify.mail_server import SECURITY, read_mail_server
from steelyard_server.notify.smtp import Letter, check_address, send_letters
from steelyard_server.pages.webhooks import chosen_kinds, kinds_shown
from steelyard_server.pages.words import moment
from steelyard_server.web.render import page

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard_server.web.call import Call

__all__ = [
    "do_choose",
    "do_confirm",
    "do_forget",
    "do_set_address",
    "do_set_server",
    "do_switch_off",
    "do_test",
    "show_account_mail",
    "show_admin_mail",
]

_SERVER: Mapping[str, str] = {"host": "", "port": "587", "security": "starttls", "sender": "", "username": ""}


# ── of a person ─────────────────────────────────────────────────────────────────────────────────────────────────────


def show_account_mail(call: Call) -> Response:
    """Where the person gets mail, and of what."""
    return _account_page(call)


def do_set_address(call: Call) -> Response:
    """Take an address, and send a code there: nothing else goes there before it was typed."""
    address = call.field("address", 300)
    try:
        if call.platform.mail_servers.use() is None:
            raise InputError("this server sends no mail: an administrator sets that up, under Admin, Mail")
        code = call.platform.mail_choices.ask(address, call.caller, call.facts)
        base = call.platform.settings.base_url
        text = (
            f"{call.caller.name} asked for mail of the Steelyard platform at {base} to this address.\n\n"
            f"The code: {code}\n\nType it at {base}/account/mail\n\n"
            "If it was not you, do nothing: without the code no further mail comes.\n"
        )
        _send_now(call, Letter(address, "[Steelyard] the code for this address", text))
    except InputError as error:
        return _account_page(call, 400, problem=str(error))
    return _account_page(call, done="A code was sent to this address. Type it below.")


def do_confirm(call: Call) -> Response:
    """Take the code that was sent."""
    try:
        call.platform.mail_choices.confirm(call.field("code", 100), call.caller, call.facts)
    except InputError as error:
        return _account_page(call, 400, problem=str(error))
    return _account_page(call, done="The address is confirmed.")


def do_forget(call: Call) -> Response:
    """Forget the address: no mail any more."""
    call.platform.mail_choices.forget(call.caller, call.facts)
    return _account_page(call, done="The address was deleted. No mail is sent to you any more.")


def do_choose(call: Call) -> Response:
    """Ask for kinds of events of a project, or of the server (an empty name), and for no other."""
    try:
        project = call.caller.membership(call.field("project", 60))
        if project is None and (call.field("project", 60) or not call.caller.is_admin):
            raise InputError("there is no such project, or no role of yours reaches it")
        kinds = read_kinds(chosen_kinds(call.form), least=0)
        call.platform.mail_choices.choose(project, kinds, call.caller, call.facts)
    except InputError as error:
        return _account_page(call, 400, problem=str(error))
    return _account_page(call, done="Kept.")


def _account_page(call: Call, status: int = 200, *, problem: str = "", done: str = "") -> Response:
    person = call.caller.person
    assert person is not None
    chosen = call.platform.mail_choices.chosen(person)
    groups = [
        {"name": each.project, "title": each.project, "kinds": kinds_shown(chosen.get(each.project_id, ()))}
        for each in call.caller.memberships
    ]
    if call.caller.is_admin:
        kinds = kinds_shown(chosen.get(None, ()), of_server=True)
        groups.append({"name": "", "title": "The server", "kinds": kinds})
    server = call.platform.mail_servers.row()
    return page(
        call,
        "account_mail.html.j2",
        status,
        problem=problem,
        done=done,
        address=call.platform.mail_choices.address(person),
        groups=groups,
        is_on=server is not None and server.is_on,
        codes=CODES_A_DAY,
    )


# ── of the server ───────────────────────────────────────────────────────────────────────────────────────────────────


def show_admin_mail(call: Call) -> Response:
    """The settings, without the password."""
    return _admin_page(call)


def do_set_server(call: Call) -> Response:
    """Keep the settings; the password is never shown again."""
    try:
        server = read_mail_server(
            host=call.field("host", 300), port=call.field("port", 10), security=call.field("security", 20),
            sender=call.field("sender", 300), username=call.field("username", 300),
            password=call.form.get("secret", ""),
        )  # fmt: skip
        call.platform.mail_servers.keep(server, call.caller, call.facts)
    except InputError as error:
        return _admin_page(call, 400, problem=str(error), typed=call.form)
    return _admin_page(call, done="Kept, and mail is on. Send a test mail to see whether it works.")


def do_switch_off(call: Call) -> Response:
    """Send no mail any more."""
    call.platform.mail_servers.switch_off(call.caller, call.facts)
    return _admin_page(call, done="Mail is off, and the password was deleted.")


def do_test(call: Call) -> Response:
    """Send one mail now, and say what the mail server said."""
    try:
        to = check_address(call.field("to", 300))
        base = call.platform.settings.base_url
        text = f"A test of the Steelyard platform at {base}, sent by {call.caller.name} from {base}/admin/mail\n"
        _send_now(call, Letter(to, "[Steelyard] a test", text))
    except InputError as error:
        return _admin_page(call, 400, problem=str(error))
    return _admin_page(call, done="The mail server took the test mail. Whether it arrives, the mailbox shows.")


def _send_now(call: Call, letter: Letter) -> None:
    """Send one mail while the request waits; raises InputError with what came of it."""
    server = call.platform.mail_servers.use()
    if server is None:
        raise InputError("mail is off: keep the settings of a mail server first")
    (outcome,) = send_letters(server, [letter], own_places(call.platform.settings, call.platform.database))
    if outcome.problem:
        said = f": {outcome.reply}" if outcome.reply else ""
        raise InputError(f"it was not sent: {outcome.problem}{said}")


def _admin_page(
    call: Call, status: int = 200, *, problem: str = "", done: str = "", typed: Mapping[str, str] | None = None
) -> Response:
    row = call.platform.mail_servers.row()
    if typed is None and row is not None:
        typed = {
            "host": row.host, "port": str(row.port), "security": row.security, "sender": row.sender,
            "username": row.username,
        }  # fmt: skip
    return page(
        call,
        "admin_mail.html.j2",
        status,
        problem=problem,
        done=done,
        row=row,
        set_at=moment(row.set_at) if row else "",
        typed={name: (typed or _SERVER).get(name, "") for name in _SERVER},
        security=SECURITY,
        key_problem=call.platform.endpoints.key_file.problem(),
    )
