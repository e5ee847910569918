"""What was seen is retired, twins take its place, and the suite has another version."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.errors import InputError, NothingKept
from steelyard.records import DroppedItem, SuiteItem
from steelyard.suites.exposures import append_exposures
from steelyard.suites.refreshing import refresh_suite, wanted_items, without_rule
from steelyard.suites.writers.twins import WrittenTwins
from steelyard.tasks.suite_task import SuiteTask, task_from_suite
from testkit.suite_files import suite_at

RULES = "items:\n  a:\n    question: 'What is {{ x }} + 3?'\n    answer: '{{ x + 3 }}'\n    values: {x: 10..99}\n"


def suite_in(folder: Path) -> SuiteTask:
    items = [
        {"id": "a", "question": "What is 1 + 3?", "answer": "4", "canary": "c1"},
        {"id": "b", "question": "Anna has a cat. Who has it?", "answer": "Anna"},
        {"id": "c", "question": "What is the fee?", "answer": "5"},
        {"id": "d", "question": "What is the limit?", "answer": "6"},
    ]
    suite_at(folder, "suite: s\n# a remark\n", "".join(json.dumps(item) + "\n" for item in items))
    (folder / "templates").mkdir()
    (folder / "templates" / "twins.yaml").write_text(RULES)
    return task_from_suite(folder)


@pytest.fixture
def suite(tmp_path: Path) -> SuiteTask:
    return suite_in(tmp_path / "s")


def seen(suite: SuiteTask, *items: str) -> SuiteTask:
    append_exposures(suite.folder, "r1", suite.suite, "ended", {"https://api.example/v1": items})
    return suite


def questions(folder: Path) -> list[str]:
    return [item.question for item in task_from_suite(folder).rows.items()]


def test_what_an_endpoint_has_seen_gets_a_twin_and_another_version(suite: SuiteTask) -> None:
    done = refresh_suite(seen(suite, "a", "b", "c"), "s")
    assert (done.twins, done.retired, done.kept, done.version) == (2, 0, 1, 2)
    found = questions(suite.folder)
    assert found[0] != "What is 1 + 3?"
    assert "Anna" not in found[1]
    assert found[2:] == ["What is the fee?", "What is the limit?"]
    text = (suite.folder / "suite.yaml").read_text()
    assert "# a remark" in text
    assert "version: 2" in text
    dropped = [json.loads(line) for line in (suite.folder / "dropped.jsonl").read_text().splitlines()]
    assert [each["item"]["id"] for each in dropped] == ["a", "b"]
    assert dropped[0]["reason"].startswith("Retired: an endpoint has seen it; q-")
    first = next(iter(task_from_suite(suite.folder).rows.items()))
    assert first.canary == "c1"


def test_what_has_no_twin_can_be_retired(suite: SuiteTask) -> None:
    done = refresh_suite(seen(suite, "c"), "s", retire_all=True)
    assert (done.twins, done.retired, done.kept) == (0, 1, 0)
    assert len(questions(suite.folder)) == 3


def test_named_items_and_all(suite: SuiteTask) -> None:
    assert refresh_suite(suite, "s", ["a"]).twins == 1
    again = task_from_suite(suite.folder)
    done = refresh_suite(again, "s", all_items=True)
    assert (done.twins, done.kept, done.version) == (1, 3, 3)


def test_all_cannot_be_retired(suite: SuiteTask) -> None:
    (suite.folder / "templates" / "twins.yaml").unlink()
    (suite.folder / "samples.jsonl").write_text('{"id": "c", "question": "What is the fee?", "answer": "5"}\n')
    with pytest.raises(InputError, match="every item would be retired"):
        refresh_suite(task_from_suite(suite.folder), "s", all_items=True, retire_all=True)


def test_a_models_twins_take_the_place_of_what_has_no_rule(suite: SuiteTask) -> None:
    wanted = wanted_items(suite, all_items=True)
    assert wanted == {"a", "b", "c", "d"}
    assert without_rule(suite, wanted) == {"b", "c", "d"}
    twin = SuiteItem(id="q-1", question="What is the toll?", answer="9")
    thrown_out = DroppedItem(check="unconfirmed", reason="The twin was answered otherwise.", item=twin)
    done = refresh_suite(suite, "s", all_items=True, written=WrittenTwins({"c": twin}, (thrown_out,)))
    assert (done.twins, done.kept) == (2, 2)
    assert questions(suite.folder)[1:] == ["Anna has a cat. Who has it?", "What is the toll?", "What is the limit?"]
    checks = [json.loads(line)["check"] for line in (suite.folder / "dropped.jsonl").read_text().splitlines()]
    assert checks == ["retired", "retired", "unconfirmed"]


def test_where_no_twin_of_a_model_is_kept_the_reasons_are(suite: SuiteTask) -> None:
    item = SuiteItem(id="q-1", question="What is the toll?", answer="9")
    thrown_out = DroppedItem(check="unconfirmed", reason="The twin was answered otherwise.", item=item)
    with pytest.raises(NothingKept, match="no twin was kept, and the suite is as it was: 1 unconfirmed"):
        refresh_suite(suite, "s", ["c"], retire_all=True, written=WrittenTwins({}, (thrown_out,)))
    assert task_from_suite(suite.folder).suite == suite.suite
    assert "unconfirmed" in (suite.folder / "dropped.jsonl").read_text()
