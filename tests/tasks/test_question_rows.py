"""The survey of a file of questions: what it says of the rows, before any of them is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.records.file_options import FileOptions
from steelyard.tasks.from_file import task_from_file
from steelyard.tasks.question_rows import Survey


def surveyed(rows: list[dict[str, object]], options: FileOptions | None = None) -> Survey:
    survey = Survey(Path("x.csv"), options or FileOptions())
    for number, row in enumerate(rows, 2):
        survey.look(row, number)
    return survey


@pytest.mark.parametrize(
    ("question", "instruction", "german"),
    [
        ("Wo ist die Rechnung?", "", True),
        ("Where is the bill?", "", False),
        ("42", "", False),
        ("Wo ist die Rechnung?", "Answer with the name of the city.", False),
        ("Where is the bill?", "Ordne das Ticket ein.", True),
    ],
)
def test_the_language_is_that_of_the_instruction_else_of_the_questions(
    question: str, instruction: str, german: bool
) -> None:
    survey = surveyed([{"question": question, "answer": "x"}], FileOptions(instruction=instruction))
    assert survey.is_german is german


def test_many_rows_are_named_in_short() -> None:
    survey = surveyed([{"question": "q", "answer": ""} for _ in range(30)])
    with pytest.raises(InputError, match=r"lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 20 more have no answer"):
        survey.check()
    skipping = surveyed([{"question": "q", "answer": ""}], FileOptions(skip_empty=True))
    with pytest.raises(InputError, match="has no rows with question and answer"):
        skipping.check()


@pytest.mark.parametrize(
    ("answers", "labels"),
    [
        (["b", "a"] * 10, ("a", "b")),
        (["1", "2"] * 10, ()),
        (["a", "b"] * 9, ()),
        ([f"{number}x" for number in range(11)] * 4, ()),
        (["a"] * 20, ()),
    ],
)
def test_labels_are_seen_where_they_are_few(answers: list[str], labels: tuple[str, ...]) -> None:
    assert surveyed([{"question": "q", "answer": answer} for answer in answers]).labels == labels


def test_the_users_labels_come_before_a_column(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("question,answer,choices\nq,yes,a|b\n")
    task = task_from_file(path, choices="No,Yes")
    (sample,) = task.prepare(task.default_prompt)
    assert (sample.choices, sample.target) == (("No", "Yes"), "1")
    assert task.assumed == "Not used: the column 'choices'."


@pytest.mark.parametrize("answer", ["equals:12713", "contains: 5", "similar(0.8):yes", "not-contains:x"])
def test_an_assertion_of_promptfoo_is_no_answer(answer: str) -> None:
    survey = surveyed([{"question": "q", "__expected": answer}])
    with pytest.raises(InputError, match="an assertion of promptfoo: write the right answer alone"):
        survey.check()
    surveyed([{"question": "q", "answer": answer}]).check()
    surveyed([{"question": "q", "__expected": "note: bring cash"}]).check()
