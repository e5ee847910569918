from __future__ import annotations

import json
import re
from pathlib import Path

from packages.server.tests.site import GOLDEN, Site, pushed, run_page
from steelyard_server.archive import packed
from steelyard_server.database.connection import existing_database
from steelyard_server.database.folder import open_data_folder
from steelyard_server.upkeep.withdrawal import withdraw_run


def test_runs_are_listed_narrowed_and_escaped(site: Site, hostile_run: Path) -> None:
    golden, hostile = pushed(site), pushed(site, hostile_run)
    client = site.administrator()
    text = client.get("/p/default/runs").text
    assert text.index(hostile) < text.index(golden), "the newest first"
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "\u202e" not in text
    narrowed = client.get("/p/default/runs?subject=adder&verdict=inconsistent&kind=audit").text
    assert golden in narrowed
    assert hostile not in narrowed
    assert "No run is like that" in client.get("/p/default/runs?subject=%27%22%3E%3Cscript%3E").text


def test_what_an_address_holds_beside_is_left_out(site: Site) -> None:
    client = site.administrator()
    for query in ("before=-1", "before=x", "before=" + "9" * 400, "verdict=%00", "kind=%27--", "before=%C2%B2"):
        assert client.get(f"/p/default/runs?{query}").status == 200


def test_a_run_that_was_withdrawn_is_struck_through_and_answers_gone_everywhere(site: Site, hostile_run: Path) -> None:
    project = site.project("withdrawing")
    seal, stays = pushed(site, project=project), pushed(site, hostile_run, project=project)
    client, program = site.administrator(), site.with_token("read", project)
    page = run_page(seal, project=project)
    made = client.submit(page, f"{page}/shares", label="", days="7").text
    link = re.search(r"/shared/[A-Za-z0-9_-]{43}", made)
    assert link is not None
    assert site.client().get(link[0]).status == 200
    folder = open_data_folder(site.data)
    withdraw_run(existing_database(folder, {}), folder, seal, project=project, reason="<b>by mistake")
    for more in ("", "/answers", "/answers/1", "/report", "/archive", "/files/report.md"):
        reply = client.get(run_page(seal, more, project))
        assert reply.status == 410, more
        assert "by who operates this server (&lt;b&gt;by mistake)" in reply.text
    assert client.get(f"/p/{project}/compare?run={seal}&run={stays}").status == 410
    assert client.get(f"/p/{project}/compare?with={seal}").status == 410
    assert site.client().get(link[0]).status == 410
    listed = client.get(f"/p/{project}/runs").text
    assert listed.count("<s>") == 1
    assert f'href="{run_page(stays, project=project)}"' in listed
    for path in (f"/p/{project}/models", "/"):
        assert run_page(seal, project=project) not in client.get(path).text
    assert [each["seal"] for each in json.loads(program.get("/api/v1/runs").text)["runs"]] == [stays]
    for more in ("", "/report", "/bundle"):
        assert program.get(f"/api/v1/runs/{seal}{more}").status == 410
    headers = {"Content-Type": "application/x-tar", "Content-Encoding": "gzip"}
    again = site.with_token(project=project).ask("POST", "/api/v1/runs", b"".join(packed(GOLDEN)), headers)
    assert (again.status, "was withdrawn" in again.text) == (410, True)
    stranger = site.person("withdrawn-stranger", "admin", site.project("elsewhere"))
    assert stranger.get(page).status == 404
