"""*Audit log*: names at drawing time, filters, and the whole of it as a file whose chain can be followed."""

from __future__ import annotations

import hashlib
import json
import re

from packages.server.tests.site import NAME, Site, pushed_over_http
from steelyard_server.database.connection import existing_database
from steelyard_server.database.folder import open_data_folder
from steelyard_server.pages.audit import _shown
from steelyard_server.upkeep.erasure import erase_person


def test_lines_have_names_with_links_and_are_found_by_who_and_what(site: Site) -> None:
    client = site.administrator()
    seal = pushed_over_http(site)
    text = client.get("/admin/audit").text
    assert re.search(rf'<a class="wide-word" href="/admin/people/\d+">{NAME}</a><br>', text)
    assert f'href="/p/default/runs/{seal}"' in text
    run = re.search(r"/admin/audit\?subject=(run%3A|run:)(\d+)", text)
    assert run is not None
    of_run = client.get(f"/admin/audit?subject=run:{run[2]}").text
    token = re.search(r"/admin/audit\?actor=(token%3A|token:)(\d+)", of_run)
    assert token is not None
    assert re.findall(r'rowheader">([a-z-]+)<', of_run)[-1:] == ["push"]
    assert "their links are not checked here" in of_run
    by_token = client.get(f"/admin/audit?actor=token:{token[2]}").text
    assert set(re.findall(r'rowheader">([a-z-]+)<', by_token)) == {"push"}
    by_name = set(re.findall(r'rowheader">([a-z-]+)<', client.get(f"/admin/audit?actor={NAME.upper()}").text))
    assert "make-token" in by_name
    assert "push" not in by_name
    both = client.get(f"/admin/audit?actor={NAME}&subject=run:{run[2]}").text
    assert "push" not in re.findall(r'rowheader">([a-z-]+)<', both)
    assert "No line is like that" in client.get("/admin/audit?actor=nobody-of-that-name&subject=run:1").text
    for odd in ("%00", "%27;%20DROP", "person:99999999999999999999999", "x" * 500):
        assert client.get(f"/admin/audit?actor={odd}&subject={odd}").status == 200


def test_a_detail_that_is_nothing_is_said_so() -> None:
    line = {"act": "set-budget", "actor": "person:1", "subject": "project:1", "details": {"cost": "5", "tokens": None}}
    assert _shown(json.dumps(line))["details"] == "cost 5, tokens none"


def test_an_erased_persons_name_is_not_shown(site: Site) -> None:
    client = site.administrator()
    site.person("soon-erased", "viewer")
    assert "soon-erased" in client.get("/admin/audit?subject=soon-erased").text
    folder = open_data_folder(site.data)
    erase_person(existing_database(folder, {}), folder, "soon-erased")
    assert "soon-erased<" not in client.get("/admin/audit").text


def test_the_whole_log_is_a_file_and_that_it_was_taken_is_its_last_line(site: Site) -> None:
    client = site.administrator()
    reply = client.get("/admin/audit.jsonl")
    assert reply.headers["content-disposition"] == 'attachment; filename="audit.jsonl"'
    lines = reply.body.splitlines()
    prev = "0" * 64
    for number, line in enumerate(lines):
        content = json.loads(line)
        assert (content["sequence"], content["prev"]) == (number, prev)
        prev = hashlib.sha256(line).hexdigest()
    assert json.loads(lines[-1])["act"] == "export-audit"
    assert prev in client.get("/admin").text, "the head is the page's"
    assert site.person("no-administrator", "admin").get("/admin/audit.jsonl").status == 403
