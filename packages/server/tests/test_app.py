"""The matrix of who may do what, generated from the routes: a route without a line here fails, and so does a wrong one.

Each caller asks each route of a real server, over loopback. What a route answers to whom it lets in is its own test's.
"""

from __future__ import annotations

import re

import pytest

from packages.server.tests.site import Client, Site, pushed, run_page
from steelyard_server.access.callers import Place
from steelyard_server.api.operations import PUSH_PATH
from steelyard_server.api.suites import SUITES_PATH
from steelyard_server.app import RULES

# Who is let in, by route. A new route needs a line of its own: it is not taken from the code.
EXPECTED = {
    "GET /healthz": "anybody",
    "GET /readyz": "anybody",
    "GET /metrics": "metrics",
    "GET /static/{name}": "anybody",
    "GET /sign-in": "anybody",
    "POST /sign-in": "anybody",
    "GET /sign-in/provider": "anybody",
    "GET /sign-in/callback": "anybody",
    "GET /welcome": "anybody",
    "POST /welcome": "anybody",
    "GET /join": "anybody",
    "POST /join": "anybody",
    "POST /sign-out": "signed in",
    "GET /sign-out/provider": "anybody",
    "GET /": "signed in",
    "GET /p/{project}/models": "viewer",
    "GET /p/{project}/compare": "viewer",
    "GET /p/{project}/claims": "viewer",
    "POST /p/{project}/claims": "runner",
    "POST /p/{project}/claims/test": "runner",
    "GET /p/{project}/jobs": "viewer",
    "GET /p/{project}/jobs/{job:int}": "viewer",
    "POST /p/{project}/jobs/{job:int}/pause": "runner",
    "POST /p/{project}/jobs/{job:int}/resume": "runner",
    "POST /p/{project}/jobs/{job:int}/cancel": "runner",
    "POST /p/{project}/jobs/{job:int}/retry": "runner",
    "POST /p/{project}/jobs/{job:int}/approve": "editor",
    "POST /p/{project}/jobs/{job:int}/refuse": "editor",
    "GET /p/{project}/watch": "viewer",
    "POST /p/{project}/watch": "runner",
    "POST /p/{project}/watch/{schedule:int}/on": "runner",
    "POST /p/{project}/watch/{schedule:int}/off": "runner",
    "GET /p/{project}/runs": "viewer",
    "GET /p/{project}/runs/{seal}": "viewer",
    "GET /p/{project}/runs/{seal}/report": "viewer",
    "GET /p/{project}/runs/{seal}/answers": "viewer",
    "GET /p/{project}/runs/{seal}/answers/{number:int}": "viewer",
    "GET /p/{project}/runs/{seal}/archive": "viewer",
    "GET /p/{project}/runs/{seal}/files/{name:path}": "viewer",
    "POST /p/{project}/runs/{seal}/shares": "editor",
    "POST /p/{project}/runs/{seal}/shares/{share:int}/revoke": "editor",
    "GET /p/{project}/suites": "viewer",
    "GET /p/{project}/suites/{name}": "viewer",
    "GET /p/{project}/suites/{name}/archive": "viewer",
    "GET /p/{project}/suites/{name}/review": "viewer",
    "POST /p/{project}/suites/{name}/apply": "editor",
    "GET /p/{project}/suites/{name}/items/{number:int}": "viewer",
    "POST /p/{project}/suites/{name}/items/{number:int}": "editor",
    "GET /p/{project}/suites/{name}/labels": "viewer",
    "POST /p/{project}/suites/{name}/labels": "editor",
    "GET /p/{project}/suites/{name}/labels/{set:int}": "viewer",
    "POST /p/{project}/suites/{name}/labels/{set:int}": "editor",
    "GET /p/{project}/suites/{name}/labels/{set:int}/mine": "editor",
    "GET /p/{project}/suites/{name}/labels/{set:int}/{number:int}": "editor",
    "POST /p/{project}/suites/{name}/labels/{set:int}/{number:int}": "editor",
    "GET /shared/{secret}": "anybody",
    "GET /p/{project}/people": "admin",
    "POST /p/{project}/people": "admin",
    "GET /p/{project}/budgets": "admin",
    "POST /p/{project}/budgets": "admin",
    "POST /p/{project}/budgets/approval": "admin",
    "POST /p/{project}/budgets/approval/{change:int}/approve": "admin",
    "POST /p/{project}/budgets/approval/{change:int}/refuse": "admin",
    "GET /p/{project}/webhooks": "admin",
    "POST /p/{project}/webhooks": "admin",
    "GET /p/{project}/webhooks/{webhook:int}": "admin",
    "POST /p/{project}/webhooks/{webhook:int}/kinds": "admin",
    "POST /p/{project}/webhooks/{webhook:int}/test": "admin",
    "POST /p/{project}/webhooks/{webhook:int}/switch": "admin",
    "POST /p/{project}/webhooks/{webhook:int}/secret": "admin",
    "POST /p/{project}/webhooks/{webhook:int}/end-secret": "admin",
    "POST /p/{project}/webhooks/{webhook:int}/retire": "admin",
    "GET /account": "signed in",
    "GET /account/mail": "signed in",
    "POST /account/mail/address": "signed in",
    "POST /account/mail/confirm": "signed in",
    "POST /account/mail/forget": "signed in",
    "POST /account/mail/choices": "signed in",
    "GET /account/readers": "signed in",
    "POST /account/readers": "signed in",
    "POST /account/readers/confirm": "signed in",
    "POST /account/readers/{reader:int}/end": "signed in",
    "POST /account/password": "signed in",
    "POST /account/tokens": "signed in",
    "POST /account/tokens/{token:int}/revoke": "signed in",
    "POST /account/sessions/{session:int}/end": "signed in",
    "GET /admin": "server",
    "GET /admin/audit": "server",
    "GET /admin/audit.jsonl": "server",
    "GET /admin/retention": "server",
    "POST /admin/retention": "server",
    "GET /admin/endpoints": "server",
    "POST /admin/endpoints": "server",
    "GET /admin/endpoints/{endpoint:int}": "server",
    "POST /admin/endpoints/{endpoint:int}/change": "server",
    "POST /admin/endpoints/{endpoint:int}/key": "server",
    "POST /admin/endpoints/{endpoint:int}/forget-key": "server",
    "POST /admin/endpoints/{endpoint:int}/retire": "server",
    "POST /admin/endpoints/{endpoint:int}/try": "server",
    "GET /admin/webhooks": "server",
    "POST /admin/webhooks": "server",
    "POST /admin/webhooks/{place:int}/retire": "server",
    "GET /admin/mail": "server",
    "POST /admin/mail": "server",
    "POST /admin/mail/test": "server",
    "POST /admin/mail/off": "server",
    "GET /admin/people": "server",
    "POST /admin/people": "server",
    "GET /admin/people/{person:int}": "server",
    "POST /admin/people/{person:int}/role": "server",
    "POST /admin/people/{person:int}/administrator": "server",
    "POST /admin/people/{person:int}/link": "server",
    "POST /admin/people/{person:int}/disable": "server",
    "POST /admin/people/{person:int}/enable": "server",
    "GET /admin/projects": "server",
    "POST /admin/projects": "server",
    "GET /admin/groups": "server",
    "POST /admin/groups": "server",
    "POST /admin/groups/{mapping:int}/end": "server",
    "GET /api/v1/health": "anybody",
    "GET /api/v1/openapi.json": "anybody",
    "GET /api/v1/me": "any token",
    "GET /api/v1/projects": "find",
    "GET /api/v1/endpoints": "endpoints",
    "GET /api/v1/models": "read",
    "GET /api/v1/runs": "read",
    "POST /api/v1/runs": "push",
    "GET /api/v1/runs/{seal}": "find",
    "GET /api/v1/runs/{seal}/report": "read",
    "GET /api/v1/runs/{seal}/bundle": "read",
    "GET /api/v1/jobs": "look at jobs",
    "POST /api/v1/jobs": "start jobs",
    "GET /api/v1/jobs/{job:int}": "look at jobs",
    "POST /api/v1/jobs/{job:int}/pause": "start jobs",
    "POST /api/v1/jobs/{job:int}/resume": "start jobs",
    "POST /api/v1/jobs/{job:int}/cancel": "start jobs",
    "POST /api/v1/jobs/{job:int}/retry": "start jobs",
    "POST /api/v1/jobs/{job:int}/approve": "approve jobs",
    "POST /api/v1/jobs/{job:int}/refuse": "approve jobs",
    "POST /api/v1/dry-runs": "start jobs",
    "GET /api/v1/dry-runs/{dry_run:int}": "start jobs",
    "GET /api/v1/budgets": "look at budgets",
    "POST /api/v1/budgets": "set budgets",
    "POST /api/v1/budgets/approval": "set budgets",
    "POST /api/v1/budgets/approval/{change:int}/approve": "approve as admin",
    "POST /api/v1/budgets/approval/{change:int}/refuse": "approve as admin",
    "GET /api/v1/schedules": "look at schedules",
    "POST /api/v1/schedules": "start jobs",
    "GET /api/v1/schedules/{schedule:int}": "look at schedules",
    "POST /api/v1/schedules/{schedule:int}/on": "start jobs",
    "POST /api/v1/schedules/{schedule:int}/off": "start jobs",
    "POST /api/v1/suites": "bring suites",
}
PARTS = {
    "{project}": "default",
    "{seal}": "0" * 64,
    "{name}": "x.css",
    "{name:path}": "report.md",
    "{number:int}": "999999",
    "{token:int}": "999999",
    "{session:int}": "999999",
    "{person:int}": "999999",
    "{mapping:int}": "999999",
    "{endpoint:int}": "999999",
    "{share:int}": "999999",
    "{webhook:int}": "999999",
    "{place:int}": "999999",
    "{reader:int}": "999999",
    "{set:int}": "999999",
    "{job:int}": "999999",
    "{dry_run:int}": "999999",
    "{schedule:int}": "999999",
    "{change:int}": "999999",
    "{secret}": "a" * 43,
}
LOOKS = ("look at jobs", "look at budgets", "look at schedules")
ROLES = ("viewer", "runner", "editor", "admin")
# What each caller reaches. The pages of the project "default" are asked for; a token asks in its own project.
REACHES: dict[str, set[str]] = {
    "nobody": set(),
    "viewer": {"signed in", "viewer"},
    "runner": {"signed in", "viewer", "runner"},
    "editor": {"signed in", "viewer", "runner", "editor"},
    "admin": {"signed in", *ROLES},
    "admin of another project": {"signed in"},
    "administrator of the server": {"signed in", *ROLES, "server"},
    "disabled": set(),
    "without a role any more": set(),
    "token push": {"any token", "push", "find", "endpoints"},
    "token push of another project": {"any token", "push", "find", "endpoints"},
    "token push of who is a viewer by now": {"any token", "find"},
    "token push of who has no role any more": {"any token"},
    "token push of a disabled person": set(),
    "token read": {"any token", "find", "read", *LOOKS},
    "token read of a runner": {"any token", "find", "read", "endpoints", *LOOKS},
    "token run": {"any token", "find", "endpoints", *LOOKS, "start jobs"},
    "token run of who is a viewer by now": {"any token", "find", *LOOKS},
    "token approve": {"any token", "look at jobs", "look at budgets", "approve jobs"},
    "token approve of an admin": {"any token", "look at jobs", "look at budgets", "approve jobs", "approve as admin"},
    "token approve of who is a viewer by now": {"any token", "look at jobs", "look at budgets"},
    "token budget": {"any token", "look at budgets", "set budgets"},
    "token budget of who has no role any more": {"any token"},
    "token suite": {"any token", "bring suites"},
    "token suite of who is a viewer by now": {"any token"},
    "token metrics": {"any token", "metrics"},
    "token metrics of no administrator any more": {"any token"},
}
UNKNOWN_TOKENS = {"token push of a disabled person"}
TOKEN_KINDS = {
    "any token",
    *LOOKS,
    "start jobs",
    "approve jobs",
    "approve as admin",
    "set budgets",
    "push",
    "find",
    "read",
    "endpoints",
    "metrics",
    "bring suites",
}


