"""ANLS beside lmms-eval's ``anls``, on answers that are made up, and what it does otherwise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample, Score
from steelyard.scorers import is_share, open_identifier, open_scorer
from steelyard.scorers.anls import Anls, similarity

# Outputs, right answers, and what lmms-eval's anls gives (lmms_eval/api/metrics.py, threshold .5): all made up.
BY_REFERENCE: list[list[Any]] = json.loads((Path(__file__).parent / "anls_by_reference.json").read_text())
WORDS = st.text("ab c.", max_size=12)


def scored(output: str, *right: str) -> Score:
    sample = Sample(id="d/validation/0", request=GenerateRequest(prompt="?"), target=json.dumps(right))
    return Anls().score(sample, ModelOutput(outcome=Outcome.OK, text=output))


@pytest.mark.parametrize(("output", "right", "theirs"), BY_REFERENCE)
def test_it_scores_as_lmms_eval_does(output: str, right: list[str], theirs: float) -> None:
    """But for a right answer in a dress that costs score there: open."""
    assert len(BY_REFERENCE) >= 20
    is_dressed = output in ("Yes.", "The answer is yes")
    assert scored(output, *right).value == (None if is_dressed else pytest.approx(theirs, abs=1e-12))


DRESS = (
    "{}.", "**{}**", '"{}"', "`{}`", "The answer is {}.", "Answer: {}", "**Answer:** {}.", "The date is {}.",
    "It is {}", "$\\boxed{{{}}}$", "<answer>{}</answer>", "{}[1]", "{}.[1][2]", "Read off the top.\nAnswer: {}",
)  # fmt: skip


@pytest.mark.parametrize("form", DRESS)
def test_a_right_answer_in_another_dress_is_open_and_a_wrong_one_is_wrong(form: str) -> None:
    for right, wrong in (("March 15, 1998", "Rome"), ("42", "17"), ("Dr. John Smith", "Acme"), ("Yes", "Total")):
        assert scored(form.format(right), right).value is None
        assert scored(form.format(wrong), right).value == 0.0


@pytest.mark.parametrize(
    ("output", "right"),
    [
        ("**2 May 1997**", "March 15, 1998"),
        ("The chart is large. The answer is March 15, 1998, which is on the left of it." * 9, "March 15, 1998"),
    ],
)
def test_an_answer_that_does_not_stand_alone_is_wrong(output: str, right: str) -> None:
    assert scored(output, right).value == 0.0


@pytest.mark.parametrize(
    ("output", "right"),
    [
        ("The answer is not March 15, 1998", "March 15, 1998"),
        ("The answer is 2010 or 1500.", "2010"),
        ("2010 or 1500", "2010"),
        ("It is not 2010.", "2010"),
        ("It is 1 May. It is March 15, 1998.", "March 15, 1998"),
    ],
)
def test_a_right_answer_among_other_words_is_open(output: str, right: str) -> None:
    assert scored(output, right).value is None
    sample = Sample(id="d/validation/0", request=GenerateRequest(prompt="?"), target=json.dumps([right]))
    assert Anls(former=True).score(sample, ModelOutput(outcome=Outcome.OK, text=output)).value == 0.0


def test_a_partly_right_answer_keeps_its_score_in_any_dress() -> None:
    assert scored("abcdexx", "abcdefg").value == pytest.approx(5 / 7)
    assert scored("abcdexx.", "abcdefg").value == pytest.approx(5 / 8)


def test_spaces_around_a_wrong_answer_gain_nothing() -> None:
    """By lmms-eval's lengths, which count them, this answer would be nearly right."""
    assert scored("wrong" + " " * 500, "right").value == 0.0
    assert scored("  Right \n", "right").value == 1.0


def test_half_is_enough_and_less_is_nothing() -> None:
    assert [similarity("abcd", each) for each in ("abxx", "axxx", "abcd")] == [0.5, 0.0, 1.0]


def test_a_target_may_be_one_answer_as_it_stands() -> None:
    for target in ("no. 7", "7", '"7'):
        sample = Sample(id="d/v/0", request=GenerateRequest(prompt="?"), target=target)
        assert Anls().score(sample, ModelOutput(outcome=Outcome.OK, text=target)).value == 1.0


def test_what_cannot_be_compared_is_open() -> None:
    assert scored("x").value is None
    assert scored("x", " ").value is None
    assert scored("a" * 1_500, "a" * 1_400).value is None
    assert scored("a" * 100_000, "b").value == 0.0
    assert scored("abc", *["abd"] * 200_000).value is None
    assert (scored("", "b").value, scored("", "b").parsed) == (0.0, False)


def test_it_opens_from_a_task_file_and_from_a_plan() -> None:
    assert open_identifier(open_scorer({"name": "anls"}).identifier) == Anls()
    assert is_share(Anls())


@given(WORDS, WORDS, WORDS)
def test_it_is_a_similarity(one: str, other: str, third: str) -> None:
    assert similarity(one, other) == similarity(other, one)
    assert similarity(one, other) == 0 or 0.5 <= similarity(one, other) <= 1
    assert (similarity(one, other) == 1.0) is (one == other)
    best = scored(one, other, third).value
    if best is not None:
        assert best == max(scored(one, each).value or 0.0 for each in (other, third))
