"""IFEval's mark: all instructions of a prompt, strictly or loosely, and what is unparsed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample, Score
from steelyard.scorers import is_share, open_scorer
from steelyard.scorers.ifeval.scorer import IfEval

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


def test_an_instruction_that_is_counted_in_two_ways_makes_the_prompt_open() -> None:
    few, many = ((WORDS, {"relation": "at least", "num_words": number}) for number in (2, 3))
    hindi = "हिन्दी में"  # five words, or two
    assert score(hindi, few) == Score(value=1.0, note="1 of 1 followed")
    assert score(hindi, many) == Score(value=None, note=f"counted in two ways: {WORDS}")
    assert score(hindi, many, (TITLE, {})).value == 0.0  # whatever the count
    assert score(f"{hindi}\nहो गया है", many, loose=True).value == 1.0


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


SHARES = [(1, 1), (1, 0), (2, 2), (2, 1), (2, 0), (3, 3), (3, 2), (3, 1), (3, 0)]  # instructions, of which followed


@given(st.lists(st.sampled_from(SHARES), min_size=541, max_size=541))
@settings(max_examples=20)
def test_the_weighted_mean_is_the_average_of_both_accuracies(prompts: list[tuple[int, int]]) -> None:
    """On any prompts: the weights and scores are those of as many prompts and instructions as are published."""
    scorer = IfEval(average=True)
    asked = sum(n for n, _ in prompts)
    values = [scorer.value_of(followed, n) for n, followed in prompts]
    weights = [834 + 541 * n for n, _ in prompts]
    by_prompt = sum(834 * (n == followed) for n, followed in prompts)
    by_instruction = sum(541 * followed for _, followed in prompts)
    total = sum(value * weight for value, weight in zip(values, weights, strict=True))
    assert total == pytest.approx(by_prompt + by_instruction)
    assert sum(weights) == 541 * (834 + asked)


def test_the_average_has_an_identifier_of_its_own() -> None:
    scorer = open_scorer({"name": "ifeval", "average": True, "loose": True})
    assert scorer.identifier == "ifeval[average-loose]@2"
    assert is_share(scorer)
    assert not is_share(open_scorer({"name": "ifeval"}))
    assert IfEval(average=True).weights({"1": 305, "2": 179, "3": 57}) == {"1": 419375, "2": 342964, "3": 140049}
    for groups in ({"1": 541}, {"1": 305, "2": 179, "three": 57}, {"": 541}):
        with pytest.raises(ValueError, match="541 with 834"):
            IfEval(average=True).weights(groups)
