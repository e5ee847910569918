"""*Endpoints*: where models are served, for administrators: add, change, give a key, try, retire."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from steelyard.errors import InputError
from steelyard.models.address import PROVIDERS
from steelyard_server.endpoints.addresses import refused_host
from steelyard_server.endpoints.form import MAX_KEY, NewEndpoint, Terms, read_endpoint, read_terms
from steelyard_server.endpoints.own_places import own_places
from steelyard_server.endpoints.trying import SECONDS, try_endpoint
from steelyard_server.pages.words import moment
from steelyard_server.web.render import page, problem_page

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard_server.endpoints.addresses import OwnPlaces
    from steelyard_server.endpoints.rows import Endpoint
    from steelyard_server.endpoints.worker import Tried
    from steelyard_server.web.call import Call

__all__ = [
    "do_add",
    "do_change",
    "do_forget_key",
    "do_retire",
    "do_set_key",
    "do_try",
    "show_endpoint",
    "show_endpoints",
]


def show_endpoints(call: Call) -> Response:
    """The list, and the form for one more."""
    return _list_page(call)


def do_add(call: Call) -> Response:
    """Add one; where the address may not be called, that is said now, and not only when it is called."""
    try:
        new = read_endpoint(call.field("name", 80), call.field("kind", 40), call.field("address", 400), _terms(call))
        _check_address(call, new)
        number = call.platform.endpoints.add(new, call.caller, call.facts)
    except InputError as error:
        return _list_page(call, 400, problem=str(error), typed=call.form)
    return _to(number)


def show_endpoint(call: Call) -> Response:
    """One endpoint: what is known of it, and what can be done with it."""
    return _endpoint_page(call)


def do_change(call: Call) -> Response:
    """Change models, calls at once and prices."""
    try:
        call.platform.endpoints.change(_number(call), _terms(call), call.caller, call.facts)
    except InputError as error:
        return _endpoint_page(call, 400, problem=str(error), typed=call.form)
    return _to(_number(call))


def do_set_key(call: Call) -> Response:
    """Keep a key; the page never shows it again."""
    try:
        call.platform.endpoints.set_key(_number(call), call.form.get("secret", "").strip(), call.caller, call.facts)
    except InputError as error:
        return _endpoint_page(call, 400, problem=str(error))
    return _to(_number(call))


def do_forget_key(call: Call) -> Response:
    """Delete its key."""
    call.platform.endpoints.forget_key(_number(call), call.caller, call.facts)
    return _to(_number(call))


def do_retire(call: Call) -> Response:
    """Take it out of use for good."""
    call.platform.endpoints.retire(_number(call), call.caller, call.facts)
    return _to(_number(call))


def do_try(call: Call) -> Response:
    """Look at a model of it now, and show what was found."""
    try:
        endpoint, key = call.platform.endpoints.use(_number(call), "try-endpoint", call.caller, call.facts)
        model = call.field("model", 200)
        if model not in endpoint.models:
            raise InputError("this model is not in the list of this endpoint")
        tried = try_endpoint(endpoint, model, key, _own(call))
    except InputError as error:
        return _endpoint_page(call, 400, problem=str(error))
    return _endpoint_page(call, problem=tried.problem, tried=None if tried.problem else tried, model=model)


def _own(call: Call) -> OwnPlaces:
    return own_places(call.platform.settings, call.platform.database)


def _check_address(call: Call, new: NewEndpoint) -> None:
    if reason := refused_host(new.host, new.port, _own(call)):
        raise InputError(f"this address is not called: {reason}")


def _terms(call: Call) -> Terms:
    return read_terms(
        call.form.get("models", "")[:30_000], call.field("concurrency", 10), call.field("price_in", 20),
        call.field("price_out", 20),
    )  # fmt: skip


def _list_page(call: Call, status: int = 200, *, problem: str = "", typed: Mapping[str, str] | None = None) -> Response:
    return page(
        call,
        "endpoints.html.j2",
        status,
        problem=problem,
        typed=_typed(typed or {"concurrency": "8"}),
        kinds=[*PROVIDERS],
        endpoints=[{"row": each, "key": _key_words(each)} for each in call.platform.endpoints.all()],
        key_problem=call.platform.endpoints.key_file.problem(),
    )


def _endpoint_page(
    call: Call,
    status: int = 200,
    *,
    problem: str = "",
    typed: Mapping[str, str] | None = None,
    tried: Tried | None = None,
    model: str = "",
) -> Response:
    found = call.platform.endpoints.find(_number(call))
    if found is None:
        return problem_page(call, 404, "there is no such endpoint")
    typed = typed or {
        "models": "\n".join(found.models), "concurrency": str(found.concurrency), "price_in": _price(found.price_in),
        "price_out": _price(found.price_out),
    }  # fmt: skip
    return page(
        call,
        "endpoint.html.j2",
        status,
        problem=problem,
        endpoint=found,
        typed=_typed(typed),
        made_at=moment(found.made_at),
        retired_at=moment(found.retired_at) if found.retired_at else "",
        key_words=_key_words(found),
        key_set=found.key_set_at is not None,
        is_unreadable=found.name in call.platform.endpoints.unreadable(),
        is_clear=found.scheme == "http",
        most=MAX_KEY,
        seconds=f"{SECONDS:g}",
        tried=tried,
        model=model,
    )


def _typed(found: Mapping[str, str]) -> dict[str, str]:
    """What the fields hold: what was typed, and never a key."""
    names = ("name", "kind", "address", "models", "concurrency", "price_in", "price_out")
    return {name: found.get(name, "") for name in names}


def _key_words(endpoint: Endpoint) -> str:
    return f"set {moment(endpoint.key_set_at)}" if endpoint.key_set_at else "none"


def _price(price: Decimal | None) -> str:
    return "" if price is None else format(price.normalize(), "f")


def _number(call: Call) -> int:
    return min(int(call.request.path_params["endpoint"]), 2**62)


def _to(number: int) -> Response:
    from starlette.responses import RedirectResponse

    return RedirectResponse(f"/admin/endpoints/{number}", 303)
