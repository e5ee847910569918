"""The distance of next tokens: what every rescaling leaves alone, and what unsent tokens may hide."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.models.next_token import output_of_tokens
from steelyard.records import GenerateRequest, ModelOutput, NextTokenRequest, Outcome, Sample
from steelyard.scorers import open_identifier
from steelyard_forensics.next_token.distance import NextTokenDistance, distance

SAMPLE = Sample(id="s/0", request=NextTokenRequest(prefix="On ", context="Monday"), target="")
EXPECTED = ((" the", -1.0), (" a", -2.0), (" he", -3.0), (" we", -4.0), (",", -5.0))
DIFFERENCES = st.lists(st.floats(-3, 3), min_size=5, max_size=5)


class Told:
    """A reference that expects what it is told, and remembers what it was asked."""

    def __init__(self, expected: Sequence[tuple[str, float]] = EXPECTED) -> None:
        self.expected, self.asked = expected, [""]

    def next_tokens(self, text: str) -> Sequence[tuple[str, float]]:
        self.asked.append(text)
        return self.expected


def scored(output: ModelOutput, bound: str = "least", told: Told | None = None) -> float | None:
    scorer = NextTokenDistance(bound)
    scorer.refer({"reference": told or Told()})
    return scorer.score(SAMPLE, output).value


@pytest.mark.parametrize("identifier", ["next_token_distance[least]@1", "next_token_distance[reference-2,most]@1"])
def test_it_is_opened_from_its_identifier(identifier: str) -> None:
    scorer = open_identifier(identifier)
    assert scorer.identifier == identifier
    assert isinstance(scorer, NextTokenDistance)
    assert scorer.executes
    assert not scorer.unavailable_reason()


@pytest.mark.parametrize("identifier", ["next_token_distance[mean]@1", "next_token_distance[]@1"])
def test_others_are_refused(identifier: str) -> None:
    with pytest.raises(InputError, match="neither least nor most"):
        open_identifier(identifier)


@given(DIFFERENCES, st.floats(-5, 5))
def test_a_rescaled_list_is_as_far(differences: list[float], amount: float) -> None:
    moved = distance([each + amount for each in differences], 5)
    assert moved == pytest.approx(distance(differences, 5), abs=1e-9)


@given(DIFFERENCES, st.sets(st.integers(0, 4)), st.floats(-6, 6))
def test_what_was_not_sent_lies_between_the_bounds(differences: list[float], hidden: set[int], amount: float) -> None:
    """Of the tokens that are all known, no amount that is taken off leaves less than the lower bound of a part."""
    sent = [each for place, each in enumerate(differences) if place not in hidden]
    least, most = distance(sent, 5)
    whole, same = distance(differences, 5)
    assert whole == same
    assert 0 <= least <= whole + 1e-12
    assert whole <= most + 1e-12
    assert most <= 1
    assert least <= sum(min(1.0, abs(each - amount)) for each in sent) / 5 + 1e-12


def test_the_same_values_are_no_distance_apart_and_others_are() -> None:
    same = output_of_tokens([*EXPECTED, (" x", -9.0)])
    assert (scored(same), scored(same, "most")) == (0.0, 0.0)
    renormalised = output_of_tokens([(text, value + 0.25) for text, value in EXPECTED])
    assert scored(renormalised) == 0.0
    one_off = output_of_tokens([(" the", -0.5), *EXPECTED[1:]])
    assert scored(one_off) == pytest.approx(0.1)


def test_a_token_counts_one_nat_at_most_and_an_unsent_one_between_none_and_that() -> None:
    short = output_of_tokens([(" the", -1.0), (" a", -2.0), (" he", -50.0)])
    assert scored(short) == pytest.approx(0.2)
    assert scored(short, "most") == pytest.approx(0.6)
    assert scored(output_of_tokens([(" other", -0.1)])) == 0.0
    assert scored(output_of_tokens([(" other", -0.1)]), "most") == 1.0


def test_a_text_that_stands_there_twice_is_not_compared() -> None:
    twice = ModelOutput(outcome=Outcome.OK, text='[" the"," the"," a"]', logprobs=(-0.1, -7.0, -2.0))
    assert scored(twice) == 0.0
    assert scored(twice, "most") == pytest.approx(0.8)


def test_the_reference_is_asked_what_the_endpoint_was() -> None:
    told = Told()
    scored(output_of_tokens(EXPECTED), told=told)
    assert told.asked[1:] == ["On Monday"]


@pytest.mark.parametrize(
    "output",
    [
        ModelOutput(outcome=Outcome.OK, text=" and"),
        ModelOutput(outcome=Outcome.OK, text="{}"),
        ModelOutput(outcome=Outcome.OK, text='[" a"]', logprobs=(-1.0, -2.0)),
        ModelOutput(outcome=Outcome.OK, text="[1]", logprobs=(-1.0,)),
    ],
)
def test_what_is_no_list_is_open(output: ModelOutput) -> None:
    assert scored(output) is None


def test_a_reference_that_expects_nothing_leaves_it_open() -> None:
    assert scored(output_of_tokens(EXPECTED), told=Told(())) is None


def test_without_the_weights_it_says_how_to_give_them() -> None:
    with pytest.raises(InputError, match="--model reference=gguf:PATH"):
        NextTokenDistance("least").score(SAMPLE, output_of_tokens(EXPECTED))


def test_texts_have_no_distance() -> None:
    scorer = NextTokenDistance("least")
    scorer.refer({"reference": Told()})
    with pytest.raises(InputError, match="asks for none"):
        scorer.score(Sample(id="s/0", request=GenerateRequest(prompt="a"), target=""), output_of_tokens(EXPECTED))


@pytest.mark.parametrize(("differences", "tokens"), [([0.1, 0.2], 1), ([], 0)])
def test_more_differences_than_tokens_are_refused(differences: list[float], tokens: int) -> None:
    with pytest.raises(ValueError, match="differences of"):
        distance(differences, tokens)
