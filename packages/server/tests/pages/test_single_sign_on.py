"""Signing in by a provider, as a browser goes the way: against a stub on loopback that can do everything wrong."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from packages.server.tests.oidc.stub import Stub, come_back, oidc_options, query_of, rsa_key, sign_in, stub_provider
from packages.server.tests.site import NAME, PASSWORD, Site, new_platform
from steelyard_server.access.attempts import BY_ADDRESS


@pytest.fixture(scope="module")
def stub() -> Iterator[Stub]:
    with stub_provider() as found:
        yield found


@pytest.fixture(scope="module")
def sso(stub: Stub, data_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server of its own, where the group staff looks and the group bosses administrates."""
    options = oidc_options(tmp_path_factory.mktemp("oidc"), stub.address)
    with new_platform(data_template, *options) as site:
        client = site.administrator()
        for group, role in (("staff", "viewer"), ("bosses", "server")):
            fields = {"group": group, "role": role, "project": "default"}
            assert client.submit("/admin/groups", "/admin/groups", **fields).status == 303
        yield site


def test_while_the_provider_is_away_it_is_said_and_a_password_works(sso: Site, stub: Stub) -> None:
    """First, since what the provider publishes is kept for an hour."""
    stub.status = 503
    try:
        reply = sso.client().get("/sign-in/provider")
        assert reply.status == 503
        assert "The identity provider does not answer as it should" in reply.text
        assert 'name="password"' in reply.text
        local = sso.client().submit("/sign-in", "/sign-in", name=NAME, password=PASSWORD, next="/")
        assert local.status == 303
    finally:
        stub.status = 200
    while sso.client().get("/sign-in/provider").status != 303:  # it is not asked again for some seconds
        threading.Event().wait(0.2)
    assert any('"single sign-on"' in line and "status 503" in line for line in sso.lines)


def test_a_group_lets_in_and_a_session_is_new(sso: Site, stub: Stub) -> None:
    client = sso.client()
    assert 'href="/sign-in/provider"' in client.get("/sign-in").text
    client.cookies["steelyard-session"] = planted = "A" * 43
    query = query_of(client.get("/sign-in/provider?next=/p/default/runs"))
    assert query["redirect_uri"] == f"{sso.base}/sign-in/callback"
    assert "steelyard-provider" in client.cookies
    reply = come_back(client, stub.code(query, groups=["staff"]), query["state"], f"&iss={stub.address}")
    assert (reply.status, reply.headers["location"]) == (303, "/p/default/runs")
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert client.cookies["steelyard-session"] != planted
    assert client.cookies["steelyard-provider"] in ("", '""')
    assert client.get("/p/default/runs").status == 200
    assert client.get("/admin").status == 403
    assert "You sign in by the identity provider" in client.get("/account").text
    text = sso.administrator().get("/admin/people").text
    assert "viewer in default" in text


def test_without_a_place_to_sign_out_at_the_session_here_ends(sso: Site, stub: Stub) -> None:
    client = sso.client()
    assert sign_in(stub, client, "stays", groups=["staff"]).status == 303
    reply = client.submit("/account", "/sign-out")
    assert (reply.status, reply.headers["location"]) == (303, "/sign-in")
    assert client.get("/account").status == 303
    again = sso.client().get("/sign-out/provider")
    assert (again.status, again.headers["location"]) == (303, "/sign-in")


def test_roles_follow_the_groups_at_each_sign_in(sso: Site, stub: Stub) -> None:
    first, second = sso.client(), sso.client()
    assert sign_in(stub, first, "boss", groups=["bosses"], preferred_username="boss").status == 303
    assert first.get("/admin").status == 200
    assert sign_in(stub, second, "boss", groups="staff").status == 303
    assert first.get("/admin").status == second.get("/admin").status == 403, "in the older session, too"
    reply = sign_in(stub, second, "boss", groups=["others"])
    assert (reply.status, "you have no role in any project yet" in reply.text) == (403, True)
    assert first.get("/").status == 303


