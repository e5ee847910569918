from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

from packages.server.tests.pages.test_suites import at
from packages.server.tests.site import Site
from packages.server.tests.suites.yard import bring, decide, make_suite, sha_on
from testkit.suite_files import suite_at


def test_a_form_that_decides_nothing_is_refused_and_keeps_what_was_typed(site: Site, tmp_path: Path) -> None:
    editor, path = site.person("items-editor", "editor"), at("forms", "/items/1")
    bring(site, make_suite(tmp_path / "s", "forms"), editor)
    for fields, words in (
        ({"decision": ""}, "choose one of the buttons"),
        ({"decision": "drop"}, "say why it is dropped"),
        ({"decision": "edit", "question": "Who mends pump 1? ", "answer": ""}, "the answer is empty"),
        ({"decision": "mark", "tags": "x" * 70}, "a tag is printable text"),
    ):
        refused = decide(editor, path, **fields)
        assert (refused.status, words in refused.text) == (400, True), fields
    same = editor.get(path).text
    assert "not in the suite’s files yet" not in same
    typed = decide(editor, path, decision="edit", question="   ", answer="team 9")
    assert (typed.status, "team 9</textarea>" in typed.text) == (400, True)
    late = editor.submit(path, path, decision="keep", sha256="0" * 64)
    assert (late.status, "was changed meanwhile" in late.text) == (400, True)
    assert editor.post(path, {"decision": "keep", "sha256": sha_on(same)}).status == 403, "a form of ours has a key"


def test_tags_stay_with_a_later_decision_and_a_decision_can_be_taken_back(site: Site, tmp_path: Path) -> None:
    editor, path = site.person("items-marker", "editor"), at("marks", "/items/1")
    bring(site, make_suite(tmp_path / "s", "marks"), editor)
    marked = decide(editor, path, decision="mark", tags="pumps, valves, pumps", difficulty="hard")
    assert (marked.status, marked.headers["location"]) == (303, path)
    decide(editor, path, decision="keep")
    page = editor.get(path).text
    assert 'value="pumps, valves"' in page
    assert '<option value="hard" selected>' in page
    assert "Kept</strong> by items-marker" in page
    decide(editor, path, decision="clear")
    assert "still to be reviewed" in editor.get(path).text
    assert "0 of 3 items" in editor.get(at("marks")).text


def test_an_item_shows_its_choices_its_conversation_and_its_images(site: Site, tmp_path: Path) -> None:
    png = bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cf50000003010100c9fe92"
        "ef0000000049454e44ae426082"
    )
    name = f"{sha256(png).hexdigest()}.png"
    row = {"id": "a", "question": "Which?", "choices": ["one", "two"], "answer": "two", "images": [name],
           "history": [{"role": "user", "text": "Hello there"}]}  # fmt: skip
    folder = suite_at(tmp_path / "s", "suite: shown\n", json.dumps(row) + "\n")
    (folder / "images").mkdir()
    (folder / "images" / name).write_bytes(png)
    taken = bring(site, folder)
    assert taken.status == 201, taken.text
    page = site.administrator().get(at("shown", "/items/1")).text
    assert "Hello there" in page
    assert '<option value="two" selected>' in page
    assert f"images/{name}" in page
