"""A link as its maker and its reader see it; and that all that is not good gets one reply."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from packages.server.tests.site import GOLDEN, Client, Site, new_platform, pushed
from steelyard.evidence import layout
from steelyard_server.database.folder import DataFolder
from steelyard_server.runs.folders import folder_of
from steelyard_server.shares.limit import MOST
from testkit.browser import open_tab


@pytest.fixture(scope="module")
def own_site(data_template: Path) -> Iterator[Site]:
    with new_platform(data_template) as running:
        yield running


def made(client: Client, seal: str, **fields: str) -> str:
    """A new link's path."""
    reply = client.submit(
        f"/p/default/runs/{seal}", f"/p/default/runs/{seal}/shares", **{"label": "for Bob", "days": "7", **fields}
    )
    assert reply.status == 200, reply.text
    (found,) = {*map(str, re.findall(r"/shared/[A-Za-z0-9_-]{43}", reply.text))}
    return found


def test_whoever_has_the_link_reads_the_sealed_report_and_nothing_else(own_site: Site) -> None:
    client, seal = own_site.administrator(), pushed(own_site)
    path = made(client, seal)
    visitor = own_site.client()
    reply = visitor.get(path)
    assert (reply.status, reply.body) == (200, (GOLDEN / layout.REPORT_PAGE).read_bytes())
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert reply.headers["x-robots-tag"].startswith("noindex")
    assert reply.headers["cache-control"] == "no-store"
    policy = reply.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "frame-ancestors 'none'" in policy
    assert "allow-scripts" not in policy
    assert reply.cookies == []
    for other in (f"/p/default/runs/{seal}", f"/p/default/runs/{seal}/report", f"{path}/files/plan.dsse.json", "/"):
        assert visitor.get(other).status in (303, 404)
    assert visitor.ask("HEAD", path).status == 200
    text = client.get(f"/p/default/runs/{seal}").text
    assert "1 time, last" in text, "a preview's HEAD is not counted"
    assert path not in text, "a link is shown once"
    secret = path.rpartition("/")[2]
    assert secret not in "".join(own_site.lines)
    assert secret not in client.get("/admin/audit").text


def test_all_that_is_not_good_gets_one_reply(own_site: Site) -> None:
    client, seal = own_site.administrator(), pushed(own_site)
    path = made(client, seal, label="soon over")
    unknown = own_site.client().get("/no-such-page")
    share = re.findall(rf"/p/default/runs/{seal}/shares/(\d+)/revoke", client.get(f"/p/default/runs/{seal}").text)[0]
    assert client.submit(f"/p/default/runs/{seal}", f"/p/default/runs/{seal}/shares/{share}/revoke").status == 303
    replies = [own_site.client().get(each) for each in (path, "/shared/" + "a" * 43, "/shared/x", "/shared/%00")]
    assert {(each.status, each.body) for each in replies} == {(404, unknown.body)}
    headers = [
        {key: each.headers[key] for key in each.headers if key not in ("date", "x-request-id")} for each in replies
    ]
    assert all(each == headers[0] for each in headers)
    for fields in ({"days": "91"}, {"days": "x"}):
        reply = client.submit(f"/p/default/runs/{seal}", f"/p/default/runs/{seal}/shares", label="", **fields)
        assert (reply.status, "there is no such time" in reply.text) == (400, True)
    missing = "0" * 64
    assert client.submit("/account", f"/p/default/runs/{missing}/shares", days="7").status == 404


def test_a_link_does_not_live_again_when_its_maker_is_let_in_again(own_site: Site) -> None:
    admin, seal = own_site.administrator(), pushed(own_site)
    maker = own_site.person("shares-and-leaves", "editor")
    path, visitor = made(maker, seal, label="by who leaves"), own_site.client()
    person = re.search(r'href="(/admin/people/\d+)"[^>]*>shares-and-leaves<', admin.get("/admin/people").text)
    assert person is not None
    assert visitor.get(path).status == 200
    for act in ("disable", "enable"):
        assert admin.submit(person[1], f"{person[1]}/{act}").status == 303
        assert visitor.get(path).status == 404
    assert re.search("by who leaves(?s:.)*?revoked", admin.get(f"/p/default/runs/{seal}").text)


def test_a_report_that_changed_on_the_disk_is_not_served(own_site: Site) -> None:
    client, seal = own_site.administrator(), pushed(own_site)
    path = made(client, seal)
    page = folder_of(DataFolder(own_site.data), seal) / layout.REPORT_PAGE
    content = page.read_bytes()
    page.write_bytes(content + b"<p>more</p>")
    assert own_site.client().get(path).status == 404
    page.write_bytes(content)
    assert own_site.client().get(path).status == 200


def test_a_private_suites_texts_are_not_in_what_is_shared(own_site: Site, suite_run: Path) -> None:
    client, seal = own_site.administrator(), pushed(own_site, suite_run)
    shared = own_site.client().get(made(client, seal)).text
    assert "sums" in shared
    assert "green cabinet" not in shared


async def _origin(devtools: str, address: str) -> str:
    """The page's origin as the browser has it. No script of the page runs, so nothing is waited for in it."""
    async with open_tab(devtools) as tab:
        await tab.call("Page.enable")
        await tab.call("Page.navigate", url=address)
        while (await tab.call("Page.getFrameTree"))["frameTree"]["frame"]["url"] != address:
            await asyncio.sleep(0.05)
        return str((await tab.call("Runtime.evaluate", expression="window.origin"))["result"]["value"])


def test_in_a_browser_it_has_no_origin_of_ours(own_site: Site, devtools: str) -> None:
    path = made(own_site.administrator(), pushed(own_site))
    assert asyncio.run(_origin(devtools, own_site.base + path)) == "null"


def test_one_address_cannot_open_links_without_end(own_site: Site) -> None:
    """The last test here: this address has to wait afterwards."""
    visitor = own_site.client()
    replies = [visitor.get("/shared/" + "b" * 43) for _ in range(MOST + 1)]
    assert replies[-1].status == 429
    assert int(replies[-1].headers["retry-after"]) > 0
    assert visitor.get("/sign-in").status == 200, "other pages have other limits"


def test_who_may_not_share_sees_no_form_for_it(own_site: Site) -> None:
    seal = pushed(own_site)
    path = f"/p/default/runs/{seal}"
    assert "Share its report" not in own_site.person("shares-runner", "runner").get(path).text
    assert "Share its report" in own_site.person("shares-editor", "editor").get(path).text