def test_a_state_is_bound_to_the_browser_and_used_for_one_sign_in(sso: Site, stub: Stub) -> None:
    victim, thief = sso.client(), sso.client()
    query = query_of(thief.get("/sign-in/provider"))
    code = stub.code(query, groups=["staff"])
    for client in (victim, sso.client()):
        reply = come_back(client, code, query["state"])
        assert (reply.status, "steelyard-session" in client.cookies) == (403, False)
        assert "began in another browser" in reply.text
    other = query_of(victim.get("/sign-in/provider"))
    for state in (query["state"], "", other["state"] + "x"):
        again = query_of(victim.get("/sign-in/provider"))
        assert come_back(victim, code, state).status == 403
        assert come_back(victim, code, again["state"]).status == 403, "each answer ends the sign-in"
    assert "steelyard-session" not in victim.cookies
    assert come_back(thief, code, query["state"]).status == 303, "the code was never redeemed by another browser"


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"nonce": "another"}, "it belongs to another sign-in"),
        ({"nonce": None}, "it belongs to another sign-in"),
        ({"iss": "https://id.example"}, "issued by another provider"),
        ({"aud": "another"}, "for another application (aud)"),
        ({"aud": ["steelyard", "another"], "azp": "another"}, "for another application (azp)"),
        ({"exp": int(time.time()) - 3600}, "it has expired"),
        ({"sub": None}, "names no subject"),
        ({"_claim_names": {"groups": "src1"}}, "there are too many"),
    ],
)
def test_a_token_that_is_not_for_this_sign_in_lets_nobody_in(
    sso: Site, stub: Stub, claims: dict[str, Any], words: str
) -> None:
    client = sso.client()
    reply = sign_in(stub, client, groups=["bosses"], **claims)
    assert (reply.status, words in reply.text) == (403, True), reply.text
    assert "steelyard-session" not in client.cookies
    assert "sign-in-refused" in sso.administrator().get("/admin/audit").text


def test_an_unknown_key_another_issuers_answer_and_a_refusal_let_nobody_in(sso: Site, stub: Stub) -> None:
    client, stub.key = sso.client(), rsa_key("unknown")
    try:
        reply = sign_in(stub, client, groups=["bosses"])
    finally:
        stub.key = None
    assert (reply.status, "a key that the provider does not publish" in reply.text) == (403, True)
    query = query_of(client.get("/sign-in/provider"))
    mixed = come_back(client, stub.code(query, groups=["bosses"]), query["state"], "&iss=https://evil.example")
    assert (mixed.status, "Another provider answered" in mixed.text) == (403, True)
    query = query_of(client.get("/sign-in/provider"))
    denied = client.get(f"/sign-in/callback?error=access_denied&error_description=%3Cb%3E&state={query['state']}")
    assert (denied.status, "<b>" in denied.text) == (403, False)
    assert "steelyard-session" not in client.cookies


