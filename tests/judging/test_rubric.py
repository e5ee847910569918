"""Rubrics are read strictly: an error names the file, the line or the key, and what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.judging.rubric import read_rubric, rubric_digest

GOOD = 'criteria:\n  - {id: right, text: "The sum is right."}\n'


def rubric_at(folder: Path, text: str) -> Path:
    path = folder / "rubric.yaml"
    path.write_text(text)
    return path


def test_a_rubric_has_defaults(tmp_path: Path) -> None:
    rubric = read_rubric(rubric_at(tmp_path, GOOD))
    assert (rubric.passes, rubric.language, rubric.criteria[0].weight) == ("all", "en", 1.0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("criteria: []\n", "criteria are 1 to 20"),
        ('criterion:\n  - {id: a, text: "x"}\n', "unknown key 'criterion': did you mean 'criteria'?"),
        ('criteria:\n  - {id: A b, text: "x"}\n', "criterion id 'A b'"),
        ('criteria:\n  - {id: a, text: "x"}\n  - {id: a, text: "y"}\n', "two criteria have the id 'a'"),
        ('criteria:\n  - {id: a, text: " "}\n', "criterion a: text is empty"),
        ('criteria:\n  - {id: a, text: "x", weight: 0}\n', "weight is above 0"),
        (GOOD + "passes: most\n", "Invalid enum value 'most'"),
        (GOOD + 'template: "{{ question }} {{ criterion }} {{ mark }} {{ mark }}"\n', "does not show {{ answer }}"),
        (
            GOOD + 'template: "{{ question }} {{ criterion }} {{ answer }} {{ mark }}"\n',
            "put {{ mark }} before and after an answer",
        ),
        (GOOD + 'pair_template: "{{ question }} {{ criterion }} {{ first }} {{ mark }}"\n', "show {{ second }}"),
        (GOOD + 'template: "{{ question"\n', "template: "),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, text: str, words: str) -> None:
    path = rubric_at(tmp_path, text)
    with pytest.raises(InputError) as caught:
        read_rubric(path)
    assert str(path) in str(caught.value)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_digest_is_that_of_what_is_asked(tmp_path: Path) -> None:
    plain = rubric_digest(read_rubric(rubric_at(tmp_path, GOOD)))
    assert plain == rubric_digest(read_rubric(rubric_at(tmp_path, GOOD + "about: ours\n")))
    for other in ("passes: mean\n", "language: de\n"):
        assert plain != rubric_digest(read_rubric(rubric_at(tmp_path, GOOD + other)))
