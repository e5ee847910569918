"""Routes with rules: each says where, and with which role there, and one place enforces that before any handler runs.

A route cannot be declared without a rule. What is in a project has a path that names it (``{project}``), or is asked
with a token, which works in one: there is no other way to a project. A project in which the caller has no role is
answered as one that does not exist. Forms are taken from our own pages alone: by Origin (or Sec-Fetch-Site), by a
key in the form that follows from the cookie, and by the cookie's SameSite.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import quote

from steelyard.errors import InputError
from steelyard_server.access.callers import Access, Answer, Place, answer_to
from steelyard_server.access.passwords import PasswordsBusyError
from steelyard_server.access.secrets import is_form_key, new_secret
from steelyard_server.http.facts import facts_of, place_of
from steelyard_server.http.replies import is_for_programs, plain, problem_reply
from steelyard_server.jobs.membership import Refused
from steelyard_server.runs.gone import GoneError
from steelyard_server.web.bodies import BodyTooLargeError
from steelyard_server.web.call import Call, fields_of
from steelyard_server.web.cookies import cookie_of, form_cookie_of
from steelyard_server.web.render import missing_page, problem_page

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from steelyard_server.platform import Platform

__all__ = ["Rule", "page_for_nothing", "routes_of"]

Handler: TypeAlias = "Callable[[Call], Response] | Callable[[Call], Awaitable[Response]]"
_FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Rule:
    """One route: a method, the pattern of a path, who may use it, and its handler (in a thread, unless it awaits).

    Where it does not ask who calls (``asks_who``), it needs neither a thread nor the database. Where it ``streams``, it
    takes a large body in pieces, and asks itself once more whether the caller may do this when all of it is here.
    """

    method: str
    path: str
    access: Access
    handler: Handler
    asks_who: bool = True
    streams: bool = False

    def __post_init__(self) -> None:
        is_page_of_project = self.access.place is Place.PROJECT and not self.access.is_token
        assert self.asks_who or self.access.place is Place.OPEN, f"{self.path}: its rule needs to know who calls"
        assert is_page_of_project == ("{project}" in self.path), f"{self.path}: a project's pages name it"
        is_page = not self.access.is_token and self.asks_who
        assert not (self.is_for_programs and is_page), f"{self.path}: no session opens what is for programs"

    @property
    def is_for_programs(self) -> bool:
        """Whether programs ask it: what is wrong comes as problem details, and no cookie is looked at."""
        return self.access.is_token or is_for_programs(self.path)


def routes_of(rules: tuple[Rule, ...], platform: Platform) -> list[Route]:
    """The rules as Starlette's routes, each behind its check."""
    from starlette.convertors import IntegerConvertor, register_url_convertor
    from starlette.routing import Route

    class Number(IntegerConvertor):
        """Python reads no number of thousands of digits: such a part of a path is none."""

        regex = "[0-9]{1,18}"

    register_url_convertor("int", Number())
    return [Route(rule.path, _guarded(rule, platform), methods=[rule.method], name=_name(rule)) for rule in rules]


async def page_for_nothing(request: Request, platform: Platform, status: int, problem: str) -> Response:
    """What no route answers: a page for who is signed in, else a line of text, or problem details in the HTTP API."""
    import psycopg
    from psycopg_pool import PoolTimeout
    from starlette.concurrency import run_in_threadpool

    if is_for_programs(request.url.path):
        return problem_reply(status, problem)
    call = Call(request, platform)
    if secret := cookie_of(call):
        with suppress(psycopg.OperationalError, PoolTimeout):
            call.caller, call.cookie = await run_in_threadpool(platform.people.by_session, secret), secret
    if call.caller.session is None:
        return plain(status, problem)
    call.facts.caller = call.caller.label
    return problem_page(call, status, problem)


def _name(rule: Rule) -> str:
    return f"{rule.method} {rule.path}"


def _guarded(rule: Rule, platform: Platform) -> Callable[[Request], Awaitable[Response]]:
    import psycopg
    from psycopg_pool import PoolTimeout
    from starlette.requests import ClientDisconnect

    async def endpoint(request: Request) -> Response:
        facts_of(request.scope).route = rule.path
        call = Call(request, platform)
        try:
            return await _answer(rule, call)
        except BodyTooLargeError as error:
            return _problem(rule, call, 413, str(error))
        except Refused as error:
            return _problem(rule, call, 403, str(error))
        except InputError as error:
            return _problem(rule, call, 400, str(error))
        except ClientDisconnect:
            return _problem(rule, call, 400, "the connection was closed before the whole request was here")
        except GoneError as error:
            return _problem(rule, call, 410, str(error))
        except PasswordsBusyError as error:
            reply = _problem(rule, call, 429, str(error))
            reply.headers["retry-after"] = "10"
            return reply
        except (psycopg.OperationalError, PoolTimeout):
            return _problem(rule, call, 503, "the database does not answer: try again in a minute")
        except Exception as error:
            # Its text may quote what was asked or stored: the log gets its kind and place, and the reader neither.
            call.facts.failure = f"{type(error).__name__} {place_of(error)}"
            return _problem(rule, call, 500, f"internal error: the server's log has it as {call.facts.request_id}")

    return endpoint


