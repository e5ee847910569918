"""The matrix of who may do what, generated from the routes: a route without a line here fails, and so does a wrong one.

Each caller asks each route of a real server, over loopback. What a route answers to whom it lets in is its own test's.
"""

from __future__ import annotations

import pytest

from steelyard.server.access.callers import Access
from steelyard.server.app import PUSH_PATH, RULES
from tests.server.site import Client, Site

# Who is let in, by route. A new route needs a line of its own: it is not taken from the code.
EXPECTED = {
    "GET /healthz": "anybody",
    "GET /readyz": "anybody",
    "GET /metrics": "metrics",
    "GET /static/{name}": "anybody",
    "GET /sign-in": "anybody",
    "POST /sign-in": "anybody",
    "GET /welcome": "anybody",
    "POST /welcome": "anybody",
    "POST /sign-out": "administrator",
    "GET /": "administrator",
    "GET /runs": "administrator",
    "GET /runs/{seal}": "administrator",
    "GET /runs/{seal}/report": "administrator",
    "GET /runs/{seal}/archive": "administrator",
    "GET /runs/{seal}/files/{name:path}": "administrator",
    "POST /runs/{seal}/shares": "administrator",
    "POST /runs/{seal}/shares/{share:int}/revoke": "administrator",
    "GET /shared/{secret}": "anybody",
    "GET /account": "administrator",
    "POST /account/password": "administrator",
    "POST /account/tokens": "administrator",
    "POST /account/tokens/{token:int}/revoke": "administrator",
    "POST /account/sessions/{session:int}/end": "administrator",
    "GET /admin": "administrator",
    "GET /admin/audit": "administrator",
    "GET /admin/retention": "administrator",
    "POST /admin/retention": "administrator",
    "GET /admin/endpoints": "administrator",
    "POST /admin/endpoints": "administrator",
    "GET /admin/endpoints/{endpoint:int}": "administrator",
    "POST /admin/endpoints/{endpoint:int}/change": "administrator",
    "POST /admin/endpoints/{endpoint:int}/key": "administrator",
    "POST /admin/endpoints/{endpoint:int}/forget-key": "administrator",
    "POST /admin/endpoints/{endpoint:int}/retire": "administrator",
    "POST /admin/endpoints/{endpoint:int}/try": "administrator",
    "POST /api/v1/runs": "push",
    "GET /api/v1/runs/{seal}": "push",
}
PARTS = {
    "{seal}": "0" * 64,
    "{name}": "x.css",
    "{name:path}": "report.md",
    "{token:int}": "999999",
    "{session:int}": "999999",
    "{endpoint:int}": "999999",
    "{share:int}": "999999",
    "{secret}": "a" * 43,
}
CALLERS = ("nobody", "administrator", "push", "metrics")


@pytest.fixture(scope="module")
def callers(site: Site) -> dict[str, Client]:
    return {
        "nobody": site.client(),
        "administrator": site.administrator(),
        "push": site.with_token("push"),
        "metrics": site.with_token("metrics"),
    }


def test_every_route_has_a_line_and_every_line_a_route() -> None:
    assert {f"{rule.method} {rule.path}" for rule in RULES} == EXPECTED.keys()
    assert {rule.access for rule in RULES} == set(Access)


def filled(path: str) -> str:
    for part, value in PARTS.items():
        path = path.replace(part, value)
    assert "{" not in path
    return path


@pytest.mark.parametrize("route", EXPECTED)
def test_each_route_lets_in_whom_its_line_names_and_nobody_else(route: str, callers: dict[str, Client]) -> None:
    method, _, path = route.partition(" ")
    for name in CALLERS:
        client, allowed = callers[name], EXPECTED[route] in ("anybody", name)
        if method == "GET":
            reply = client.get(filled(path))
        elif path == PUSH_PATH:
            reply = client.ask("POST", path, b"", {"Content-Type": "application/x-tar"})
        else:  # a form without its key: it is refused for that, once its caller was let in
            reply = client.post(filled(path), {})
        refused = reply.status in (401, 303) or (reply.status == 403 and "scope" in reply.text)
        asks_to_sign_in = reply.status == 303 and reply.headers["location"].startswith("/sign-in?next=")
        if allowed:
            assert not refused or (reply.status == 303 and not asks_to_sign_in), (name, reply.status, reply.text)
        else:
            assert refused, (name, reply.status, reply.text[:300])
            assert reply.status != 303 or asks_to_sign_in


def test_a_method_that_no_rule_names_is_refused(callers: dict[str, Client]) -> None:
    for rule in RULES:
        for method in ("PUT", "DELETE", "PATCH"):
            assert callers["administrator"].ask(method, filled(rule.path)).status == 405, rule
    assert callers["administrator"].get("/no-such-page").status == 404


def test_a_session_opens_no_tokens_route_and_a_token_no_page(site: Site, callers: dict[str, Client]) -> None:
    both = Client(site.base, callers["administrator"].cookies, {})
    assert both.get("/metrics").status == 401
    with_token = Client(site.base, {}, dict(callers["push"].headers))
    assert with_token.get("/admin").status == 303