@pytest.fixture(scope="module")
def callers(site: Site) -> dict[str, Client]:
    server, other = site.administrator(), site.project("other")

    def number(name: str) -> str:
        found = re.search(rf'/admin/people/(\d+)">{name}<', server.get("/admin/people").text)
        assert found is not None
        return found[1]

    def act(name: str, act: str, **fields: str) -> None:
        path = f"/admin/people/{number(name)}"
        assert server.submit(path, f"{path}/{act}", **fields).status == 303

    found = {"nobody": site.client(), "administrator of the server": server}
    found |= {role: site.person(f"matrix-{role}", role) for role in ROLES}
    found["admin of another project"] = stranger = site.person("matrix-stranger", "admin", other)
    found["disabled"] = disabled = site.person("matrix-disabled", "admin")
    found["without a role any more"] = bare = site.person("matrix-bare", "admin")
    demoted, fallen = site.person("matrix-demoted", "editor"), site.person("matrix-fallen", "admin")
    act("matrix-fallen", "administrator", administrator="yes")
    found |= {
        "token push": site.with_token("push", client=found["runner"]),
        "token push of another project": site.with_token("push", other, stranger),
        "token push of who is a viewer by now": site.with_token("push", client=demoted),
        "token push of who has no role any more": site.with_token("push", client=bare),
        "token push of a disabled person": site.with_token("push", client=disabled),
        "token read": site.with_token("read", client=found["viewer"]),
        "token read of a runner": site.with_token("read", client=found["runner"]),
        "token run": site.with_token("run", client=found["runner"]),
        "token run of who is a viewer by now": site.with_token("run", client=demoted),
        "token approve": site.with_token("approve", client=found["editor"]),
        "token approve of an admin": site.with_token("approve", client=found["admin"]),
        "token approve of who is a viewer by now": site.with_token("approve", client=demoted),
        "token budget": site.with_token("budget", client=found["admin"]),
        "token budget of who has no role any more": site.with_token("budget", client=bare),
        "token suite": site.with_token("suite", client=found["editor"]),
        "token suite of who is a viewer by now": site.with_token("suite", client=demoted),
        "token metrics": site.with_token("metrics"),
        "token metrics of no administrator any more": site.with_token("metrics", client=fallen),
    }
    act("matrix-fallen", "administrator", administrator="no")
    act("matrix-demoted", "role", project="default", role="viewer")
    act("matrix-bare", "role", project="default", role="")
    act("matrix-disabled", "disable")
    assert found.keys() == REACHES.keys()
    return found


