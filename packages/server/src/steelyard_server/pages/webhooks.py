"""*Webhooks* of a project, for its admins: where programs are told what happens; and the places that are allowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from steelyard.errors import InputError
from steelyard_server.endpoints.addresses import refused_host
from steelyard_server.endpoints.own_places import own_places
from steelyard_server.events import KINDS
from steelyard_server.http.addresses import webhooks_path
from steelyard_server.http.replies import see_other
from steelyard_server.notify.form import read_kinds, read_place, read_target
from steelyard_server.notify.webhooks import OLD_SECRET_HOURS
from steelyard_server.pages.words import moment
from steelyard_server.web.render import missing_page, page

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard_server.notify.form import Target
    from steelyard_server.notify.webhooks import Attempt, Webhook
    from steelyard_server.web.call import Call

__all__ = [
    "chosen_kinds",
    "do_add",
    "do_add_place",
    "do_change",
    "do_end_old_secret",
    "do_new_secret",
    "do_retire",
    "do_retire_place",
    "do_switch",
    "do_test",
    "kinds_shown",
    "show_places",
    "show_webhook",
    "show_webhooks",
]


def show_webhooks(call: Call) -> Response:
    """The list, and the form for one more."""
    return _list_page(call)


def do_add(call: Call) -> Response:
    """Add one, and show its secret this once: the page is no redirect, so that it is in no address."""
    try:
        target = read_target(call.form.get("address", "").strip()[:2000])
        _check_address(call, target)
        kinds = read_kinds(chosen_kinds(call.form))
        number, secret = call.platform.webhooks.add(call.membership, target, kinds, call.caller, call.facts)
    except InputError as error:
        return _list_page(call, 400, problem=str(error), typed=call.form)
    return _webhook_page(call, number, secret=secret)


def show_webhook(call: Call) -> Response:
    """One webhook: what it gets, and what was sent in the last days."""
    return _webhook_page(call, call.number("webhook"))


def do_change(call: Call) -> Response:
    """Change which kinds of events it gets."""
    return _done(
        call,
        lambda number: call.platform.webhooks.change(
            call.membership, number, read_kinds(chosen_kinds(call.form)), call.caller, call.facts
        ),
    )


def do_test(call: Call) -> Response:
    """Send a test event."""
    return _done(
        call, lambda number: call.platform.webhooks.test(call.membership, number, call.caller, call.facts)
    )  # fmt: skip


def do_switch(call: Call) -> Response:
    """Switch it on or off."""
    on = call.field("on", 5) == "yes"
    return _done(
        call, lambda number: call.platform.webhooks.switch(call.membership, number, call.caller, call.facts, on=on)
    )


def do_new_secret(call: Call) -> Response:
    """Make another secret, and show it this once."""
    number = call.number("webhook")
    try:
        secret = call.platform.webhooks.new_secret(call.membership, number, call.caller, call.facts)
    except InputError as error:
        return _webhook_page(call, number, 400, problem=str(error))
    return _webhook_page(call, number, secret=secret)


def do_end_old_secret(call: Call) -> Response:
    """Let the secret that was replaced sign no more."""
    return _done(
        call, lambda number: call.platform.webhooks.end_old_secret(call.membership, number, call.caller, call.facts)
    )


def do_retire(call: Call) -> Response:
    """Take it out of use for good."""
    try:
        call.platform.webhooks.retire(call.membership, call.number("webhook"), call.caller, call.facts)
    except InputError as error:
        return _list_page(call, 400, problem=str(error))
    return see_other(webhooks_path(call.membership.project))


def show_places(call: Call) -> Response:
    """*Admin*, *Webhooks*: where the webhooks of all projects may go."""
    return _places_page(call)


def do_add_place(call: Call) -> Response:
    """Allow a place."""
    try:
        target = read_place(call.field("address", 400))
        _check_address(call, target)
        call.platform.webhook_places.add(target, call.caller, call.facts)
    except InputError as error:
        return _places_page(call, 400, problem=str(error))
    return see_other("/admin/webhooks")


def do_retire_place(call: Call) -> Response:
    """Allow a place no more."""
    call.platform.webhook_places.retire(call.number("place"), call.caller, call.facts)
    return see_other("/admin/webhooks")


def chosen_kinds(form: Mapping[str, str]) -> list[str]:
    """The kinds whose boxes are ticked: a box is a field of its own, since a form has no field twice."""
    return [name.removeprefix("kind-") for name in form if name.startswith("kind-")]


def kinds_shown(chosen: tuple[str, ...] | list[str], *, of_server: bool = False) -> list[dict[str, Any]]:
    """The boxes of a form: each kind that can be chosen there, in words, and whether it is."""
    return [
        {"name": kind.name, "words": kind.words, "is_chosen": kind.name in chosen}
        for kind in KINDS.values()
        if (kind.of_server if of_server else kind.of_project)
    ]


def _check_address(call: Call, target: Target) -> None:
    own = own_places(call.platform.settings, call.platform.database)
    if reason := refused_host(target.host, target.port, own):
        raise InputError(f"this address is not called: {reason}")


def _done(call: Call, act: Callable[[int], None]) -> Response:
    number = call.number("webhook")
    try:
        act(number)
    except InputError as error:
        return _webhook_page(call, number, 400, problem=str(error))
    return see_other(f"{webhooks_path(call.membership.project)}/{number}")


def _list_page(call: Call, status: int = 200, *, problem: str = "", typed: Mapping[str, str] | None = None) -> Response:
    project = call.membership.project
    chosen = list(KINDS) if typed is None else chosen_kinds(typed)
    return page(
        call,
        "webhooks.html.j2",
        status,
        problem=problem,
        project=project,
        path=webhooks_path(project),
        webhooks=[{"row": each, "state": _state(each)} for each in call.platform.webhooks.of_project(call.membership)],
        typed=(typed or {}).get("address", ""),
        kinds=kinds_shown(chosen),
        key_problem=call.platform.endpoints.key_file.problem(),
    )


def _webhook_page(call: Call, number: int, status: int = 200, *, problem: str = "", secret: str = "") -> Response:
    found = call.platform.webhooks.find(call.membership, number)
    if found is None:
        return missing_page(call)
    return page(
        call,
        "webhook.html.j2",
        status,
        problem=problem,
        secret=secret,
        project=call.membership.project,
        webhook=found,
        path=webhooks_path(call.membership.project),
        place=f"{webhooks_path(call.membership.project)}/{number}",
        state=_state(found),
        made_at=moment(found.made_at),
        is_on=found.disabled_at is None,
        is_clear=found.scheme == "http",
        kinds=kinds_shown(found.kinds),
        hours=OLD_SECRET_HOURS,
        attempts=_attempts_shown(call.platform.webhooks.attempts(call.membership, number)),
    )


def _places_page(call: Call, status: int = 200, *, problem: str = "") -> Response:
    listed = [{"row": each, "made": moment(each.made_at)} for each in call.platform.webhook_places.all()]
    return page(call, "webhook_places.html.j2", status, problem=problem, listed=listed)


def _state(webhook: Webhook) -> str:
    if webhook.disabled_at is not None:
        return f"off since {moment(webhook.disabled_at)}: {webhook.disabled_because}"
    if not webhook.is_allowed:
        return "on, but the server’s administrators do not allow its address any more"
    if webhook.failing_since is not None:
        return f"on, and failing since {moment(webhook.failing_since)}"
    return "on"


def _attempts_shown(attempts: list[Attempt]) -> list[dict[str, str]]:
    """Each attempt; what became of a delivery stands at its last one."""
    last: dict[str, Attempt] = {}
    for each in attempts:
        last.setdefault(each.message, each)
    return [_shown(each) | ({} if last[each.message] is each else {"state": "–"}) for each in attempts]


def _shown(attempt: Attempt) -> dict[str, str]:
    words = {"waiting": f"waits until {moment(attempt.next_at)}", "sent": "taken", "failed": "given up"}
    answer = attempt.problem or (f"taken ({attempt.status})" if attempt.at is not None else "")
    return {
        "kind": attempt.kind,
        "message": attempt.message,
        "at": moment(attempt.at or attempt.made_at),
        "attempt": str(attempt.attempt) if attempt.at is not None else "–",
        "answer": answer or "–",
        "reply": attempt.reply,
        "state": words.get(attempt.state, attempt.state),
    }
