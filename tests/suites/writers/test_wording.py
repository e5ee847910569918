"""Tests for the wording of questions."""

from __future__ import annotations

import pytest

from steelyard.suites.writers.wording import names_the_passage, why_not


@pytest.mark.parametrize(
    "question",
    [
        "What does the passage say about Bonn?",
        "According to the author, who won?",
        "Based on the information, who won?",
        "Who is named in this section?",
        "What is the deadline mentioned above?",
        "Which city does the following excerpt describe?",
        "Wie heißt die Leiterin laut dem Text?",
        "Was wird im obigen Abschnitt genannt?",
        "Wer leitet in diesem Dokument die Abteilung?",
        "Was nennt der Text als Grund?",
        "Was sagt dieser Artikel über Bonn?",
        "Wer ist der oben genannte Leiter?",
    ],
)
def test_questions_that_lean_on_a_text(question: str) -> None:
    assert names_the_passage(question)


@pytest.mark.parametrize(
    "question",
    [
        "What is the source of the Rhine?",
        "Which document must be attached to the form?",
        "Who is the author of Faust?",
        "What does the section 12 of the statute say?",
        "What colour is the textile factory?",
        "Was regelt Artikel 12 des Gesetzes?",
        "Was steht im Abschnitt 3 der Satzung?",
        "Wer schrieb den Artikel über Bonn im Magazin?",
        "Welches Dokument muss beigelegt werden?",
    ],
)
def test_questions_about_the_world(question: str) -> None:
    assert not names_the_passage(question)


@pytest.mark.parametrize(
    ("question", "answer", "check"),
    [
        ("", "x", "no question"),
        ("Who won?", "x", "no question"),
        ("Who " * 400, "x", "no question"),
        ("What does the text say?", "x", "names the passage"),
        ("How many of the 12 rooms are left?", "twelve", "holds its answer"),
        ("Who is Ada Lovelace's friend?", "Ada Lovelace", "holds its answer"),
    ],
)
def test_why_not(question: str, answer: str, check: str) -> None:
    fault = why_not(question, answer)
    assert fault is not None
    assert fault[0] == check


def test_a_good_question() -> None:
    assert why_not("How many rooms are left?", "12") is None
    assert why_not("誰が勝ちましたか", "東京") is None
