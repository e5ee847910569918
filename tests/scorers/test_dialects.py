"""A right answer is never scored wrong for how it is said, a wrong one never right, a hedge never right."""

from __future__ import annotations

import time

import pytest

from steelyard.auditing.scoring import read_score
from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample
from steelyard.scorers import open_scorer
from testkit.said_answers import (
    CITIES,
    HEDGED,
    LETTERS,
    MARKED,
    NEVER_RIGHT,
    NEVER_WRONG,
    NUMBERS,
    PLAIN,
    RIGHT,
    SENTENCES,
)

TEXTS = {**PLAIN, **MARKED, **SENTENCES}
ALL_NUMBERS = {**PLAIN, **MARKED, **NUMBERS, "it is": "It is {}.", "approx": "{} (approx.)"}
ALL_LETTERS = {**PLAIN, **MARKED, **LETTERS, "it is": "It is {}."}


def value(scorer: str, target: str, text: str, choices: tuple[str, ...] = ()) -> float | None:
    sample = Sample(id="x/0", request=GenerateRequest(prompt="?"), target=target, choices=choices)
    output = ModelOutput(outcome=Outcome.OK, text=text, finish_reason="stop")
    return read_score(open_scorer({"name": scorer}), sample, output).value


def filled(template: str, answer: str, other: str = "") -> str:
    texts = {**dict(zip("ABCD", CITIES, strict=True))}
    return template.format(answer, other=other, T=texts.get(answer, ""), l=answer.lower())


PLACES = (("Paris", "Berlin"), ("New York", "Los Angeles"), ("Köln", "München"))
TAKEN_BACK = ("not", "the answer is not", "it is not", "german, not", "rather", "taken back", "taken back, plain")
CASES = [
    *[("exact", TEXTS, answers) for answers in PLACES],
    *[
        ("answer", TEXTS, answers)
        for answers in (("Paris", "Berlin"), ("New York", "Los Angeles"), ("Köln", "München"))
    ],
    ("contains", TEXTS, ("Paris", "Berlin")),
    *[("numeric", ALL_NUMBERS, answers) for answers in (("18", "20"), ("1,234", "1,235"), ("18.5", "18.6"))],
    *[("answer", ALL_NUMBERS, answers) for answers in (("18", "20"), ("1234", "1235"), ("-7", "7"))],
]


@pytest.mark.parametrize(("scorer", "dialects", "answers"), CASES, ids=lambda value: str(value)[:24])
def test_right_answers_are_not_wrong_and_wrong_ones_not_right(
    scorer: str, dialects: dict[str, str], answers: tuple[str, str]
) -> None:
    right, wrong = answers
    said_right = {name: value(scorer, right, filled(template, right)) for name, template in dialects.items()}
    said_wrong = {name: value(scorer, right, filled(template, wrong)) for name, template in dialects.items()}
    assert [name for name, score in said_right.items() if score == 0] == []
    assert [name for name, score in said_wrong.items() if score == 1] == []
    open_ones = [name for name, score in said_right.items() if score is None]
    assert len(open_ones) <= len(dialects) * 0.1, open_ones


def test_there_are_at_least_sixty_dialects() -> None:
    assert len(TEXTS) >= 60
    assert len(ALL_LETTERS) >= 60


@pytest.mark.parametrize("target", range(4))
def test_letters(target: int) -> None:
    right, wrong = "ABCD"[target], "ABCD"[(target + 1) % 4]
    said_right = {
        name: value("letter", str(target), filled(template, right), CITIES) for name, template in ALL_LETTERS.items()
    }
    said_wrong = {
        name: value("letter", str(target), filled(template, wrong), CITIES) for name, template in ALL_LETTERS.items()
    }
    assert [name for name, score in said_right.items() if score == 0] == []
    assert [name for name, score in said_wrong.items() if score == 1] == []
    open_ones = [name for name, score in said_right.items() if score is None]
    assert len(open_ones) <= len(ALL_LETTERS) * 0.1, open_ones


@pytest.mark.parametrize(
    ("scorer", "answer", "other", "target", "choices"),
    [
        ("exact", "Paris", "Berlin", "Paris", ()),
        ("answer", "Paris", "Berlin", "Paris", ()),
        ("contains", "Paris", "Berlin", "Paris", ()),
        ("numeric", "18", "20", "18", ()),
        ("answer", "18", "20", "18", ()),
        ("letter", "A", "B", "0", CITIES),
        ("letter", "C", "D", "2", CITIES),
    ],
)
def test_hedges_are_not_right(scorer: str, answer: str, other: str, target: str, choices: tuple[str, ...]) -> None:
    said = {name: value(scorer, target, filled(template, answer, other), choices) for name, template in HEDGED.items()}
    listed = {"both", "both, turned"} if scorer == "contains" else set()  # as "Paris, France"
    assert [name for name, score in said.items() if score == 1 and name not in listed] == []


def rows(
    table: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...],
) -> list[tuple[str, str, tuple[str, ...], str]]:
    return [(scorer, target, choices, text) for scorer, target, choices, texts in table for text in texts]


@pytest.mark.parametrize(("scorer", "target", "choices", "text"), rows(RIGHT))
def test_what_was_once_misread_is_right(scorer: str, target: str, choices: tuple[str, ...], text: str) -> None:
    assert value(scorer, target, text, choices) == 1


@pytest.mark.parametrize(("scorer", "target", "choices", "text"), rows(NEVER_WRONG))
def test_right_answers_that_are_hard_to_read_are_not_wrong(
    scorer: str, target: str, choices: tuple[str, ...], text: str
) -> None:
    assert value(scorer, target, text, choices) != 0


@pytest.mark.parametrize(("scorer", "target", "choices", "text"), rows(NEVER_RIGHT))
def test_wrong_answers_that_look_right_are_not(scorer: str, target: str, choices: tuple[str, ...], text: str) -> None:
    assert value(scorer, target, text, choices) != 1


@pytest.mark.parametrize("scorer", ["answer", "numeric", "option"])
@pytest.mark.parametrize("pattern", ["答えは", "answer:", " ", "\n", "1/", "1 1/", "not 1 ", "½", "<b>", "_"])
def test_a_pattern_repeated_takes_less_than_two_seconds(scorer: str, pattern: str) -> None:
    begun = time.process_time()
    value(scorer, "18", pattern * (100_000 // len(pattern)))
    value(scorer, "Paris", pattern * (100_000 // len(pattern)))
    assert time.process_time() - begun < 2


@pytest.mark.parametrize("text", ["Yes... wai", "Yes, but a", "Yes. Actually, n", "yes, or n", "No. Ye"])
def test_a_choice_that_was_cut_off_before_it_was_taken_back_is_open(text: str) -> None:
    sample = Sample(id="x/0", request=GenerateRequest(prompt="?"), target="1", choices=("no", "yes"))
    cut = ModelOutput(outcome=Outcome.TRUNCATED, text=text, finish_reason="length")
    assert read_score(open_scorer({"name": "option"}), sample, cut).value is None
