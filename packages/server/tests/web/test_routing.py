"""Forms are taken from our own pages alone."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from packages.server.tests.site import NAME, PASSWORD, Client, Site


def test_forms_of_other_sites_and_without_a_key_are_refused(site: Site) -> None:
    client = site.administrator()
    key = client.key("/account")
    fields = {"name": "forged", "scope": "push", "days": "7"}
    for headers, more in (
        ({"Origin": "https://evil.example"}, {"key": key}),
        ({"Origin": "null"}, {"key": key}),
        ({"Origin": site.base.replace("http:", "https:")}, {"key": key}),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, {"key": key}),
        ({}, {"key": "0" * 64}),
        ({}, {}),
        ({"Content-Type": "text/plain"}, {"key": key}),
    ):
        reply = client.post("/account/tokens", {**fields, **more}, headers)
        assert reply.status == 403, (headers, more)
    assert "forged" not in client.get("/account").text
    bare = client.ask(
        "POST", "/account/tokens", f"key={key}&name=x&scope=push&days=7",
        {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-site"},
    )  # fmt: skip
    assert bare.status == 403, "another host of the same domain is another site"


def test_the_key_of_another_session_is_refused(site: Site) -> None:
    one, other = site.administrator(), site.new_session()
    reply = one.post("/account/tokens", {"key": other.key("/account"), "name": "x", "scope": "push", "days": "7"})
    assert reply.status == 403


def test_a_session_that_was_planted_before_the_sign_in_is_not_used_after_it(site: Site) -> None:
    site.administrator()
    client = site.client()
    client.cookies["steelyard-session"] = planted = "A" * 43
    assert client.submit("/sign-in", "/sign-in", name=NAME, password=PASSWORD, next="/").status == 303
    assert client.cookies["steelyard-session"] != planted
    thief = site.client()
    thief.cookies["steelyard-session"] = planted
    assert thief.get("/").status == 303


@pytest.mark.parametrize(
    ("asked", "led"),
    [
        ("/p/default/runs", "/p/default/runs"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/p/default/runs?x=1", "/"),
    ],
)
def test_after_the_sign_in_it_leads_to_pages_of_its_own_alone(asked: str, led: str, site: Site) -> None:
    site.administrator()
    reply = site.client().submit("/sign-in", "/sign-in", name=NAME, password=PASSWORD, next=asked)
    assert reply.headers["location"] == led


def test_a_form_that_cannot_be_read_is_one_line(site: Site) -> None:
    client = site.administrator()
    for body in ("a&b", "a=1&a=2", "&".join(f"f{n}=1" for n in range(100)), "\xff"):
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": site.base}
        reply = client.ask("POST", "/account/tokens", body.encode("latin-1"), headers)
        assert reply.status == 400, body
        assert "This did not work" in reply.text


def test_an_address_that_there_is_not_is_a_page_for_who_is_signed_in(site: Site) -> None:
    client = site.administrator()
    for reply in (client.get("/no/such/page"), client.ask("DELETE", "/account")):
        assert reply.status in (404, 405)
        assert reply.headers["content-type"].startswith("text/html")
        assert 'href="/account"' in reply.text
    stranger = site.client()
    stranger.cookies = {"steelyard-session": "A" * 43}
    assert stranger.get("/no/such/page").text == site.client().get("/no/such/page").text == "there is no such page\n"


def test_a_number_of_thousands_of_digits_leads_nowhere(site: Site) -> None:
    client = site.administrator()
    for digits in (19, 5000):
        assert client.get("/admin/people/" + "9" * digits).status == 404
    assert client.get("/admin/people/" + "9" * 18).status == 404


@contextmanager
def half_sent(site: Site, path: str, headers: dict[str, str], body: str) -> Iterator[list[bytes]]:
    """Send a request but for its last bytes, then the block, then these; the list gets the first line of the reply."""
    address = urlsplit(site.base)
    head = {"Host": address.netloc, "Content-Length": f"{len(body)}", **headers}
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items()), "", ""]
    reply: list[bytes] = []
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        connection.sendall("\r\n".join(lines).encode() + body[:-5].encode())
        site.client().get("/healthz")  # what was sent first is being read now
        yield reply
        connection.sendall(body[-5:].encode())
        reply.append(connection.recv(4096).partition(b"\r\n")[0])


def form_of(client: Client) -> dict[str, str]:
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    return {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookies}


def test_who_signed_out_while_a_form_was_sent_slowly_does_nothing_by_it(site: Site) -> None:
    client = site.administrator()
    body = f"key={client.key('/account')}&scope=push&days=7&project=default&name=slow-token"
    with half_sent(site, "/account/tokens", form_of(client), body) as reply:
        assert client.submit("/account", "/sign-out").status == 303
    assert b"401" in reply[0]
    assert "slow-token" not in site.new_session().get("/account").text


def test_who_was_disabled_while_a_request_was_sent_slowly_does_nothing_by_it(site: Site) -> None:
    boss = site.administrator()
    person = site.person("slow", "runner")
    headers = {"Authorization": f"Bearer {site.token('run', client=person)}", "Content-Type": "application/json"}
    found = re.search(r'href="/admin/people/(\d+)"[^>]*>slow<', boss.get("/admin/people").text)
    assert found is not None
    with half_sent(site, "/api/v1/jobs", headers, '{"asks": {"kind": "run"}}    ') as reply:
        assert boss.submit(f"/admin/people/{found[1]}", f"/admin/people/{found[1]}/disable").status == 303
    assert b"401" in reply[0]
