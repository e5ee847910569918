from __future__ import annotations

from steelyard.server.web.render import style, style_address
from tests.server.site import Site


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
