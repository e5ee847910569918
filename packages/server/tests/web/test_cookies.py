from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from packages.server.tests.site import Site
from steelyard_server.web.cookies import (
    cookie_of,
    drop_session_cookie,
    hint_cookie_of,
    set_hint_cookie,
    set_session_cookie,
)


def call(*, secure: bool, sent: str = "") -> Any:
    request = Request({"type": "http", "headers": [(b"cookie", sent.encode())]})
    return SimpleNamespace(request=request, platform=SimpleNamespace(settings=SimpleNamespace(is_secure=secure)))


def test_over_https_a_cookie_is_bound_to_its_host() -> None:
    reply = Response()
    set_session_cookie(reply, call(secure=True), "secret", 60)
    found = reply.headers["set-cookie"]
    assert found.startswith("__Host-steelyard-session=secret;")
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax", "Max-Age=60"} <= {each.strip() for each in found.split(";")}
    assert cookie_of(call(secure=True, sent="__Host-steelyard-session=abc; steelyard-session=planted")) == "abc"
    assert cookie_of(call(secure=True, sent="steelyard-session=planted")) == ""
    assert cookie_of(call(secure=False, sent="steelyard-session=" + "x" * 200)) == ""


def test_a_session_is_taken_back() -> None:
    reply = Response()
    drop_session_cookie(reply, call(secure=False))
    assert "Max-Age=0" in reply.headers["set-cookie"]


def test_on_loopback_scripts_cannot_read_it_either(site: Site) -> None:
    client = site.administrator()
    reply = client.submit("/account", "/sign-out")
    assert all("HttpOnly" in each and "SameSite=lax" in each for each in reply.cookies)


def test_an_id_token_stays_with_the_browser_for_one_address_and_only_if_it_is_one_and_small() -> None:
    reply = Response()
    set_hint_cookie(reply, call(secure=True), "aa.b-b.c_c", 60)
    found = reply.headers["set-cookie"]
    assert found.startswith("__Secure-steelyard-sign-out=aa.b-b.c_c;")
    assert {"Secure", "HttpOnly", "Path=/sign-out", "SameSite=strict"} <= {*found.split("; ")}
    assert hint_cookie_of(call(secure=True, sent="__Secure-steelyard-sign-out=aa.b-b.c_c")) == "aa.b-b.c_c"
    for no_token in ("", "abc", "a.b", "a.b.c&x=y", "a.b.c d", "a.b." + "c" * 3500):
        reply = Response()
        set_hint_cookie(reply, call(secure=True), no_token, 60)
        assert "Max-Age=0" in reply.headers["set-cookie"]
        assert hint_cookie_of(call(secure=True, sent=f"__Secure-steelyard-sign-out={no_token}")) == ""
