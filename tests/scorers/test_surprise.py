"""The surplus of surprise and its z, written as numbers between 0 and 1; open where the text is unreadable."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample
from steelyard.scorers import open_identifier
from steelyard.scorers.surprise import Surprise, number_of

SAMPLE = Sample(id="s/0", request=GenerateRequest(prompt="Monday", max_tokens=10), target="")
CUT = ModelOutput(outcome=Outcome.TRUNCATED, text=" it rained")


class Read(NamedTuple):
    surplus: float
    z: float
    ratios: dict[str, Any]


class Told:
    def __init__(self, found: Read | None) -> None:
        self.found = found

    def reading(self, prompt: str, text: str, tokens: int, *, ended: bool) -> Read | None:
        return self.found


def scored(scorer: Surprise, found: Read | None) -> float | None:
    scorer.refer({scorer.role: Told(found)})
    return scorer.score(SAMPLE, CUT).value


@pytest.mark.parametrize("identifier", ["surprise[surplus]@1", "surprise[z]@1", "surprise[reference-2,z]@1"])
def test_it_is_opened_from_its_identifier(identifier: str) -> None:
    scorer = open_identifier(identifier)
    assert scorer.identifier == identifier
    assert isinstance(scorer, Surprise)
    assert scorer.executes
    assert not scorer.unavailable_reason()


@pytest.mark.parametrize("options", ["", "p", "reference,z", "reference-1,z", "z,reference-2"])
def test_others_are_refused(options: str) -> None:
    with pytest.raises(InputError, match="neither surplus nor z"):
        Surprise.from_options(options)


@given(st.floats(-150, 150), st.floats(-19, 19))
def test_both_numbers_can_be_read_back(surplus: float, z: float) -> None:
    found = Read(surplus, z, {})
    for which, number in (("surplus", surplus), ("z", z)):
        share = scored(Surprise(which), found)
        assert share is not None
        assert 0 <= share < 1
        assert number_of(share) == pytest.approx(number, abs=0.01)


@pytest.mark.parametrize("number", [-1e9, -300.0, 300.0, 1e9])
def test_a_number_beyond_two_hundred_is_that(number: float) -> None:
    share = scored(Surprise("z"), Read(0.0, number, {}))
    assert share is not None
    assert number_of(share) == pytest.approx(math.copysign(200, number), rel=0.05)


def test_an_unreadable_text_is_open_and_without_the_weights_it_says_how_to_give_them() -> None:
    assert scored(Surprise("z"), None) is None
    with pytest.raises(InputError, match="--model reference=gguf:PATH"):
        Surprise("z").score(SAMPLE, CUT)


@pytest.mark.parametrize(("written", "number"), [(0.5, 0.0), (0.0, -200.0), (1.0, 200.0), (7.0, 200.0), (-1.0, -200.0)])
def test_whatever_a_journal_holds_is_a_number(written: float, number: float) -> None:
    assert number_of(written) == pytest.approx(number)
