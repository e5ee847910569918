from __future__ import annotations

import re

from packages.server.tests.site import PASSWORD, Site, join_path


def number_of(site: Site, name: str) -> str:
    found = re.search(rf'/admin/people/(\d+)">{name}<', site.administrator().get("/admin/people").text)
    assert found is not None
    return found[1]


def test_a_person_comes_by_a_link_that_is_shown_once_and_looks_at_their_project(site: Site) -> None:
    client = site.administrator()
    made = client.submit("/admin/people", "/admin/people", name="grace", project="default", role="viewer")
    link = join_path(made.text)
    assert "/join?code" not in client.get("/admin/people").text
    code, visitor = link.rpartition("=")[2], site.client()
    assert "grace" in visitor.get(link).text
    for wrong in ({"again": "another password"}, {"password": "short", "again": "short"}):
        fields = {"code": code, "password": PASSWORD, "again": PASSWORD, **wrong}
        assert visitor.submit(link, "/join", **fields).status == 400
    assert visitor.submit(link, "/join", code=code, password=PASSWORD, again=PASSWORD).status == 303
    text = visitor.get("/").text
    assert "/p/default/runs" in text
    assert "/admin" not in text
    assert visitor.get(link).status == visitor.get("/join?code=" + "A" * 43).status == 403
    late = site.client().submit("/sign-in", "/join", code=code, password=PASSWORD, again=PASSWORD)
    assert late.status == 403


def test_an_administrator_gives_takes_and_disables(site: Site) -> None:
    person, client = site.person("hopper", "runner"), site.administrator()
    page = f"/admin/people/{number_of(site, 'hopper')}"
    assert person.get("/p/default/people").status == 403
    assert client.submit(page, f"{page}/role", project="default", role="admin").status == 303
    assert person.get("/p/default/people").status == 200
    assert "admin</td>" in client.get(page).text
    assert client.submit(page, f"{page}/role", project="default", role="owner").status == 400
    assert client.submit(page, f"{page}/administrator", administrator="yes").status == 303
    assert person.get("/admin").status == 200
    assert client.submit(page, f"{page}/administrator", administrator="no").status == 303
    assert person.get("/admin").status == 403
    assert "/join?code" in client.submit(page, f"{page}/link").text
    assert client.submit(page, f"{page}/disable").status == 303
    assert person.get("/").status == 303
    assert "Let this person in again" in client.get(page).text
    wrong = site.client().submit("/sign-in", "/sign-in", name="hopper", password=PASSWORD, next="/")
    assert (wrong.status, "nobody has this name and password" in wrong.text) == (403, True)
    assert client.submit(page, f"{page}/link").status == 400
    assert client.submit(page, f"{page}/enable").status == 303
    assert person.get("/").status == 303, "the session stays ended"
    again = site.client().submit("/sign-in", "/sign-in", name="hopper", password=PASSWORD, next="/")
    assert again.status == 303
    assert client.get("/admin/people/999999999999999999999999").status == 404


def test_the_last_administrator_is_told_so_on_the_page(site: Site) -> None:
    client = site.administrator()
    page = f"/admin/people/{number_of(site, 'ada')}"
    for act in ("disable", "administrator"):
        reply = client.submit(page, f"{page}/{act}", administrator="no")
        assert reply.status == 400
        assert "this is the last administrator who can sign in with a password" in reply.text
    assert client.get("/admin").status == 200


def test_who_has_no_role_is_told_so_and_gets_no_session(site: Site) -> None:
    client, visitor = site.administrator(), site.client()
    link = join_path(client.submit("/admin/people", "/admin/people", name="bare", project="", role="viewer").text)
    reply = visitor.submit(link, "/join", code=link.rpartition("=")[2], password=PASSWORD, again=PASSWORD)
    assert (reply.status, "steelyard-session" in visitor.cookies) == (403, False)
    assert "you have no role in any project yet" in reply.text
    again = visitor.submit("/sign-in", "/sign-in", name="bare", password=PASSWORD, next="/")
    assert (again.status, "steelyard-session" in visitor.cookies) == (403, False)
    assert "you have no role in any project yet" in again.text