async def _answer(rule: Rule, call: Call) -> Response:
    from starlette.concurrency import run_in_threadpool

    if rule.asks_who:
        await run_in_threadpool(_identify, rule, call)
    call.facts.caller = call.caller.label
    if rule.access.is_token and (wait := call.platform.request_limit.seconds_to_wait(call.caller, call.facts.address)):
        return _limited(rule, call, wait)
    if (refusal := _refusal(rule, call)) is not None:
        return refusal
    # No name has one, and no database takes it; a link that anybody may try has one answer to all that is wrong.
    if "secret" not in call.request.path_params and any(
        "\0" in str(each) for each in call.request.path_params.values()
    ):
        return _problem(rule, call, 404, "there is nothing of this name")
    if not rule.access.is_token and rule.method == "POST" and (problem := await _read_form(call)):
        return _problem(rule, call, 403, problem)
    if rule.asks_who and rule.method == "POST" and not rule.streams:
        await call.request.body()  # who sends it slowly may have lost a role, a session or a token meanwhile
        await run_in_threadpool(_identify, rule, call)
        if (refusal := _refusal(rule, call)) is not None:
            return refusal
    if inspect.iscoroutinefunction(rule.handler):
        reply: Response = await rule.handler(call)
        return reply
    return await run_in_threadpool(rule.handler, call)  # type: ignore[arg-type]


def _refusal(rule: Rule, call: Call) -> Response | None:
    """What a caller gets who may not do this; None for one who may."""
    answer = answer_to(rule.access, call.caller, str(call.request.path_params.get("project", "")))
    if answer is Answer.ALLOWED:
        return None
    return missing_page(call) if answer is Answer.MISSING else _refused(rule, call, answer)


def _identify(rule: Rule, call: Call) -> None:
    """Find out who asks: by the token on a token's route, by the session on a page."""
    if rule.access.is_token:
        scheme, _, token = call.request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            call.caller = call.platform.tokens.caller(token.strip())
        return
    if secret := cookie_of(call):
        call.caller = call.platform.people.by_session(secret)
    call.cookie = secret if call.caller.session is not None else form_cookie_of(call) or new_secret()


async def _read_form(call: Call) -> str:
    """Read the form into the call; what is wrong with where it came from, else ""."""
    headers = call.request.headers
    origin = headers.get("origin")
    if origin is not None and origin.lower() not in call.platform.settings.origins:
        return "this form was sent from a page of another site"
    if origin is None and headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return "this form was sent from a page of another site"
    if headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        return "this is no form of ours"
    call.form = fields_of(await call.request.body())
    if not is_form_key(call.cookie, call.form.get("key", "")):
        return "this form is too old: go back, load the page again, and send it once more"
    return ""


def _refused(rule: Rule, call: Call, answer: Answer) -> Response:
    from starlette.responses import RedirectResponse

    if rule.access.is_token:
        if answer is Answer.UNKNOWN:
            reply = problem_reply(401, "a valid token is needed: send the header Authorization: Bearer TOKEN")
            reply.headers["www-authenticate"] = "Bearer"
            return reply
        has_scope = call.caller.scopes & set(rule.access.scopes)
        lacks = f"this token lacks the scope {' or '.join(rule.access.scopes)}"
        return problem_reply(403, "its person has no role for this any more" if has_scope else lacks)
    if answer is Answer.REFUSED:
        where = "on this server" if rule.access.place is Place.SERVER else f"in {call.path('project')}"
        return _problem(rule, call, 403, f"this needs the role {rule.access.role} {where}")
    if call.request.method not in ("GET", "HEAD"):
        return _problem(rule, call, 401, "you are not signed in")
    return RedirectResponse(f"/sign-in?next={quote(call.request.url.path, safe='/')}", 303)


def _limited(rule: Rule, call: Call, wait: float) -> Response:
    reply = _problem(rule, call, 429, f"too many requests: try again in {int(wait) + 1} s")
    reply.headers["retry-after"] = str(int(wait) + 1)
    return reply


def _problem(rule: Rule, call: Call, status: int, problem: str) -> Response:
    if rule.is_for_programs:
        return problem_reply(status, problem)
    call.cookie = call.cookie if call.caller.session is not None else form_cookie_of(call) or new_secret()
    return problem_page(call, status, problem)
