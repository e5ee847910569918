"""MMMU's answers beside Meta's grader (llama-verifications) and MMMU's own rule, on outputs that are made up."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample
from steelyard.scorers import open_identifier, open_scorer
from steelyard.scorers.answer import Answer
from steelyard.scorers.letter import Letter
from steelyard.scorers.mmmu import _NUMBERS, Mmmu, is_right_by_mmmu

FOLDER = Path(__file__).parent
# Output, right letter, and Meta's grade over MMMU's parse_multi_choice_response; null where MMMU's own draws one.
CHOICES: list[list[Any]] = json.loads((FOLDER / "mmmu_choices_by_reference.json").read_text())
# Output, right answer, and Meta's grade by MMMU's parse_open_response and eval_open.
OPEN: list[list[Any]] = json.loads((FOLDER / "mmmu_open_by_reference.json").read_text())
OPTIONS = ("red lamp", "blue lamp", "green rug", "4 N")
LAST_LETTER = "The answer is B, not A."  # theirs takes A


def value(output: str, target: str, choices: tuple[str, ...] = (), outcome: Outcome = Outcome.OK) -> float | None:
    sample = Sample(id="m/Art/0", request=GenerateRequest(prompt="?"), target=target, choices=choices)
    return Mmmu().score(sample, ModelOutput(outcome=outcome, text=output)).value


@pytest.mark.parametrize(("output", "letter", "theirs"), CHOICES)
def test_a_letter_is_scored_as_theirs_or_open(output: str, letter: str, theirs: float | None) -> None:
    ours = value(output, str("AB".index(letter)), OPTIONS)
    if theirs is not None and output != LAST_LETTER:
        assert ours in (theirs, None)


def test_few_letters_are_open() -> None:
    ours = [value(output, "0", OPTIONS) for output, letter, _ in CHOICES if letter == "A"]
    assert len(ours) >= 20
    assert ours.count(None) <= 4


def test_a_letter_that_is_denied_is_not_the_answer() -> None:
    assert (value(LAST_LETTER, "1", OPTIONS), value(LAST_LETTER, "0", OPTIONS)) == (1.0, 0.0)


@pytest.mark.parametrize(("output", "right", "theirs"), OPEN)
def test_an_open_answer_is_scored_as_theirs_or_open(output: str, right: str, theirs: float) -> None:
    assert len(OPEN) >= 20
    assert value(output, right) in (theirs, None)
    answers = ["0.5", "1/2"] if right.startswith("[") else [right]
    assert is_right_by_mmmu(output, answers) is bool(theirs)


def test_few_open_answers_are_left_open() -> None:
    assert sum(value(output, right) is None for output, right, _ in OPEN) <= 4


def test_where_the_rules_differ_it_is_open() -> None:
    assert is_right_by_mmmu("So 8 it was at first.\nThe sum is 9", ["8"])
    assert value("So 8 it was at first.\nThe sum is 9", "8") is None
    assert not is_right_by_mmmu("The answer is 1/2", ["0.5"])
    assert value("The answer is 1/2", "0.5") is None


def test_an_output_that_was_cut_off_is_open_unless_it_is_settled() -> None:
    assert value("The answer is", "8", outcome=Outcome.TRUNCATED) is None
    assert value("So it is (B) because", "1", OPTIONS, Outcome.TRUNCATED) in (1.0, None)


def test_its_version_rests_on_those_of_its_readers() -> None:
    """Another version of a reader scores otherwise: then ``mmmu`` needs another version, too."""
    assert (Mmmu().identifier, Letter().identifier, Answer().identifier) == ("mmmu@4", "letter@5", "answer@6")
    assert open_identifier(open_scorer({"name": "mmmu"}).identifier) == Mmmu()


@given(st.text(max_size=80), st.text(min_size=1, max_size=20))
def test_no_text_breaks_it(output: str, target: str) -> None:
    assert value(output, target) in (0.0, 1.0, None)
    assert value(output, "0", OPTIONS) in (0.0, 1.0, None)


# As MMMU's extract_numbers has them.
THEIRS = (
    r"-?\b\d{1,3}(?:,\d{3})+\b",
    r"-?\d+(?:\.\d+)?[eE][+-]?\d+",
    r"-?(?:\d+\.\d+|\.\d+|\d+\b)(?![eE][+-]?\d+)(?![,\d])",
)


@settings(max_examples=1000)
@given(st.text("0123.,eE+-x ٣_", max_size=24))
def test_numbers_are_found_as_the_benchmark_finds_them(text: str) -> None:
    assert [each.findall(text) for each in _NUMBERS] == [re.findall(each, text) for each in THEIRS]
