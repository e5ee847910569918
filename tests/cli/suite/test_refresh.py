"""``steelyard suite refresh``: what it says, and where nothing would change."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.cli import execute
from steelyard.suites.writing import lines_of
from steelyard.tasks.suite_task import SuiteTask, task_from_suite
from tests.api.test_written_twins import suite_of_sums
from tests.suites.test_refreshing import seen, suite_in
from tests.suites.writers.scripted_twins import KINDS, ScriptedTwins, sum_item


@pytest.fixture
def suite(tmp_path: Path) -> SuiteTask:
    return suite_in(tmp_path / "s")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "no endpoint has seen an item"),
        (["--item", "x"], "no item is called 'x'"),
        (["--item", "c"], "none of 1 items has a twin"),
    ],
)
def test_where_nothing_would_change_nothing_does(
    suite: SuiteTask, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.read_bytes() for path in suite.folder.iterdir() if path.is_file()}
    assert execute(["suite", "refresh", str(suite.folder), *arguments]) == 2
    assert words in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in suite.folder.iterdir() if path.is_file()} == before


def test_the_command_says_what_became_of_the_items(suite: SuiteTask, capsys: pytest.CaptureFixture[str]) -> None:
    seen(suite, "a", "c")
    assert execute(["suite", "refresh", str(suite.folder)]) == 0
    said = capsys.readouterr().out
    assert "version 2: 1 twins, 0 retired without one" in said
    assert "1 items that were seen have no twin and stay" in said


def test_a_model_writes_twins_of_what_has_no_rule(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ScriptedTwins() as server:
        folder = suite_of_sums(tmp_path / "s", server.url, count=2 * len(KINDS))
        ruled = sum_item(1)
        (folder / "templates").mkdir()
        rule = {"question": "How many are {{ x }} and 1?", "answer": "{{ x + 1 }}", "values": {"x": "70..99"}}
        (folder / "templates" / "twins.yaml").write_text(json.dumps({"items": {ruled.id: rule}}))
        model = ["--writer-model", f"openai:writer@{server.url}"]
        assert execute(["suite", "refresh", str(folder), "--all", *model]) == 0
        assert not any(ruled.question in body for body in server.bodies)
    said = capsys.readouterr().out
    assert "version 2: 21 twins, 0 retired without one" in said
    assert "19 that the model wrote were thrown out: 5 duplicate, 4 unconfirmed" in said
    assert "19 items that were seen have no twin and stay" in said
    questions = [item.question for item in task_from_suite(folder).rows.items()]
    assert len(questions) == 40
    assert questions[1].startswith("How many are ")
    dropped = [json.loads(line) for line in (folder / "dropped.jsonl").read_text().splitlines()]
    assert len(dropped) == 21 + 19
    assert all(each["reason"] for each in dropped)


def test_without_any_twin_the_suite_is_as_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ScriptedTwins() as server:
        server.only = "wrong"
        folder = suite_of_sums(tmp_path / "s", server.url)
        command = ["suite", "refresh", str(folder), "--all", "--retire", "--writer-model", f"openai:w@{server.url}"]
        assert execute(command) == 1
    assert "no twin was kept, and the suite is as it was: 4 unconfirmed" in capsys.readouterr().err
    suite = task_from_suite(folder)
    assert suite.file.version == 1
    assert (folder / "samples.jsonl").read_bytes() == lines_of([sum_item(number) for number in range(4)])
    assert (folder / "dropped.jsonl").read_text().count('"unconfirmed"') == 4


def test_a_writer_that_the_suite_does_not_name_is_refused(suite: SuiteTask, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["suite", "refresh", str(suite.folder), "--item", "c", "--writer-model", "openai:w@http://127.0.0.1:9/v1"]
    assert execute(command) == 2
    assert "nothing was sent" in capsys.readouterr().err
