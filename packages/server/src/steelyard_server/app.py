"""The routes with their rules, and the layers around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from steelyard_server import health
from steelyard_server.access.callers import Access, Place, Role
from steelyard_server.api.job_operations import DRY_RUNS_PATH, JOBS_PATH, MAX_JOB
from steelyard_server.api.operations import OPERATIONS, PUSH_PATH
from steelyard_server.api.schedule_operations import SCHEDULES_PATH
from steelyard_server.api.suites import SUITES_PATH
from steelyard_server.oidc.settings import CALLBACK_PATH, SIGN_OUT_PATH
from steelyard_server.pages import (
    account,
    admin,
    answers,
    audit,
    budgets,
    claims,
    compare,
    endpoints,
    groups,
    jobs,
    mail,
    models,
    overview,
    people,
    projects,
    readers,
    run,
    runs,
    shares,
    sign_in,
    single_sign_on,
    static,
    suite_items,
    suite_labels,
    suites,
    watch,
    webhooks,
)
from steelyard_server.web.bodies import MAX_FORM
from steelyard_server.web.routing import Rule, page_for_nothing, routes_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

    from steelyard_server.platform import Platform

__all__ = ["RULES", "build_app"]

OPEN: Final = Access(Place.OPEN)
OWN: Final = Access(Place.OWN)
LOOK: Final = Access(Place.PROJECT, Role.VIEWER)
START: Final = Access(Place.PROJECT, Role.RUNNER)
EDIT: Final = Access(Place.PROJECT, Role.EDITOR)
MANAGE: Final = Access(Place.PROJECT, Role.ADMIN)
SERVER: Final = Access(Place.SERVER, Role.ADMIN)
METRICS: Final = Access(Place.SERVER, Role.ADMIN, scopes=("metrics",))
RULES: Final = (
    Rule("GET", "/healthz", OPEN, health.show_health, asks_who=False),
    Rule("GET", "/readyz", OPEN, health.show_readiness),
    Rule("GET", "/metrics", METRICS, health.show_metrics),
    Rule("GET", "/static/{name}", OPEN, static.show_file),
    Rule("GET", "/sign-in", OPEN, sign_in.show_sign_in),
    Rule("POST", "/sign-in", OPEN, sign_in.do_sign_in),
    Rule("GET", "/sign-in/provider", OPEN, single_sign_on.start_sign_in),
    Rule("GET", CALLBACK_PATH, OPEN, single_sign_on.finish_sign_in),
    Rule("GET", "/welcome", OPEN, sign_in.show_welcome),
    Rule("POST", "/welcome", OPEN, sign_in.do_welcome),
    Rule("GET", "/join", OPEN, sign_in.show_join),
    Rule("POST", "/join", OPEN, sign_in.do_join),
    Rule("POST", "/sign-out", OWN, sign_in.do_sign_out),
    Rule("GET", SIGN_OUT_PATH, OPEN, single_sign_on.sign_out_there),
    Rule("GET", "/", OWN, overview.show_overview),
    Rule("GET", "/p/{project}/models", LOOK, models.show_models),
    Rule("GET", "/p/{project}/compare", LOOK, compare.show_compare),
    Rule("GET", "/p/{project}/claims", LOOK, claims.show_claims),
    Rule("POST", "/p/{project}/claims", START, claims.do_screen),
    Rule("POST", "/p/{project}/claims/test", START, claims.do_test),
    Rule("GET", "/p/{project}/jobs", LOOK, jobs.show_jobs),
    Rule("GET", "/p/{project}/jobs/{job:int}", LOOK, jobs.show_job),
    Rule("POST", "/p/{project}/jobs/{job:int}/pause", START, jobs.do_pause),
    Rule("POST", "/p/{project}/jobs/{job:int}/resume", START, jobs.do_resume),
    Rule("POST", "/p/{project}/jobs/{job:int}/cancel", START, jobs.do_cancel),
    Rule("POST", "/p/{project}/jobs/{job:int}/retry", START, jobs.do_retry),
    Rule("POST", "/p/{project}/jobs/{job:int}/approve", EDIT, jobs.do_approve),
    Rule("POST", "/p/{project}/jobs/{job:int}/refuse", EDIT, jobs.do_refuse),
    Rule("GET", "/p/{project}/watch", LOOK, watch.show_watch),
    Rule("POST", "/p/{project}/watch", START, watch.do_add),
    Rule("POST", "/p/{project}/watch/{schedule:int}/on", START, watch.do_switch_on),
    Rule("POST", "/p/{project}/watch/{schedule:int}/off", START, watch.do_switch_off),
    Rule("GET", "/p/{project}/runs", LOOK, runs.show_runs),
    Rule("GET", "/p/{project}/runs/{seal}", LOOK, run.show_run),
    Rule("GET", "/p/{project}/runs/{seal}/report", LOOK, run.show_report),
    Rule("GET", "/p/{project}/runs/{seal}/answers", LOOK, answers.show_answers),
    Rule("GET", "/p/{project}/runs/{seal}/answers/{number:int}", LOOK, answers.show_answer),
    Rule("GET", "/p/{project}/runs/{seal}/archive", LOOK, run.send_archive),
    Rule("GET", "/p/{project}/runs/{seal}/files/{name:path}", LOOK, run.send_file),
    Rule("POST", "/p/{project}/runs/{seal}/shares", EDIT, shares.do_share),
    Rule("POST", "/p/{project}/runs/{seal}/shares/{share:int}/revoke", EDIT, shares.do_revoke_share),
    Rule("GET", "/p/{project}/suites", LOOK, suites.show_suites),
    Rule("GET", "/p/{project}/suites/{name}", LOOK, suites.show_suite),
    Rule("GET", "/p/{project}/suites/{name}/archive", LOOK, suites.send_archive),
    Rule("GET", "/p/{project}/suites/{name}/review", LOOK, suites.send_review),
    Rule("POST", "/p/{project}/suites/{name}/apply", EDIT, suites.do_apply),
    Rule("GET", "/p/{project}/suites/{name}/items/{number:int}", LOOK, suite_items.show_item),
    Rule("POST", "/p/{project}/suites/{name}/items/{number:int}", EDIT, suite_items.do_decide),
    Rule("GET", "/p/{project}/suites/{name}/labels", LOOK, suite_labels.show_label_sets),
    Rule("POST", "/p/{project}/suites/{name}/labels", EDIT, suite_labels.do_bring_answers),
    Rule("GET", "/p/{project}/suites/{name}/labels/{set:int}", LOOK, suite_labels.show_label_set),
    Rule("POST", "/p/{project}/suites/{name}/labels/{set:int}", EDIT, suite_labels.do_calibrate),
    Rule("GET", "/p/{project}/suites/{name}/labels/{set:int}/mine", EDIT, suite_labels.send_labels),
    Rule("GET", "/p/{project}/suites/{name}/labels/{set:int}/{number:int}", EDIT, suite_labels.show_answer),
    Rule("POST", "/p/{project}/suites/{name}/labels/{set:int}/{number:int}", EDIT, suite_labels.do_label),
    Rule("GET", "/shared/{secret}", OPEN, shares.show_shared),
    Rule("GET", "/p/{project}/people", MANAGE, projects.show_members),
    Rule("POST", "/p/{project}/people", MANAGE, projects.do_set_member),
    Rule("GET", "/p/{project}/budgets", MANAGE, budgets.show_budgets),
    Rule("POST", "/p/{project}/budgets", MANAGE, budgets.do_change),
    Rule("POST", "/p/{project}/budgets/approval", MANAGE, budgets.do_change_threshold),
    Rule("POST", "/p/{project}/budgets/approval/{change:int}/approve", MANAGE, budgets.do_approve_threshold),
    Rule("POST", "/p/{project}/budgets/approval/{change:int}/refuse", MANAGE, budgets.do_refuse_threshold),
    Rule("GET", "/p/{project}/webhooks", MANAGE, webhooks.show_webhooks),
    Rule("POST", "/p/{project}/webhooks", MANAGE, webhooks.do_add),
    Rule("GET", "/p/{project}/webhooks/{webhook:int}", MANAGE, webhooks.show_webhook),
    Rule("POST", "/p/{project}/webhooks/{webhook:int}/kinds", MANAGE, webhooks.do_change),
    Rule("POST", "/p/{project}/webhooks/{webhook:int}/test", MANAGE, webhooks.do_test),
    Rule("POST", "/p/{project}/webhooks/{webhook:int}/switch", MANAGE, webhooks.do_switch),
    Rule("POST", "/p/{project}/webhooks/{webhook:int}/secret", MANAGE, webhooks.do_new_secret),
    Rule("POST", "/p/{project}/webhooks/{webhook:int}/end-secret", MANAGE, webhooks.do_end_old_secret),
    Rule("POST", "/p/{project}/webhooks/{webhook:int}/retire", MANAGE, webhooks.do_retire),
    Rule("GET", "/account", OWN, account.show_account),
    Rule("GET", "/account/mail", OWN, mail.show_account_mail),
    Rule("POST", "/account/mail/address", OWN, mail.do_set_address),
    Rule("POST", "/account/mail/confirm", OWN, mail.do_confirm),
    Rule("POST", "/account/mail/forget", OWN, mail.do_forget),
    Rule("POST", "/account/mail/choices", OWN, mail.do_choose),
    Rule("GET", "/account/readers", OWN, readers.show_readers),
    Rule("POST", "/account/readers", OWN, readers.do_ask_key),
    Rule("POST", "/account/readers/confirm", OWN, readers.do_confirm_key),
    Rule("POST", "/account/readers/{reader:int}/end", OWN, readers.do_end_key),
    Rule("POST", "/account/password", OWN, account.do_change_password),
    Rule("POST", "/account/tokens", OWN, account.do_make_token),
    Rule("POST", "/account/tokens/{token:int}/revoke", OWN, account.do_revoke_token),
    Rule("POST", "/account/sessions/{session:int}/end", OWN, account.do_end_session),
    Rule("GET", "/admin", SERVER, admin.show_admin),
    Rule("GET", "/admin/audit", SERVER, audit.show_audit),
    Rule("GET", "/admin/audit.jsonl", SERVER, audit.send_audit),
    Rule("GET", "/admin/retention", SERVER, admin.show_retention),
    Rule("POST", "/admin/retention", SERVER, admin.do_set_retention),
    Rule("GET", "/admin/endpoints", SERVER, endpoints.show_endpoints),
    Rule("POST", "/admin/endpoints", SERVER, endpoints.do_add),
    Rule("GET", "/admin/endpoints/{endpoint:int}", SERVER, endpoints.show_endpoint),
    Rule("POST", "/admin/endpoints/{endpoint:int}/change", SERVER, endpoints.do_change),
    Rule("POST", "/admin/endpoints/{endpoint:int}/key", SERVER, endpoints.do_set_key),
    Rule("POST", "/admin/endpoints/{endpoint:int}/forget-key", SERVER, endpoints.do_forget_key),
    Rule("POST", "/admin/endpoints/{endpoint:int}/retire", SERVER, endpoints.do_retire),
    Rule("POST", "/admin/endpoints/{endpoint:int}/try", SERVER, endpoints.do_try),
    Rule("GET", "/admin/webhooks", SERVER, webhooks.show_places),
    Rule("POST", "/admin/webhooks", SERVER, webhooks.do_add_place),
    Rule("POST", "/admin/webhooks/{place:int}/retire", SERVER, webhooks.do_retire_place),
    Rule("GET", "/admin/mail", SERVER, mail.show_admin_mail),
    Rule("POST", "/admin/mail", SERVER, mail.do_set_server),
    Rule("POST", "/admin/mail/test", SERVER, mail.do_test),
    Rule("POST", "/admin/mail/off", SERVER, mail.do_switch_off),
    Rule("GET", "/admin/people", SERVER, people.show_people),
    Rule("POST", "/admin/people", SERVER, people.do_add_person),
    Rule("GET", "/admin/people/{person:int}", SERVER, people.show_person),
    Rule("POST", "/admin/people/{person:int}/role", SERVER, people.do_set_role),
    Rule("POST", "/admin/people/{person:int}/administrator", SERVER, people.do_set_administrator),
    Rule("POST", "/admin/people/{person:int}/link", SERVER, people.do_new_link),
    Rule("POST", "/admin/people/{person:int}/disable", SERVER, people.do_disable),
    Rule("POST", "/admin/people/{person:int}/enable", SERVER, people.do_enable),
    Rule("GET", "/admin/projects", SERVER, projects.show_projects),
    Rule("POST", "/admin/projects", SERVER, projects.do_add_project),
    Rule("GET", "/admin/groups", SERVER, groups.show_groups),
    Rule("POST", "/admin/groups", SERVER, groups.do_add_mapping),
    Rule("POST", "/admin/groups/{mapping:int}/end", SERVER, groups.do_end_mapping),
    *(each.rule for each in OPERATIONS),
)


def build_app(platform: Platform) -> Starlette:
    """The application: its log outside, then headers, names, bodies, and the rules."""
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.middleware import Middleware

    from steelyard_server.http.logs import Logs
    from steelyard_server.web.bodies import Bodies
    from steelyard_server.web.headers import Headers
    from steelyard_server.web.hosts import Hosts

    return Starlette(
        routes=routes_of(RULES, platform),
        middleware=[
            Middleware(Logs, log=platform.log, metrics=platform.metrics),
            Middleware(Headers, is_secure=platform.settings.is_secure),
            Middleware(Hosts, settings=platform.settings),
            Middleware(Bodies, is_push=lambda path: path in (PUSH_PATH, SUITES_PATH), most=_most_bytes),
        ],
        exception_handlers={HTTPException: _unanswered(platform), Exception: _internal_error},
    )


def _most_bytes(path: str) -> int:
    """How large the body of a request may be: a claim sheet with questions is larger than other forms."""
    if path in (DRY_RUNS_PATH, JOBS_PATH, SCHEDULES_PATH):
        return MAX_JOB
    if suite_items.BODY_PATH.fullmatch(path):
        return suite_items.MAX_BODY
    if suite_labels.BODY_PATH.fullmatch(path):
        return suite_labels.MAX_BODY
    return claims.MAX_BODY if claims.BODY_PATH.fullmatch(path) else MAX_FORM


def _unanswered(platform: Platform) -> Callable[[Request, Exception], Awaitable[Response]]:
    """The handler for what Starlette refuses: an address that there is not, a method that a route does not take."""

    async def answer(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        said = {404: "there is no such page", 405: "this page takes no such request"}
        reply = await page_for_nothing(request, platform, status, said.get(status, "refused"))
        if status == 405:
            reply.headers["allow"] = ", ".join(_methods_at(request))
        return reply

    from starlette.exceptions import HTTPException

    return answer


def _methods_at(request: Request) -> list[str]:
    """The methods that an address takes, over all of its routes."""
    from starlette.routing import Match, Route

    routes = [each for each in request.app.routes if isinstance(each, Route)]
    here = [each for each in routes if each.matches(request.scope)[0] is not Match.NONE]
    return sorted({method for each in here for method in each.methods or ()})


def _internal_error(request: Request, error: Exception) -> Response:
    """Its text may quote what was asked or stored: it goes to nobody; the log has its kind, by the request's id."""
    from steelyard_server.http.replies import refusal

    return refusal(request.url.path, 500, "internal error: the server's log has it under this reply's x-request-id")