def test_every_route_has_a_line_and_every_line_a_route() -> None:
    assert {f"{rule.method} {rule.path}" for rule in RULES} == EXPECTED.keys()
    assert {rule.access.place for rule in RULES} == set(Place)


def filled(path: str) -> str:
    for part, value in PARTS.items():
        path = path.replace(part, value)
    assert "{" not in path
    return path


def expected(route: str, caller: str) -> set[str]:
    """What becomes of the request: *in*, or how it is turned away."""
    wanted = EXPECTED[route]
    if wanted == "anybody" or wanted in REACHES[caller]:
        return {"in"}
    if wanted in TOKEN_KINDS:
        is_known = caller.startswith("token") and caller not in UNKNOWN_TOKENS
        return {"token refused" if is_known else "no token"}
    if "signed in" not in REACHES[caller]:
        return {"sign in"}
    return {"missing" if "/p/{project}/" in route and "viewer" not in REACHES[caller] else "refused"}


def outcome(client: Client, route: str) -> tuple[str, str]:
    method, _, path = route.partition(" ")
    if method == "GET":
        reply = client.get(filled(path))
    elif path in (PUSH_PATH, SUITES_PATH):
        reply = client.ask("POST", path, b"", {"Content-Type": "application/x-tar"})
    else:  # a form without its key: it is refused for that, once its caller was let in
        reply = client.post(filled(path), {})
    if reply.status == 401:
        return "no token" if "valid token" in reply.text else "sign in", reply.text
    if reply.status == 303 and reply.headers["location"].startswith("/sign-in?next="):
        return "sign in", reply.text
    if reply.status == 404 and "no role of yours reaches it" in reply.text and not path.startswith("/admin"):
        return "missing", reply.text
    if reply.status == 403 and ("its person has no role" in reply.text or "lacks the scope" in reply.text):
        return "token refused", reply.text
    if reply.status == 403 and "this needs the role" in reply.text:
        return "refused", reply.text
    return "in", reply.text


