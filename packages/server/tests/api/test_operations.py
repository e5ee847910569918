"""What every operation has in common: problems as RFC 9457 has them, no cookie, and a limit."""

from __future__ import annotations

import json
import re

import pytest

from packages.server.tests.site import Reply, Site
from steelyard_server.api.operations import OPERATIONS, PUSH_PATH
from steelyard_server.web.bodies import MAX_FORM


def problem(reply: Reply) -> str:
    """The detail of a problem, which is whole and on one line."""
    assert reply.headers["content-type"] == "application/problem+json"
    found = json.loads(reply.text)
    assert (found["type"], found["status"], reply.text.count("\n")) == ("about:blank", reply.status, 1)
    assert found["title"]
    detail: str = found["detail"]
    return detail


def test_what_is_wrong_before_any_route_is_a_problem_too(site: Site) -> None:
    client = site.client()
    assert "answers to no other name" in problem(client.get("/api/v1/me", Host="evil.example"))
    assert problem(client.get("/api/v1/no-such")) == "there is no such page"
    wrong = client.ask("DELETE", PUSH_PATH)
    assert (problem(wrong), wrong.headers["allow"]) == ("this page takes no such request", "GET, HEAD, POST")
    large = client.ask("GET", "/api/v1/me", b"x" * (MAX_FORM + 1))
    assert (large.status, "65,536 bytes" in problem(large)) == (413, True)
    assert "Authorization: Bearer" in problem(client.get("/api/v1/me"))


def test_a_session_is_no_key_to_it_and_none_is_begun(site: Site) -> None:
    browser = site.administrator()
    for operation in OPERATIONS:
        reply = browser.ask(operation.method, re.sub(r"{\w+:int}", "1", operation.path).replace("{seal}", "0" * 64))
        assert (reply.status, reply.cookies) == (200 if operation.is_open else 401, [])
    assert browser.get("/api/v1/no-such").headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("scheme", ["Basic", "bearer x", "Bearer", ""])
def test_what_is_no_token_is_refused(site: Site, scheme: str) -> None:
    reply = site.client().get("/api/v1/me", Authorization=scheme)
    assert (reply.status, reply.headers["www-authenticate"]) == (401, "Bearer")


def test_health_asks_nothing_of_the_database(site: Site) -> None:
    assert json.loads(site.client().get("/api/v1/health").text) == {"status": "alive"}
