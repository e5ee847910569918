"""Signing in by the identity provider: the way there, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from steelyard.errors import InputError
from steelyard_server.access.people import SESSION_HOURS, NoAccessError
from steelyard_server.http.facts import place_of
from steelyard_server.oidc.handshake import HANDSHAKE_SECONDS, Handshake, begin_handshake, read_handshake
from steelyard_server.oidc.id_token import IdTokenError
from steelyard_server.oidc.provider import Provider, ProviderError, SignedIn
from steelyard_server.oidc.settings import callback_url
from steelyard_server.pages.sign_in import own_path, sign_in_page, signed_in, too_many
from steelyard_server.web.cookies import (
    drop_hint_cookie,
    drop_provider_cookie,
    hint_cookie_of,
    provider_cookie_of,
    set_hint_cookie,
    set_provider_cookie,
)

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard_server.web.call import Call

__all__ = ["finish_sign_in", "sign_out_there", "start_sign_in"]

_DOWN: Final = (
    "The identity provider does not answer as it should. Try again in a minute; who has a password of this server can "
    "sign in with it meanwhile. The server's log says more."
)
_STILL_THERE: Final = (
    "You are signed out here. The identity provider does not answer as it should, so you may still be signed in there: "
    "close this browser, or sign out at the provider yourself."
)
_STALE: Final = (
    "This sign-in began in another browser, under another address, or more than ten minutes ago: begin again."
)
_MAX_CODE: Final = 4000


async def start_sign_in(call: Call) -> Response:
    """Send the browser to the provider, with a cookie to which the answer is held."""
    from starlette.responses import RedirectResponse

    provider = call.platform.provider
    if provider is None:
        return sign_in_page(call, 404, problem=_NONE)
    handshake = begin_handshake(own_path(call.query("next", 400)))
    try:
        address = await provider.address(handshake, callback_url(call.platform.settings.base_url))
    except ProviderError as error:
        _log(call, error)
        return sign_in_page(call, 503, problem=_DOWN)
    reply = RedirectResponse(address, 303)
    reply.headers["referrer-policy"] = "no-referrer"
    set_provider_cookie(reply, call, handshake.cookie, HANDSHAKE_SECONDS)
    return reply


async def sign_out_there(call: Call) -> Response:
    """Send a browser that has no session here any more to where the provider signs it out; else to our own form."""
    from starlette.responses import RedirectResponse

    provider, form = call.platform.provider, f"{call.platform.settings.base_url}/sign-in"
    if provider is None:
        return RedirectResponse("/sign-in", 303)
    try:
        address = await provider.sign_out_address(form, hint_cookie_of(call))
    except ProviderError as error:
        _log(call, error)
        return sign_in_page(call, 503, problem=_STILL_THERE)
    reply = RedirectResponse(address or "/sign-in", 303)
    reply.headers["referrer-policy"] = "no-referrer"
    drop_hint_cookie(reply, call)
    return reply


async def finish_sign_in(call: Call) -> Response:
    """The browser is back, with a code of the provider's. Each try counts as a failed one, until it is not."""
    platform, address = call.platform, call.facts.address
    if platform.provider is None:
        return sign_in_page(call, 404, problem=_NONE)
    if wait := platform.attempts.seconds_to_wait("", address):
        return too_many(call, wait)
    platform.attempts.note_failure("", address)
    reply = await _finish(call, platform.provider)
    drop_provider_cookie(reply, call)
    reply.headers["referrer-policy"] = "no-referrer"  # the address has the code
    return reply


async def _finish(call: Call, provider: Provider) -> Response:
    from starlette.concurrency import run_in_threadpool

    platform, handshake = call.platform, read_handshake(provider_cookie_of(call))
    try:
        found = await _asked(call, provider, handshake)
    except _RefusedError as error:
        return await run_in_threadpool(_refused, call, str(error), error.problem, error.status)
    except ProviderError as error:
        _log(call, error)
        return await run_in_threadpool(_refused, call, "the provider does not answer as it should", _DOWN, 503)
    except IdTokenError as error:
        problem = f"The identity provider's word does not hold: {error}."
        return await run_in_threadpool(_refused, call, str(error), problem, 403)
    assert handshake is not None
    try:
        secret = await run_in_threadpool(
            platform.identities.sign_in, found.person.subject, found.person.name, found.groups, call.facts, call.agent
        )
    except InputError as error:
        platform.metrics.count_sign_in("refused")
        if isinstance(error, NoAccessError):
            platform.attempts.forget("", call.facts.address)
        return sign_in_page(call, 403, problem=str(error))
    platform.attempts.forget("", call.facts.address)
    platform.metrics.count_sign_in("accepted")
    reply = signed_in(call, secret, own_path(handshake.next_page))
    set_hint_cookie(reply, call, found.token, SESSION_HOURS * 3600)
    return reply


class _RefusedError(Exception):
    """What came back is not an answer to a sign-in of this browser; ``problem`` is for the person."""

    def __init__(self, reason: str, problem: str, status: int = 403) -> None:
        super().__init__(reason)
        self.problem = problem
        self.status = status


async def _asked(call: Call, provider: Provider, handshake: Handshake | None) -> SignedIn:
    answer = call.request.query_params
    if handshake is None or not handshake.is_state(answer.get("state", "")):
        raise _RefusedError("no such sign-in in this browser (state)", _STALE)
    if answer.get("iss", provider.issuer) != provider.issuer:
        raise _RefusedError("the answer is another provider's (iss)", "Another provider answered: begin again.")
    code = answer.get("code", "")
    if "error" in answer or not code:
        raise _RefusedError("the provider let nobody in", "The identity provider did not let you in: begin again.")
    if len(code) > _MAX_CODE:
        raise _RefusedError("no code", _STALE)
    return await provider.signed_in(code, handshake, callback_url(call.platform.settings.base_url))


def _refused(call: Call, reason: str, problem: str, status: int) -> Response:
    call.platform.metrics.count_sign_in("refused")
    call.platform.identities.note_refused(reason, call.facts)
    return sign_in_page(call, status, problem=problem)


def _log(call: Call, error: ProviderError) -> None:
    """Administrators read why; the text is ours, with the name of a host."""
    request = call.facts.request_id
    call.platform.log.write("warning", "single sign-on", problem=str(error), place=place_of(error), request=request)


_NONE: Final = "No identity provider is configured on this server."
