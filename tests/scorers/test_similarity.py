"""The scorer ``similarity``: a share, or with a threshold right and wrong."""

from __future__ import annotations

from typing import Any

import pytest

from steelyard.errors import InputError
from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample, Score
from steelyard.scorers import is_share, open_identifier, scorer_named
from steelyard.scorers.similarity import Similarity


def score(text: str, target: str, **options: Any) -> Score:
    sample = Sample(id="x", request=GenerateRequest(prompt="?"), target=target)
    return Similarity(**options).score(sample, ModelOutput(outcome=Outcome.OK, text=text))


def test_without_a_threshold_it_is_a_share() -> None:
    found = score("Rome, Italy", "rome", measure="token_f1")
    assert (found.value, found.note) == (2 / 3, "token_f1 0.667")
    assert is_share(Similarity())


def test_a_threshold_that_is_reached_exactly_is_reached() -> None:
    assert score("a a b", "a b b c", measure="token_f1", threshold=0.5).value == 1.0
    assert score("a b c", "c b a", measure="rouge_l", threshold=0.34).value == 0.0
    assert score("a b c d e", "a b c x y", measure="token_f1", threshold="0.6").value == 1.0
    assert not is_share(Similarity(threshold=0.5))


def test_it_knows_no_meaning() -> None:
    assert score("The refund is not possible.", "The refund is possible.", threshold=0.8).value == 1.0


def test_what_cannot_be_compared_is_open() -> None:
    assert score("x", " ").value is None
    assert score("x" * 20_001, "x").value is None
    assert score("", "x").value == 0.0


@pytest.mark.parametrize("threshold", [0, -1, 1.1, "x", True, float("nan"), float("inf"), [1]])
def test_what_is_no_threshold_is_refused(threshold: object) -> None:
    with pytest.raises(InputError, match="threshold is a number above 0, at most 1"):
        Similarity(threshold=threshold)


def test_what_is_no_measure_is_refused() -> None:
    with pytest.raises(InputError, match="measure is one of chrf, rouge_l, token_f1"):
        Similarity(measure="bleu")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="similarity has no options"):
        open_identifier('similarity[{"measures":"chrf"}]@1')


@pytest.mark.parametrize("named", ["similarity", "similarity:measure=rouge_l", "similarity:threshold=0.6"])
def test_the_identifier_opens_the_same_scorer(named: str) -> None:
    scorer = scorer_named(named)
    assert open_identifier(scorer.identifier) == scorer