@pytest.mark.parametrize("route", EXPECTED)
def test_each_route_lets_in_whom_its_line_names_and_nobody_else(route: str, callers: dict[str, Client]) -> None:
    for name, client in callers.items():
        found, text = outcome(client, route)
        allowed = expected(route, name)
        if any(part in route for part in ("{seal}", "{webhook:int}", "{job:int}", "/suites/{name}")) and allowed == {
            "in"
        }:
            allowed = {"in", "missing"}  # there is no such run, suite, webhook or job, which reads the same
        assert found in allowed, (name, found, text[:600])


def test_a_run_that_a_person_may_not_see_reads_as_one_that_is_not_there(site: Site, callers: dict[str, Client]) -> None:
    seal = pushed(site, project="other")
    page = callers["administrator of the server"].get(run_page(seal, project="other"))
    assert page.status == 200
    viewer, stranger = callers["viewer"], callers["admin of another project"]
    for more in ("", "/answers", "/answers/1", "/report", "/archive", "/files/report.md"):
        assert stranger.get(run_page(seal, more, "other")).status == 200
        hidden = viewer.get(run_page(seal, more, "other"))
        absent = viewer.get(run_page(seal, more, "no-such-project"))
        unknown = viewer.get(run_page("0" * 64, more)).text.replace(' aria-current="page"', "")  # that of its own list
        assert hidden.text == absent.text == unknown
        assert hidden.status == absent.status == 404
    assert "other" not in viewer.get("/").text
    for name in ("token read", "token push"):
        seen, hidden = (callers[name].get(f"/api/v1/runs/{each}") for each in ("0" * 64, "1" * 64))
        assert (seen.status, seen.body) == (hidden.status, hidden.body)


def test_a_method_that_no_rule_names_is_refused(callers: dict[str, Client]) -> None:
    for rule in RULES:
        for method in ("PUT", "DELETE", "PATCH"):
            reply = callers["administrator of the server"].ask(method, filled(rule.path))
            assert (reply.status, rule.method in reply.headers["allow"].split(", ")) == (405, True), rule
    assert callers["administrator of the server"].get("/no-such-page").status == 404


def test_a_session_opens_no_tokens_route_and_a_token_no_page(site: Site, callers: dict[str, Client]) -> None:
    both = Client(site.base, callers["administrator of the server"].cookies, {})
    assert both.get("/metrics").status == 401
    with_token = Client(site.base, {}, dict(callers["token push"].headers))
    assert with_token.get("/admin").status == 303
    for rule in RULES:
        if rule.is_for_programs and rule.access.place is not Place.OPEN:
            reply = both.ask(rule.method, filled(rule.path))
            assert (reply.status, reply.cookies) == (401, []), rule
