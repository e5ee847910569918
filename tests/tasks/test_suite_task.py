"""A suite is a task: its prompts, scorers, conversations and choices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from steelyard.errors import InputError
from steelyard.records import GenerateRequest, Turn
from steelyard.tasks.catalogue import open_task_file
from steelyard.tasks.suite_task import task_from_suite
from testkit.suite_files import suite_at


def lines(*items: dict[str, Any]) -> str:
    return "".join(json.dumps(item) + "\n" for item in items)


def only(folder: Path, prompt: str = "") -> Any:
    task = open_task_file(folder)
    return task.prepare(prompt or task.default_prompt)[0]


def test_a_question_is_asked_as_one_of_a_file_is(tmp_path: Path) -> None:
    folder = suite_at(tmp_path / "sums")
    sample = only(folder)
    assert (sample.id, sample.target) == ("sums/row/1", "2")
    assert sample.request.prompt == "What is 1 + 1?\n\nReply with the answer alone."
    assert sample.request.chat
    task = task_from_suite(folder)
    assert (task.public, task.scorer["name"], len(task.suite)) == (False, "answer", 64)


def test_german_questions_get_a_german_line(tmp_path: Path) -> None:
    folder = suite_at(tmp_path / "sums", "suite: sums\nlanguage: de\ninstruction: Rechne.\n")
    assert only(folder).request.prompt == "Rechne.\n\nWhat is 1 + 1?\n\nAntworte nur mit der Antwort."


def test_the_passage_comes_before_the_question_where_there_is_one(tmp_path: Path) -> None:
    items = lines(
        {"id": "a", "question": "Who?", "answer": "Ada", "context": "Ada came.", "group": "d1"},
        {"id": "b", "question": "When?", "answer": "1842"},
    )
    folder = suite_at(tmp_path / "docs", "suite: docs\n", items)
    first, second = open_task_file(folder).prepare("question")
    assert isinstance(first.request, GenerateRequest)
    assert isinstance(second.request, GenerateRequest)
    assert first.request.prompt == "Ada came.\n\nWho?\n\nReply with the answer alone."
    assert second.request.prompt == "When?\n\nReply with the answer alone."
    assert (first.group, second.group) == ("d1", "")


def test_a_conversation_goes_before_the_question(tmp_path: Path) -> None:
    history = [{"role": "user", "text": "Hi {{ 1 }}"}, {"role": "assistant", "text": "Hello."}]
    folder = suite_at(
        tmp_path / "chat", "suite: chat\n", lines({"id": "a", "question": "Q", "answer": "A", "history": history})
    )
    request = only(folder).request
    assert isinstance(request, GenerateRequest)
    assert request.history == (Turn(role="user", text="Hi {{ 1 }}"), Turn(role="assistant", text="Hello."))


def test_choices_of_an_item_are_shown_with_letters(tmp_path: Path) -> None:
    folder = suite_at(
        tmp_path / "mc", "suite: mc\n",
        lines({"id": "a", "question": "Which?", "answer": "blue", "choices": ["red", "blue", "green"]}),
    )  # fmt: skip
    task, sample = task_from_suite(folder), only(folder)
    assert (sample.target, sample.choices) == ("1", ("red", "blue", "green"))
    assert "B. blue" in sample.request.prompt
    assert task.chance == pytest.approx(1 / 3)


def test_labels_of_the_suite_are_named_to_the_model(tmp_path: Path) -> None:
    folder = suite_at(
        tmp_path / "labels", "suite: labels\nchoices: [Bug, Wish]\n",
        lines({"id": "a", "question": "It crashes.", "answer": "bug"}),
    )  # fmt: skip
    sample = only(folder)
    assert (sample.target, sample.choices) == ("0", ("Bug", "Wish"))
    assert sample.request.prompt.endswith("Bug, Wish")
    (folder / "samples.jsonl").write_text(lines({"id": "a", "question": "x", "answer": "other"}))
    with pytest.raises(InputError, match="none of the suite's choices"):
        only(folder)


def test_items_without_an_answer_need_a_judge(tmp_path: Path) -> None:
    folder = suite_at(tmp_path / "open", "suite: open\n", lines({"id": "a", "question": "Write a haiku."}))
    with pytest.raises(InputError, match="1 of 1 items have no answer: fill it in, or have a judge score them"):
        task_from_suite(folder)


def test_an_unknown_default_prompt_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="default_prompt 'brief' is not one of: question, verbatim, completion"):
        task_from_suite(suite_at(tmp_path / "sums", "suite: sums\ndefault_prompt: brief\n"))


def test_what_a_judge_scores_needs_no_answer_and_is_asked_as_it_stands(tmp_path: Path) -> None:
    text = "suite: replies\nscorer: {name: judged, rubric: graders/a.yaml}\n"
    folder = suite_at(tmp_path / "replies", text, lines({"id": "a", "question": "Where is my refund?"}))
    with pytest.raises(InputError, match=r"there is no rubric 'graders/a.yaml' in the suite's folder"):
        task_from_suite(folder)
    (folder / "graders").mkdir()
    (folder / "graders" / "a.yaml").write_text("criteria: []\n")
    task = task_from_suite(folder)
    assert task.scorer_identifier(task.default_prompt) == "judged[graders/a.yaml]@1"
    sample = only(folder)
    assert (sample.request.prompt, sample.target) == ("Where is my refund?", "")


def test_a_probe_is_some_released_items_that_nobody_chose(tmp_path: Path) -> None:
    from steelyard.suites.sealing import seal_suite
    from steelyard.tasks.suite_seal import parts_of

    items = [{"id": f"i{n}", "question": f"What is {n}?", "answer": str(n)} for n in range(40)]
    folder = suite_at(tmp_path / "s", "suite: s\n", lines(*items))
    probe = task_from_suite(tmp_path / "s#probe-10")
    assert (probe.id, len(probe.items)) == ("s-probe-10", 10)
    assert probe.items.keys() < task_from_suite(tmp_path / "s#probe-11").items.keys()
    suite_at(folder, "suite: s\n", lines(*reversed(items)))
    assert task_from_suite(tmp_path / "s#probe-10").items.keys() == probe.items.keys()
    seal = seal_suite(task_from_suite(folder), None, None, "0.5", 2)
    released = parts_of(seal, [item["id"] for item in items]).released
    assert task_from_suite(tmp_path / "s#probe-20").items.keys() == released
    with pytest.raises(InputError, match="has 20 released items, not 21: take fewer"):
        task_from_suite(tmp_path / "s#probe-21")
