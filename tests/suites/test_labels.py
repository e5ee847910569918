"""Answers to label by hand, read strictly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.suites.labels import AnswerToLabel, Label, read_answers

ROW = {"id": "a", "question": "Q", "answer": "A", "criterion": "C"}


def at(folder: Path, *rows: object) -> Path:
    path = folder / "answers.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_answers_are_read(tmp_path: Path) -> None:
    found = read_answers(at(tmp_path, ROW, {**ROW, "id": "b", "answer": ""}))
    assert found == [AnswerToLabel(**ROW), AnswerToLabel(**{**ROW, "id": "b", "answer": ""})]
    assert Label(id="a", label="yes").labeller == ""


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "has no answers"),
        ([ROW, ROW], ":2: two lines have the id 'a'"),
        ([{**ROW, "verdict": "yes"}], "a line has id, question, answer and criterion"),
        ([{"id": "a"}], "a line has id, question, answer and criterion"),
        ([{**ROW, "id": ""}], "id: 1 to 200 printable characters"),
        ([{**ROW, "id": "\u202e"}], "id: 1 to 200 printable characters"),
        ([{**ROW, "criterion": " "}], "criterion is empty"),
        ([[]], "expected a JSON object"),
    ],
)
def test_what_is_refused(tmp_path: Path, rows: list[object], words: str) -> None:
    with pytest.raises(InputError) as failed:
        read_answers(at(tmp_path, *rows))
    assert words in str(failed.value)
    assert "\n" not in str(failed.value)
