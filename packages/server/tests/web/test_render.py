from __future__ import annotations

import hashlib
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.responses import Response

from packages.server.tests.site import Site
from steelyard_server.web.render import answer_to_poll, script, script_address, style, style_address


def test_the_style_sheet_is_kept_for_ever_by_an_address_that_changes_with_it(site: Site) -> None:
    reply = site.client().get(style_address())
    assert reply.status == 200
    assert reply.body == style()
    assert reply.headers["content-type"].startswith("text/css")
    assert "immutable" in reply.headers["cache-control"]
    assert b"@import" not in style()
    assert b"url(" not in style()


def test_a_visitor_gets_a_key_for_forms_and_one_who_is_signed_in_the_sessions(site: Site) -> None:
    client = site.client()
    first, second = client.key("/sign-in"), client.key("/sign-in")
    assert first == second, "a second tab does not make the first one's form too old"
    assert client.get("/sign-in").cookies == []
    assert site.administrator().key("/account") != first


def test_the_script_is_htmx_as_npm_has_it(site: Site) -> None:
    reply = site.client().get(script_address())
    assert (reply.status, reply.body) == (200, script())
    assert reply.headers["content-type"].startswith("text/javascript")
    assert "immutable" in reply.headers["cache-control"]
    assert hashlib.sha256(script()).hexdigest() == "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717"
    assert site.client().get("/static/another.js").status == 404


@pytest.mark.parametrize(("status", "polled", "refresh"), [(202, 204, None), (200, 200, "true"), (410, 200, "true")])
def test_a_page_that_waits_is_told_nothing_until_it_is_to_load_itself_anew(
    status: int, polled: int, refresh: str | None
) -> None:
    reply = Response("a page", status)
    found = answer_to_poll(asked_with({"hx-request": "true"}), reply)
    assert (found.status_code, found.headers.get("hx-refresh"), found.body) == (polled, refresh, b"")
    assert answer_to_poll(asked_with({}), reply) is reply


def asked_with(headers: dict[str, str]) -> Any:
    return SimpleNamespace(request=SimpleNamespace(headers=headers))
