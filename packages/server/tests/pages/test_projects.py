from __future__ import annotations

import asyncio

from packages.server.tests.site import Client, Site, pushed, run_page
from testkit.browser import open_tab


def test_a_project_is_made_and_its_admin_says_who_has_which_role(site: Site) -> None:
    client, project = site.administrator(), site.project("claims")
    chief, other = site.person("curie", "admin", project), site.person("noether", "viewer")
    page = f"/p/{project}/people"
    assert other.get(page).status == 404
    assert chief.submit(page, page, name="Noether", role="runner").status == 303
    assert "runner" in other.get("/").text
    assert other.get(page).status == 403
    assert "noether" in chief.get(page).text
    assert "noether" not in chief.get("/p/default/people").text
    assert chief.submit(page, page, name="nobody-there", role="runner").status == 400
    assert chief.submit(page, page, name="noether", role="").status == 303
    assert other.get(page).status == 404
    assert client.get("/admin/projects").text.count(f"/p/{project}/runs") == 1
    assert client.submit("/admin/projects", "/admin/projects", name="Not a name").status == 400
    assert chief.get("/admin/projects").status == 403


def test_the_same_run_in_two_projects_is_two_and_each_has_its_own_files(site: Site) -> None:
    project = site.project("other")  # as in the test of the routes: a verification takes a while
    seal, client = pushed(site), site.administrator()
    assert pushed(site, project=project) == seal
    assert client.get(run_page(seal, project=project)).status == 200
    assert len([*site.data.glob("runs/??/*")]) >= 2
    bodies = [client.get(run_page(seal, "/files/report.md", each)).body for each in ("default", project)]
    assert bodies[0] == bodies[1] != b""
    for each in ("default", project):  # the overview has the last ten alone
        assert run_page(seal, project=each) in client.get(f"/p/{each}/runs").text


PAGES = ("/", "/account", "/admin", "/admin/people", "/admin/people/1", "/admin/projects", "/admin/groups")


async def _visit(devtools: str, site: Site, client: Client) -> list[str]:
    async with open_tab(devtools) as tab:
        await tab.call("Network.enable")
        for name, value in client.cookies.items():
            await tab.call("Network.setCookie", name=name, value=value, url=site.base, httpOnly=True)
        wrong = []
        for path in (*PAGES, "/p/default/people"):
            visit = await tab.visit(f"{site.base}{path}", width=390, dark=True)
            if visit.widths[0] > visit.widths[1] or visit.errors:
                wrong.append(f"{path}: {visit.widths} {visit.errors}")
        return wrong + tab.errors()


def test_no_page_scrolls_sideways_on_a_phone_or_has_an_error(site: Site, devtools: str) -> None:
    client = site.administrator()
    site.person("somebody-with-a-very-long-name-of-eighty-letters-and-no-blank-in-it.example", "runner")
    assert asyncio.run(_visit(devtools, site, client)) == []
