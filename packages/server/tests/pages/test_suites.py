"""Suites on pages: who sees what, exposure by the runs of a project, and a review put into the files."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from packages.server.tests.site import Client, Site, pushed
from packages.server.tests.suites.yard import HOSTILE, bring, decide, make_suite
from steelyard.suites.encrypting import new_identity
from steelyard.suites.review import read_review
from steelyard.tasks.suite_task import task_from_suite


def at(name: str, more: str = "", project: str = "default") -> str:
    return f"/p/{project}/suites/{name}{more}"


def unpacked(client: Client, name: str, folder: Path) -> Path:
    reply = client.get(at(name, "/archive"))
    assert reply.status == 200
    with tarfile.open(fileobj=io.BytesIO(reply.body)) as archive:
        archive.extractall(folder, filter="data")
    return folder / name


def test_a_suite_has_a_page_that_shows_no_text_as_markup(site: Site, tmp_path: Path) -> None:
    folder = make_suite(tmp_path / "s", "hostile", more=f"about: {HOSTILE!r}\n", about=HOSTILE)
    assert bring(site, folder).status == 201
    viewer = site.person("suites-viewer", "viewer")
    assert at("hostile") in viewer.get("/p/default/suites").text
    page, item = viewer.get(at("hostile")).text, viewer.get(at("hostile", "/items/1")).text
    for text in (page, item):
        assert "<script>" not in text
        assert "\u202e" not in text
        assert "{{7*7}}" in text
    assert "3 items" in page
    assert "Put decisions" not in page
    assert '<button class="quiet-button"' not in item, "a viewer decides nothing"
    assert viewer.get(at("hostile", "/items/4")).status == viewer.get(at("no-such-suite")).status == 404


def test_a_suite_is_in_its_project_alone(site: Site, tmp_path: Path) -> None:
    other = site.project("suites-other")
    bring(site, make_suite(tmp_path / "s", "elsewhere"), project=other)
    viewer = site.person("suites-stranger", "viewer")
    hidden, absent = viewer.get(at("elsewhere", project=other)), viewer.get(at("elsewhere", project="nowhere"))
    assert (hidden.status, hidden.text) == (404, absent.text)
    assert viewer.get(at("elsewhere")).status == 404
    assert "elsewhere" not in viewer.get("/p/default/suites").text


def test_who_is_no_reader_sees_that_a_suite_exists_and_no_item(site: Site, tmp_path: Path) -> None:
    path, public = new_identity(tmp_path / "reader.txt")
    more = f"readers: [{public}]\n"
    assert bring(site, make_suite(tmp_path / "s", "for-readers", more=more)).status == 201
    admin, reader = site.administrator(), site.person("suites-reader", "viewer")
    for client in (admin, reader):
        page = client.get(at("for-readers"))
        assert (page.status, "You do not see its items" in page.text, public in page.text) == (200, True, True)
        assert "/items/" not in page.text
        for more_path in ("/items/1", "/archive", "/review"):
            refused = client.get(at("for-readers", more_path))
            assert (refused.status, "team 1" in refused.text) == (403, False), more_path
    assert admin.submit(at("for-readers"), at("for-readers", "/apply")).status == 403
    show_key(reader, public, path)
    assert "team 1" in reader.get(at("for-readers", "/items/1")).text
    assert "suites-reader" in admin.get(at("for-readers")).text, "whose key it is, and who has seen items"
    assert admin.get(at("for-readers", "/items/1")).status == 403


def show_key(client: Client, public: str, path: Path) -> None:
    import re

    from steelyard.suites.reader_proof import opened_proof

    asked = client.submit("/account/readers", "/account/readers", public_key=public)
    found = re.search(r"--open ([A-Za-z0-9+/=]+)", asked.text)
    assert found is not None, asked.text
    code = opened_proof(found[1], path)
    assert client.submit("/account/readers", "/account/readers/confirm", code=code).status == 303


def test_what_runs_of_the_project_sent_is_its_exposure(site: Site, suite_run: Path, tmp_path: Path) -> None:
    pushed(site, suite_run)
    folder = suite_run.parent / "suite"
    assert bring(site, folder).status == 201
    page = site.administrator().get(at("sums")).text
    assert "By runs here" in page
    assert "100%" in page
    assert "Runs of this project that sent it" in page
    assert page.count(": 6 items to ") == 1 or "items to <span" in page
    assert "not among the endpoints" not in page
    assert "team" not in page


def test_a_review_on_the_page_is_that_of_the_command_line(site: Site, tmp_path: Path) -> None:
    editor, viewer = site.person("suites-editor", "editor"), site.person("suites-onlooker", "viewer")
    bring(site, make_suite(tmp_path / "s", "reviewed", 4), editor)
    kept = decide(editor, at("reviewed", "/items/1"), decision="keep")
    assert (kept.status, kept.headers["location"]) == (303, at("reviewed", "/items/2"))
    decide(editor, at("reviewed", "/items/2"), decision="edit", question="Who mends\r\nthe pump?", answer="team 2")
    decide(editor, at("reviewed", "/items/3"), decision="drop", other="no <b>good</b>")
    page = editor.get(at("reviewed")).text
    assert "3 of 4 items" in page
    assert "3 decisions are not in the suite’s files yet" in page
    assert "looked at this version’s items is not carried" in page
    assert "<strong>not sealed</strong>" not in page, "it was not sealed before"
    assert viewer.submit(at("reviewed"), at("reviewed", "/apply")).status == 403
    made = editor.submit(at("reviewed"), at("reviewed", "/apply"))
    assert (made.status, made.headers["location"]) == (303, at("reviewed"))
    folder = unpacked(editor, "reviewed", tmp_path / "out")
    suite = task_from_suite(folder, to_ask=False)
    items = list(suite.rows.items())
    assert [item.id for item in items] == ["q1", "q2", "q4"]
    assert items[1].question == "Who mends\nthe pump?"
    review = read_review(folder)
    assert review.number_reviewed(items) == 2
    assert {name: each.change.decision for name, each in review.decided.items()} == {
        "q1": "keep", "q2": "edit", "q3": "drop",
    }  # fmt: skip
    assert "no <b>good</b>" in (folder / "dropped.jsonl").read_text()
    page = editor.get(at("reviewed")).text
    assert "2 of 3 items" in page
    assert "by a review here" in page
    assert "Version 1, revision 2: 3 items" in page
    assert [each in page for each in ("<span>1</span>", "<span>1, revision 2</span>")] == [True, True]
    assert "Put decisions" not in page
    nothing = editor.submit(at("reviewed"), at("reviewed", "/apply"))
    assert (nothing.status, "nothing was decided since" in nothing.text) == (400, True)


def test_a_suite_is_never_empty(site: Site, tmp_path: Path) -> None:
    editor = site.person("suites-dropper", "editor")
    bring(site, make_suite(tmp_path / "s", "dropped", 1), editor)
    done = decide(editor, at("dropped", "/items/1"), decision="drop", reason="Nobody would ask this.")
    assert done.headers["location"] == at("dropped") + "#h-review"
    refused = editor.submit(at("dropped"), at("dropped", "/apply"))
    assert (refused.status, "every item is dropped" in refused.text) == (400, True)
