"""The pages of webhooks as admins use them, against a receiver that verifies by itself; a secret is shown once."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest

from packages.server.tests.jobs.yard import wait_for
from packages.server.tests.notify.receiver import is_signed, receiving
from packages.server.tests.site import Client, Site, pushed

HOOKS = "/p/default/webhooks"


def allowed(site: Site, base: str) -> None:
    reply = site.administrator().submit("/admin/webhooks", "/admin/webhooks", address=base)
    assert reply.status == 303, reply.text


def added(client: Client, url: str, *kinds: str, page: str = HOOKS) -> tuple[str, str]:
    """Add a webhook; the path of its page, and its secret."""
    reply = client.submit(page, page, address=url, **{f"kind-{kind}": "yes" for kind in kinds})
    assert reply.status == 200, reply.text
    found = re.search(r"whsec_[A-Za-z0-9+/=]{44}", unescape(reply.text))
    place = re.search(rf'action="({page}/\d+)/test"', reply.text)
    assert found is not None
    assert place is not None
    return place[1], found[0]


def test_a_webhook_from_the_list_of_places_to_a_verified_event(site: Site) -> None:
    project = site.project("hooked")
    page, admin = f"/p/{project}/webhooks", site.person("hook-admin", "admin", project)
    with receiving() as receiver:
        refused = admin.submit(page, page, address=f"{receiver.base}/x", **{"kind-run.verified": "yes"})
        assert (refused.status, "webhooks may not go there" in refused.text) == (400, True)
        allowed(site, receiver.base)
        place, secret = added(admin, f"{receiver.base}/x?y=z", "run.verified", "run.inconsistent", page=page)
        for shown in (place, page, "/account"):
            assert secret not in unescape(admin.get(shown).text), "it is shown once"
        assert admin.submit(place, f"{place}/test").status == 303
        wait_for(lambda: receiver.got)
        seal = pushed(site, project=project)
        wait_for(lambda: len(receiver.got) == 2)
        test, run = receiver.got
        assert all(is_signed(secret, each.headers, each.body) for each in (test, run))
        body = json.loads(run.body)
        assert body["type"].startswith("run.")
        assert body["data"]["url"] == f"{site.base}/p/{project}/runs/{seal}"
        assert json.loads(test.body)["type"] == "webhook.test"
        wait_for(lambda: admin.get(place).text.count("taken (204)") == 2)
        assert test.headers["webhook-id"] in admin.get(place).text
        renewed = admin.submit(place, f"{place}/secret")
        assert "whsec_" in renewed.text
        assert "Two sign at the moment" in admin.get(place).text
        assert admin.submit(place, f"{place}/end-secret").status == 303
        assert "One signs" in admin.get(place).text
        assert admin.submit(place, f"{place}/kinds", **{"kind-job.failed": "yes"}).status == 303
        assert admin.submit(place, f"{place}/kinds").status == 400, "none at all"
        assert admin.submit(place, f"{place}/switch", on="no").status == 303
        assert "an admin of the project switched it off" in admin.get(place).text
        assert admin.submit(place, f"{place}/switch", on="yes").status == 303
        assert admin.submit(place, f"{place}/retire").status == 303
        assert admin.get(place).status == 404
    assert secret not in "".join(site.lines)
    assert secret not in site.administrator().get("/admin/audit").text


def test_another_projects_webhook_is_not_there(site: Site) -> None:
    project = site.project("hooked-too")
    admin = site.person("hook-too", "admin", project)
    allowed(site, "http://10.1.2.3:81")
    place, _ = added(site.administrator(), "http://10.1.2.3:81/x", "job.failed")
    number = place.rpartition("/")[2]
    other = f"/p/{project}/webhooks/{number}"
    assert admin.get(other).status == 404
    key = {"key": admin.key(f"/p/{project}/webhooks")}
    for act in ("test", "switch", "secret", "end-secret", "kinds"):
        assert admin.post(f"{other}/{act}", key | {"kind-job.failed": "yes"}).status == 404, act
    assert "there is no such webhook" in admin.post(f"{other}/retire", key).text
    assert site.administrator().get(place).status == 200


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://169.254.169.254/x", "link-local"),
        ("http://2852039166/", "link-local"),
        ("http://0.0.0.0:8000/", "no server has"),
        ("OWN", "this is the platform itself"),
        ("ftp://x.example/", "begins with http"),
        ("http://u:p@x.example/", "without a name"),
        ("http://x.example/<script>alert(1)</script>", "plain letters"),
    ],
)
def test_what_is_never_called_is_refused_on_both_forms(site: Site, address: str, words: str) -> None:
    given = f"http://localhost:{site.base.rpartition(':')[2]}/" if address == "OWN" else address
    client = site.administrator()
    hook = client.submit(HOOKS, HOOKS, address=given, **{"kind-job.failed": "yes"})
    place = client.submit("/admin/webhooks", "/admin/webhooks", address=given)
    for reply in (hook, place):
        assert (reply.status, words in unescape(reply.text)) == (400, True), reply.text
        assert "<script" not in reply.text


def test_what_a_receiver_answers_is_escaped_and_cut(site: Site) -> None:
    client = site.administrator()
    with receiving() as receiver:
        receiver.answer = lambda _: (418, {}, b"<script>alert(1)</script>\n" + b"tea " * 200)
        allowed(site, receiver.base)
        place, _ = added(client, receiver.base, "job.failed")
        client.submit(place, f"{place}/test")
        wait_for(lambda: "not taken (418)" in client.get(place).text)
        text = client.get(place).text
    assert "<script" not in text
    assert 0 < text.count("tea ") <= 60
    again = client.submit(place, f"{place}/test")
    assert (again.status, "still on its way" in again.text) == (400, True)
