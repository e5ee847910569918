"""The answers of a run with what was asked: from golden bundles of every kind."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from packages.server.tests.answers.mixed_run import mixed_run
from steelyard.auditing.answers import answers_of, reading_of
from steelyard.auditing.finalize import read_scores
from steelyard.auditing.open_answers import open_answers
from steelyard.records import SampleScore
from steelyard.storage.run_folder import RunFolder

GOLDEN = Path(__file__).resolve().parents[1] / "assets" / "golden"


def score(status: Any, value: float | None) -> SampleScore:
    return SampleScore(
        measurement="m", position=0, sample="s", repeat=0, status=status, value=value, scorer="exact@5", seq=1
    )


@pytest.mark.parametrize(
    ("status", "value", "word"),
    [
        ("scored", 1.0, "right"),
        ("scored", 0.0, "wrong"),
        ("unparsed", 0.0, "wrong"),
        ("scored", 0.5, "partly right"),
        ("open", None, "open"),
        ("missing", None, "missing"),
    ],
)
def test_a_score_in_a_word(status: str, value: float | None, word: str) -> None:
    assert reading_of(score(status, value)) == word


def test_every_score_of_a_bundle_has_its_answer() -> None:
    run = RunFolder.open(GOLDEN)
    scores = list(read_scores(run))
    answers = list(answers_of(run))
    assert Counter(each.reading for each in answers) == Counter(map(reading_of, scores))
    assert {(each.measurement, each.sample, each.repeat) for each in answers} == {
        (each.measurement, each.sample, each.repeat) for each in scores
    }
    answered = [each for each in answers if each.reading == "right" and each.answer]
    assert answered
    assert all(each.question and each.expected for each in answered)


def test_a_selection_keeps_the_journals_order() -> None:
    run = RunFolder.open(GOLDEN)
    wrong = [each for each in answers_of(run) if each.reading == "wrong"]
    assert list(answers_of(run, lambda score: reading_of(score) == "wrong")) == wrong


def test_an_answer_is_that_of_its_own_segment(tmp_path: Path) -> None:
    """Numbers of records begin anew in each segment: a score was shown with the answer of the same number elsewhere."""
    run = RunFolder.open(mixed_run(tmp_path / "run", worker="w1"))
    answers = list(answers_of(run))
    assert len(answers) == len(list(read_scores(run))) == 48
    assert {each.answer for each in answers if each.task == "code"} == {"def f(): pass"}
    assert [each.answer for each in answers if each.reading == "wrong"] == ["7000"]
    assert open_answers(run).in_words() == "1 open: 1 holds more than one candidate"
