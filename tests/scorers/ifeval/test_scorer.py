"""IFEval's mark: all instructions of a prompt, strictly or loosely, and what is unparsed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample, Score
from steelyard.scorers import open_scorer

NO_COMMA, TITLE, WORDS = "punctuation:no_comma", "detectable_format:title", "length_constraints:number_words"


def score(text: str, *asked: tuple[str, dict[str, Any]], loose: bool = False) -> Score:
    target = json.dumps({"instructions": [name for name, _ in asked], "arguments": [values for _, values in asked]})
    return scored(text, target, loose)


def scored(text: str, target: str, loose: bool = False) -> Score:
    sample = Sample(id="ifeval/train/0", request=GenerateRequest(prompt="?"), target=target)
    return open_scorer({"name": "ifeval", "loose": loose}).score(sample, ModelOutput(outcome=Outcome.OK, text=text))


def test_all_instructions_must_be_followed() -> None:
    asked: list[tuple[str, dict[str, Any]]] = [(NO_COMMA, {"num_words": None}), (TITLE, {})]
    assert score("<<joy>>", *asked) == Score(value=1.0, note="2 of 2 followed")
    assert score("joy", *asked) == Score(value=0.0, note="1 of 2 followed; not detectable_format:title")
    assert score("joy, joy", *asked).note == f"0 of 2 followed; not {NO_COMMA}, {TITLE}"


def test_one_instruction_may_occur_twice() -> None:
    capitals = "change_case:capital_word_frequency"
    low = {"capital_relation": "at least", "capital_frequency": 1}
    high = {"capital_relation": "less than", "capital_frequency": 3}
    assert score("ONE TWO", (capitals, low), (capitals, high)).value == 1
    assert score("ONE TWO THREE", (capitals, low), (capitals, high)).value == 0


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Sure, here it is:\nroses are red", (NO_COMMA, {})),  # without the first line
        ("roses are red\nI hope, you like it", (NO_COMMA, {})),  # without the last
        ("Sure, here:\nroses are red\nI hope, you like it", (NO_COMMA, {})),  # without both
        ('**"roses"**', ("startend:quotation", {})),  # without asterisks
        ('Here:\n**"roses"**', ("startend:quotation", {})),  # without the first line and asterisks
    ],
)
def test_loose_forgives_a_frame(text: str, asked: tuple[str, dict[str, Any]]) -> None:
    assert score(text, asked).value == 0
    assert score(text, asked, loose=True).value == 1


def test_loose_never_passes_by_an_empty_form() -> None:
    assert score("one, two", (NO_COMMA, {}), loose=True).value == 0
    assert score("**, **", (NO_COMMA, {}), loose=True).value == 0


def test_loose_checks_each_instruction_by_itself() -> None:
    text = "Sure, here:\n<<joy>>\n" + "word " * 20
    assert score(text, (NO_COMMA, {}), (WORDS, {"relation": "at least", "num_words": 22}), loose=True).value == 1


@pytest.mark.parametrize("text", ["", " \n\t"])
def test_nothing_written_is_unparsed(text: str) -> None:
    assert score(text, (NO_COMMA, {})) == Score(value=0.0, parsed=False, note="nothing was answered")


@pytest.mark.parametrize(
    "target",
    [
        "",
        "text",
        "[]",
        '{"instructions": ["punctuation:no_comma"]}',
        '{"instructions": ["punctuation:no_comma"], "arguments": []}',
        '{"instructions": ["punctuation:no_comma"], "arguments": [[]]}',
        '{"instructions": ["keywords:of_ours"], "arguments": [{}]}',
        '{"instructions": ["length_constraints:number_words"], "arguments": [{"num_words": 3}]}',
        '{"instructions": ["keywords:existence"], "arguments": [{"keywords": null}]}',
        "[" * 100_000,
    ],
    ids=lambda target: target[:60],
)
def test_a_sample_that_is_not_ifevals_is_unparsed(target: str) -> None:
    result = scored("some words", target)
    assert (result.value, result.parsed) == (0.0, False)
    assert "\n" not in result.note


@given(st.text(), st.text(), st.booleans())
def test_any_text_and_any_target_get_a_score(text: str, target: str, loose: bool) -> None:
    assert scored(text, target, loose) == scored(text, target, loose)
    assert score(text, (NO_COMMA, {}), (TITLE, {}), loose=loose).value in (0.0, 1.0)