@pytest.mark.parametrize("asked", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_it_leads_to_pages_of_its_own_alone(sso: Site, stub: Stub, asked: str) -> None:
    client = sso.client()
    query = query_of(client.get(f"/sign-in/provider?next={asked}"))
    reply = come_back(client, stub.code(query, groups=["staff"]), query["state"])
    assert (reply.status, reply.headers["location"]) == (303, "/")


def test_the_page_of_groups_says_how_the_provider_is_set_up_and_ends_a_line(sso: Site, stub: Stub) -> None:
    admin, client = sso.administrator(), sso.client()
    text = admin.get("/admin/groups").text
    assert f"{sso.base}/sign-in/callback" in text
    assert "s3cret" not in text
    fields = {"group": "<b>short", "role": "runner", "project": "default"}
    assert admin.submit("/admin/groups", "/admin/groups", **fields).status == 303
    assert admin.submit("/admin/groups", "/admin/groups", **fields).status == 400
    text = admin.get("/admin/groups").text
    assert "<b>short" not in text
    assert sign_in(stub, client, "short", groups=["<b>short"], preferred_username="short").status == 303
    last = text.rpartition("/admin/groups/")[0].rpartition("/admin/groups/")[2]
    numbers = [part.partition("/end")[0] for part in text.split("/admin/groups/")[1:]]
    assert last
    assert client.get("/p/default/runs").status == 200
    for number in numbers:
        page = admin.get("/admin/groups").text
        row = page.partition(f"/admin/groups/{number}/end")[0].rpartition("<tr")[2]
        if "short" in row:
            assert admin.submit("/admin/groups", f"/admin/groups/{number}/end").status == 303
    assert client.get("/p/default/runs").status == 303, "what it gave ended at once"


def test_no_secret_of_a_sign_in_is_in_the_log(sso: Site, stub: Stub) -> None:
    client = sso.client()
    query = query_of(client.get("/sign-in/provider"))
    cookie, code = client.cookies["steelyard-provider"], stub.code(query, groups=["staff"])
    assert come_back(client, code, query["state"]).status == 303
    log = "".join(sso.lines)
    for secret in (cookie, code, query["state"], query["nonce"], "s3cret", client.cookies["steelyard-session"]):
        assert secret not in log


def test_without_a_provider_both_ways_say_so(site: Site) -> None:
    for path in ("/sign-in/provider", "/sign-in/callback?code=x"):
        reply = site.client().get(path)
        assert (reply.status, "No identity provider is configured" in reply.text) == (404, True)


def test_many_failures_have_to_wait(sso: Site) -> None:
    """Last, since it closes the way for all who come from this address."""
    client = sso.client()
    statuses: list[int] = []
    while not statuses or statuses[-1] == 403:
        statuses.append(client.get("/sign-in/callback?code=x&state=y").status)
        assert len(statuses) <= BY_ADDRESS + 1
    assert statuses[-1] == 429
    local = client.submit("/sign-in", "/sign-in", name=NAME, password=PASSWORD, next="/")
    assert local.status == 429


@pytest.mark.parametrize(
    ("endpoint", "leads"),
    [
        ("/session/end", True), ("/session/end?tenant=7", True),
        # Where it is no address to send anybody to, people sign in all the same, and out of this server alone.
        ("http://elsewhere.example/end", False), ("javascript:alert(1)", False), (7, False),
    ],
)  # fmt: skip
def test_who_came_by_the_provider_signs_out_there_too(
    data_template: Path, tmp_path: Path, endpoint: Any, leads: bool
) -> None:
    with stub_provider() as own:
        place = f"{own.address}{endpoint}" if leads else endpoint
        own.discovery["end_session_endpoint"] = place
        with new_platform(data_template, *oidc_options(tmp_path, own.address)) as site:
            admin = site.administrator()
            fields = {"group": "staff", "role": "viewer", "project": "default"}
            assert admin.submit("/admin/groups", "/admin/groups", **fields).status == 303
            client = site.client()
            back = sign_in(own, client, "grace", groups=["staff"])
            assert back.status == 303
            (kept,) = [each for each in back.cookies if each.startswith("steelyard-sign-out=")]
            assert {"HttpOnly", "Path=/sign-out", "SameSite=strict"} <= {*kept.split("; ")}
            token = client.cookies["steelyard-sign-out"]
            assert json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))["preferred_username"] == "grace"
            reply = client.submit("/account", "/sign-out")
            assert client.get("/account").status == 303, "here it is over at once"
            if not leads:
                assert (reply.status, reply.headers["location"]) == (303, "/sign-in")
                return
            assert reply.status == 200
            assert '<meta http-equiv="refresh" content="0; url=/sign-out/provider">' in reply.text
            assert "Sign out grace" not in reply.text
            there = client.get("/sign-out/provider")
            assert there.status == 303
            address, _, asked = there.headers["location"].partition("&" if "tenant" in place else "?")
            assert address == place
            assert dict(parse_qsl(asked)) == {
                "client_id": "steelyard", "post_logout_redirect_uri": f"{site.base}/sign-in", "id_token_hint": token,
            }  # fmt: skip
            assert client.cookies["steelyard-sign-out"] in ("", '""'), "it is used once"
            again = client.get("/sign-out/provider").headers["location"]
            assert "client_id=steelyard" in again
            assert "id_token_hint" not in again
            assert there.headers["referrer-policy"] == "no-referrer"
            local = admin.submit("/account", "/sign-out")
            assert (local.status, local.headers["location"]) == (303, "/sign-in"), "who has a password here alone"


def test_while_the_provider_is_away_signing_out_ends_the_session_here_and_says_so(
    data_template: Path, tmp_path: Path
) -> None:
    with stub_provider() as own:
        own.status = 503
        with new_platform(data_template, *oidc_options(tmp_path, own.address)) as site:
            reply = site.client().get("/sign-out/provider")
    assert reply.status == 503
    assert "you may still be signed in there" in reply.text


def test_without_a_provider_there_is_none_to_sign_out_at(site: Site) -> None:
    reply = site.client().get("/sign-out/provider")
    assert (reply.status, reply.headers["location"]) == (303, "/sign-in")
