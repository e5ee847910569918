"""Answers to label by hand, read strictly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.suites.labels import (
    AnswerToLabel,
    Label,
    answers_digest,
    apply_labels,
    read_answers,
    read_saved_labels,
)

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


def saved(folder: Path, *rows: object) -> Path:
    path = folder / "labels.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_labels_of_two_people_go_into_the_file_of_answers(tmp_path: Path) -> None:
    rows = [{**ROW, "id": name, "reference": "R ü", "label": "", "second": ""} for name in "abc"]
    path = at(tmp_path, *rows)
    digest = answers_digest(read_answers(path))
    first = read_saved_labels(saved(tmp_path, {"id": "b", "label": "unsure", "labeller": "Ada"}))
    assert apply_labels(path, first, "label") == 1
    assert apply_labels(path, [*first, Label(id="a", label="yes")], "label") == 2  # she went on
    assert apply_labels(path, [Label(id="a", label="no")], "second", "Bo") == 1
    after = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(row["label"], row["second"]) for row in after] == [("yes", "no"), ("skip", ""), ("", "")]
    assert [(row.get("labeller"), row.get("second_labeller")) for row in after] == [
        ("Ada", "Bo"),
        ("Ada", None),
        (None,) * 2,
    ]
    assert [{key: row[key] if key in ROW or key == "reference" else "" for key in rows[0]} for row in after] == rows
    assert answers_digest(read_answers(path)) == digest


def test_one_person_is_not_two_labellers(tmp_path: Path) -> None:
    path = at(tmp_path, *({**ROW, "id": name} for name in "abc"))
    ada, nobody = [Label(id="a", label="yes", labeller="Ada ")], [Label(id="a", label="yes")]
    apply_labels(path, ada, "label")
    before = path.read_bytes()
    for labels, name, given, words in (
        (ada, "second", "", "Ada gave each label already: one person is not two labellers"),
        ([Label(id="c", label="no", labeller="ADA")], "second", "", "Ada gave each label already"),
        (nobody, "second", "ada", "Ada gave each label already"),
        (nobody, "second", "", "the second person has no name: say who labelled, with --reviewer NAME"),
        (ada, "second", "Bo", "the labels are of Ada, and not of Bo: leave out --reviewer"),
        ([Label(id="b", label="yes", labeller="Bo")], "label", "", "Ada gave each label already: --second takes"),
    ):
        with pytest.raises(InputError, match=words):
            apply_labels(path, labels, name, given)  # type: ignore[arg-type]
    assert path.read_bytes() == before


def test_what_is_written_is_not_changed_by_another_file(tmp_path: Path) -> None:
    path = at(tmp_path, {**ROW, "label": "no"}, {**ROW, "id": "b"})
    before = path.read_bytes()
    for labels, words in (
        ([Label(id="b", label="yes"), Label(id="a", label="yes")], "a has another label already"),
        ([Label(id="b", label="yes"), Label(id="z", label="yes")], "no answer with the id 'z'"),
    ):
        with pytest.raises(InputError, match=words):
            apply_labels(path, labels, "label")
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"id": "a", "label": "maybe", "labeller": ""}], "a line has id, label"),
        ([{"id": "a", "label": "yes", "labeller": "", "x": 1}], "a line has id, label"),
        ([{"id": "a", "label": "yes"}] * 2, "two lines have the id"),
        ([{"id": "a", "label": "yes", "labeller": "A\u202e"}], "labeller: at most"),
        (
            [{"id": "a", "label": "yes", "labeller": "A"}, {"id": "b", "label": "yes", "labeller": "B"}],
            "several people",
        ),
    ],
)
def test_labels_that_are_refused(tmp_path: Path, rows: list[object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_saved_labels(saved(tmp_path, *rows))
