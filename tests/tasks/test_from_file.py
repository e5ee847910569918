"""Anyone's own questions as a task."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.records import GenerateRequest, LoglikelihoodRequest
from steelyard.scorers import open_scorer
from steelyard.tasks.from_file import task_from_file


def rows_file(folder: Path, *rows: dict[str, object]) -> Path:
    path = folder / "mine.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize(("question", "answer"), [("question", "answer"), ("prompt", "target"), ("input", "answer")])
def test_open_questions(tmp_path: Path, question: str, answer: str) -> None:
    task = task_from_file(rows_file(tmp_path, {question: "2 + 2?", answer: 4}, {question: "{{ x }}", answer: "y"}))
    samples = task.prepare(task.default_prompt)
    assert not task.public
    assert task.id == "mine"
    assert [sample.id for sample in samples] == ["mine/row/1", "mine/row/2"]
    assert samples[0].target == "4"
    added = "\n\nReply with the answer alone." if question == "question" else ""  # a prompt goes out as it stands
    assert samples[1].request == GenerateRequest(prompt="{{ x }}" + added, chat=True)
    assert task.prepare("completion")[0].request.prefix == ""
    assert open_scorer(task.scorer).identifier == "answer@6"


def test_answers_that_are_all_numbers_are_compared_as_numbers(tmp_path: Path) -> None:
    task = task_from_file(rows_file(tmp_path, {"question": "a", "answer": 4}, {"question": "b", "answer": "-1.50"}))
    assert open_scorer(task.scorer).identifier == "answer@6"


@pytest.mark.parametrize("answer", [1, "1", "B", "b", "green"])
def test_choices(tmp_path: Path, answer: object) -> None:
    task = task_from_file(rows_file(tmp_path, {"question": "q", "choices": ["red", "green"], "answer": answer}))
    sample = task.prepare("letter_loglikelihood")[0]
    assert sample.target == "1"
    assert sample.request == LoglikelihoodRequest(context="q\nA. red\nB. green\nAnswer:", continuations=(" A", " B"))
    assert task.chance == 0.5
    assert open_scorer(task.scorer).identifier == "letter@5"


def test_choices_in_csv(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text('question,choices,answer\nq,"[""a"", ""b""]",b\nr,x|y|z,C\n')
    samples = task_from_file(path).prepare("letter")
    assert [(sample.choices, sample.target) for sample in samples] == [(("a", "b"), "1"), (("x", "y", "z"), "2")]


@pytest.mark.parametrize(
    "row",
    [
        {"question": "q"},
        {"answer": "a"},
        {"question": 3, "answer": "a"},
        {"question": " ", "answer": "a"},
        {"question": "q", "answer": None},
        {"question": "q", "answer": True},
        {"question": "q", "answer": ""},
        {"question": "q", "answer": ["a"]},
        {"question": "q", "answer": "D", "choices": ["a", "b"]},
        {"question": "q", "answer": 2, "choices": ["a", "b"]},
        {"question": "q", "answer": -1, "choices": ["a", "b"]},
        {"question": "q", "answer": "9" * 5000, "choices": ["a", "b"]},
        {"question": "q", "answer": "a", "choices": ["a"]},
        {"question": "q", "answer": "a", "choices": ["a", ""]},
        {"question": "q", "answer": "a", "choices": ["a", {"x": 1}]},
        {"question": "q", "answer": "a", "choices": "[1, "},
        {"question": "q", "answer": "a", "choices": 5},
    ],
    ids=str,
)
def test_rows_that_cannot_be_used(tmp_path: Path, row: dict[str, object]) -> None:
    with pytest.raises(InputError) as caught:
        task_from_file(rows_file(tmp_path, row))
    assert "mine.jsonl" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_gives_no_twins_and_shows_no_examples(tmp_path: Path) -> None:
    task = task_from_file(rows_file(tmp_path, {"question": "q", "answer": "a"}))
    with pytest.raises(InputError, match="another seed gives no twins"):
        task.prepare("question", seed="other")
    with pytest.raises(InputError, match="only 0 shots"):
        task.prepare("question", shots=3)
    with pytest.raises(InputError, match="no prompt format 'nothing'; it has: question, verbatim, completion"):
        task.prepare("nothing")


@pytest.mark.parametrize("error", ["#NV", "#N/A", "#WERT!", "#DIV/0!"])
def test_an_error_of_the_spreadsheet_is_no_answer(error: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"question,answer\nWhat?,1\nWho?,{error}\n")
    with pytest.raises(InputError, match=f"a.csv:3: answer is {re.escape(error)}, an error of the spreadsheet"):
        task_from_file(path)


def test_what_a_person_should_look_at_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("question,answer\nWhich number?,1.23457E+11\nWho?,a\nWho?,b\nWho?,a\n")
    assert task_from_file(path).assumed == (
        "Line 2 has the answer 1.23457E+11: a long number that a spreadsheet shortened? "
        "Lines 3 and 4 ask the same and have different answers."
    )
    path.write_text("question,answer\nWhat is Avogadro's number?,6.02E+23\nWho?,a\nWho?,a\n")
    assert task_from_file(path).assumed == ""
