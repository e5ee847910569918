"""Labelling on the page by two people who do not see each other's labels, and the judge's figures that follow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from packages.server.tests.pages.test_suites import at
from packages.server.tests.site import Client, Site, pushed
from packages.server.tests.suites.yard import HOSTILE, bring, make_suite
from steelyard.api.calibration import draw_answers, read_calibration
from steelyard.cli import execute
from steelyard.reports.calibration import calibration_lines
from testkit.fixtures import SumsServer
from testkit.judge_server import JudgeServer
from testkit.judged_runs import ONE, judged, run_of

PROJECT = "labelling"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A suite, a run of it, the run of a judge over its 40 answers, and 25 of these to be labelled."""
    folder = tmp_path_factory.mktemp("labelled")
    with pytest.MonkeyPatch.context() as patch, SumsServer() as server, JudgeServer() as judge:
        patch.chdir(folder)
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        patch.setenv("STEELYARD_KEY", str(folder / "no-key.pem"))
        run = run_of(server, judge, folder, rubric=ONE)
        assert execute([*judged(run, judge), "--attacks", "0", "--checks", "0"]) == 0
        assert draw_answers(folder / "rj", folder / "answers.jsonl", 25) == 25
        yield folder


def label_all(client: Client, path: str, words: list[str]) -> None:
    for place, word in enumerate(words, 1):
        reply = client.submit(f"{path}/{place}", f"{path}/{place}", label=word)
        assert reply.status == 303, reply.text


def test_two_people_label_blind_and_the_figures_are_those_of_the_command(
    site: Site, made: Path, tmp_path: Path
) -> None:
    site.project(PROJECT)
    ada, bob = (site.person(f"label-{name}", "editor", PROJECT) for name in ("ada", "bob"))
    seal = pushed(site, made / "rj", PROJECT)
    assert bring(site, made / "sums", ada, PROJECT).status == 201
    place = at("sums", "/labels", PROJECT)
    brought = ada.submit(place, place, title="judge one", answers=(made / "answers.jsonl").read_text())
    assert brought.status == 303, brought.text
    path = brought.headers["location"]
    first, second = ["yes"] * 24 + ["unsure"], ["yes", "no"] * 12 + ["no"]
    few = ada.submit(path, path, run=seal)
    assert (few.status, "Fewer than 20 answers are labelled" in few.text) == (200, True)
    label_all(ada, path, first)
    assert "You said" not in bob.get(f"{path}/1").text
    label_all(bob, path, second)
    assert "You said <strong>no</strong>" in bob.get(f"{path}/2").text
    page = ada.get(path).text
    assert "You have labelled 25 of 25 answers" in page
    assert "label-bob: 25 labels" in page
    files = []
    for client, name in ((ada, "a"), (bob, "b")):
        files.append(tmp_path / f"labels-{name}.jsonl")
        files[-1].write_bytes(client.get(f"{path}/mine").body)
    expected = read_calibration(made / "rj", [made / "answers.jsonl", *files])
    assert expected is not None
    shown = bob.submit(path, path, run=seal)
    assert shown.status == 200, shown.text
    for name, text in calibration_lines(expected):
        assert f"<dt>{name}</dt><dd>{text}</dd>" in shown.text
    wrong = ada.submit(path, path, run="0" * 64)
    assert (wrong.status, "choose the run of a judge" in wrong.text) == (400, True)
    other = ada.submit(path, path, run=pushed(site, project=PROJECT))
    assert (other.status, "is no run of a judge" in other.text) == (400, True)


def test_hostile_answers_are_text_and_a_file_that_is_none_is_one_line(site: Site, tmp_path: Path) -> None:
    import json

    editor, viewer = site.person("label-editor", "editor"), site.person("label-viewer", "viewer")
    bring(site, make_suite(tmp_path / "s", "labels-hostile"), editor)
    place = at("labels-hostile", "/labels")
    for text, words in (("{}", "answers:1: "), ("", "paste the file"), ('{"id": "a"}', "a line has id, question")):
        refused = editor.submit(place, place, title="t", answers=text)
        assert (refused.status, words in refused.text) == (400, True), refused.text
        assert str(site.data) not in refused.text
    row = {"id": "a", "question": HOSTILE, "answer": HOSTILE, "criterion": HOSTILE}
    path = editor.submit(place, place, title=HOSTILE[:90], answers=json.dumps(row)).headers["location"]
    for page in (editor.get(f"{path}/1").text, editor.get(path).text, viewer.get(place).text):
        assert "<script>" not in page
        assert "\u202e" not in page
    assert viewer.get(path).status == 200
    assert viewer.get(f"{path}/1").status == 403, "who labels is an editor"
    assert editor.get(f"{path}/2").status == editor.get(f"{path}999").status == 404
    bad = editor.submit(f"{path}/1", f"{path}/1", label="maybe")
    assert (bad.status, "choose one of the buttons" in bad.text) == (400, True)
    assert editor.post(f"{path}/1", {"label": "yes"}).status == 403, "a form of ours has a key"


def test_labels_of_a_suite_with_readers_are_for_them_alone(site: Site, tmp_path: Path) -> None:
    bring(site, make_suite(tmp_path / "s", "labels-readers", more="readers: [age1x]\n"))
    admin = site.administrator()
    for more in ("/labels", "/labels/1", "/labels/1/1", "/labels/1/mine"):
        assert admin.get(at("labels-readers", more)).status == 403
