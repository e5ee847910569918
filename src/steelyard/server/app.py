"""The routes with their rules, and the layers around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from steelyard.server import health
from steelyard.server.access.callers import Access
from steelyard.server.pages import account, admin, endpoints, overview, run, runs, shares, sign_in, static
from steelyard.server.push import endpoint
from steelyard.server.web.routing import Rule, routes_of

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

    from steelyard.server.platform import Platform

__all__ = ["PUSH_PATH", "RULES", "build_app"]

PUSH_PATH: Final = "/api/v1/runs"
RULES: Final = (
    Rule("GET", "/healthz", Access.ANYBODY, health.show_health),
    Rule("GET", "/readyz", Access.ANYBODY, health.show_readiness),
    Rule("GET", "/metrics", Access.METRICS, health.show_metrics),
    Rule("GET", "/static/{name}", Access.ANYBODY, static.show_style),
    Rule("GET", "/sign-in", Access.ANYBODY, sign_in.show_sign_in),
    Rule("POST", "/sign-in", Access.ANYBODY, sign_in.do_sign_in),
    Rule("GET", "/welcome", Access.ANYBODY, sign_in.show_welcome),
    Rule("POST", "/welcome", Access.ANYBODY, sign_in.do_welcome),
    Rule("POST", "/sign-out", Access.ADMINISTRATOR, sign_in.do_sign_out),
    Rule("GET", "/", Access.ADMINISTRATOR, overview.show_overview),
    Rule("GET", "/runs", Access.ADMINISTRATOR, runs.show_runs),
    Rule("GET", "/runs/{seal}", Access.ADMINISTRATOR, run.show_run),
    Rule("GET", "/runs/{seal}/report", Access.ADMINISTRATOR, run.show_report),
    Rule("GET", "/runs/{seal}/archive", Access.ADMINISTRATOR, run.send_archive),
    Rule("GET", "/runs/{seal}/files/{name:path}", Access.ADMINISTRATOR, run.send_file),
    Rule("POST", "/runs/{seal}/shares", Access.ADMINISTRATOR, shares.do_share),
    Rule("POST", "/runs/{seal}/shares/{share:int}/revoke", Access.ADMINISTRATOR, shares.do_revoke_share),
    Rule("GET", "/shared/{secret}", Access.ANYBODY, shares.show_shared),
    Rule("GET", "/account", Access.ADMINISTRATOR, account.show_account),
    Rule("POST", "/account/password", Access.ADMINISTRATOR, account.do_change_password),
    Rule("POST", "/account/tokens", Access.ADMINISTRATOR, account.do_make_token),
    Rule("POST", "/account/tokens/{token:int}/revoke", Access.ADMINISTRATOR, account.do_revoke_token),
    Rule("POST", "/account/sessions/{session:int}/end", Access.ADMINISTRATOR, account.do_end_session),
    Rule("GET", "/admin", Access.ADMINISTRATOR, admin.show_admin),
    Rule("GET", "/admin/audit", Access.ADMINISTRATOR, admin.show_audit),
    Rule("GET", "/admin/retention", Access.ADMINISTRATOR, admin.show_retention),
    Rule("POST", "/admin/retention", Access.ADMINISTRATOR, admin.do_set_retention),
    Rule("GET", "/admin/endpoints", Access.ADMINISTRATOR, endpoints.show_endpoints),
    Rule("POST", "/admin/endpoints", Access.ADMINISTRATOR, endpoints.do_add),
    Rule("GET", "/admin/endpoints/{endpoint:int}", Access.ADMINISTRATOR, endpoints.show_endpoint),
    Rule("POST", "/admin/endpoints/{endpoint:int}/change", Access.ADMINISTRATOR, endpoints.do_change),
    Rule("POST", "/admin/endpoints/{endpoint:int}/key", Access.ADMINISTRATOR, endpoints.do_set_key),
    Rule("POST", "/admin/endpoints/{endpoint:int}/forget-key", Access.ADMINISTRATOR, endpoints.do_forget_key),
    Rule("POST", "/admin/endpoints/{endpoint:int}/retire", Access.ADMINISTRATOR, endpoints.do_retire),
    Rule("POST", "/admin/endpoints/{endpoint:int}/try", Access.ADMINISTRATOR, endpoints.do_try),
    Rule("POST", PUSH_PATH, Access.PUSH, endpoint.push_run),
    Rule("GET", PUSH_PATH + "/{seal}", Access.PUSH, endpoint.find_run),
)


def build_app(platform: Platform) -> Starlette:
    """The application: its log outside, then headers, names, bodies, and the rules."""
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.middleware import Middleware

    from steelyard.server.web.bodies import Bodies
    from steelyard.server.web.headers import Headers
    from steelyard.server.web.hosts import Hosts
    from steelyard.server.web.logs import Logs

    return Starlette(
        routes=routes_of(RULES, platform),
        middleware=[
            Middleware(Logs, log=platform.log, metrics=platform.metrics),
            Middleware(Headers, is_secure=platform.settings.is_secure),
            Middleware(Hosts, settings=platform.settings),
            Middleware(Bodies, is_push=lambda path: path == PUSH_PATH),
        ],
        exception_handlers={HTTPException: _no_such_page, Exception: _internal_error},
    )


def _no_such_page(_: Request, error: Exception) -> Response:
    from steelyard.server.web.replies import plain

    status = getattr(error, "status_code", 500)
    return plain(status, {404: "there is no such page", 405: "this page takes no such request"}.get(status, "refused"))


def _internal_error(_: Request, error: Exception) -> Response:
    """Its text may quote what was asked or stored: it goes to nobody; the log has its kind, by the request's id."""
    from steelyard.server.web.replies import plain

    return plain(500, "internal error: the server's log has it under this reply's x-request-id")
