"""The share of an alternative in a text's likelihood: rounded down, and open where the text is unreadable."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.records import GenerateRequest, LoglikelihoodRequest, ModelOutput, Outcome, Sample
from steelyard.scorers import open_identifier
from steelyard.scorers.likelihood import Likelihood

SAMPLE = Sample(id="s/0", request=GenerateRequest(prefix="On ", prompt="Monday", max_tokens=10), target="")
CUT = ModelOutput(outcome=Outcome.TRUNCATED, text=" it rained")


class Ratio(NamedTuple):
    whole: float
    core: float


class Read(NamedTuple):
    surplus: float
    z: float
    ratios: Mapping[str, Any]


class Told:
    """A reference that answers what it is told, and remembers what it was asked."""

    def __init__(self, found: Mapping[str, Any] | None) -> None:
        self.found, self.asked = found, [("", "", 0, False)]

    def reading(self, prompt: str, text: str, tokens: int, *, ended: bool) -> Any:
        self.asked.append((prompt, text, tokens, ended))
        return None if self.found is None else Read(0.0, 0.0, self.found)


def scored(scorer: Likelihood, whole: float, core: float = 0.0) -> float | None:
    scorer.refer({"reference": Told({"Q2_K": Ratio(whole, core)})})
    return scorer.score(SAMPLE, CUT).value


@pytest.mark.parametrize(
    "identifier",
    [
        "likelihood[Q2_K]@1",
        "likelihood[core,T0.7]@1",
        "likelihood[reference-2,core,Q2_K]@1",
    ],
)
def test_it_is_opened_from_its_identifier(identifier: str) -> None:
    scorer = open_identifier(identifier)
    assert scorer.identifier == identifier
    assert isinstance(scorer, Likelihood)
    assert scorer.executes
    assert not scorer.unavailable_reason()


@pytest.mark.parametrize(
    "identifier",
    [
        "likelihood[]@1",
        "likelihood[core,]@1",
        "likelihood[a b]@1",
        "likelihood@1",
        "likelihood[reference-1,Q2_K]@1",
    ],
)
def test_others_are_refused(identifier: str) -> None:
    with pytest.raises((InputError, TypeError)):
        open_identifier(identifier)


def test_a_name_that_no_alternative_has_is_refused() -> None:
    with pytest.raises(InputError, match="no name of an alternative"):
        Likelihood("../x")


def test_the_text_is_read_as_it_was_asked() -> None:
    told = Told({"Q2_K": Ratio(0.0, 0.0)})
    scorer = Likelihood("Q2_K")
    scorer.refer({"reference": told})
    scorer.score(SAMPLE, CUT)
    scorer.score(SAMPLE, ModelOutput(outcome=Outcome.OK, text="."))
    assert told.asked[1:] == [("On Monday", " it rained", 10, False), ("On Monday", ".", 10, True)]


def test_whole_and_core_are_two_scores() -> None:
    assert scored(Likelihood("Q2_K"), math.log(3), math.log(1)) == pytest.approx(0.75)
    assert scored(Likelihood("Q2_K", core=True), math.log(3), math.log(1)) == pytest.approx(0.5)


@given(st.floats(-800, 800))
def test_a_share_never_says_more_than_the_ratio_and_never_all(log_ratio: float) -> None:
    share = scored(Likelihood("Q2_K"), log_ratio)
    assert share is not None
    assert 0 <= share < 1
    assert share / (1 - share) <= math.exp(min(log_ratio, 700)) * (1 + 1e-9)
    if -20 < log_ratio < 20:
        assert share / (1 - share) == pytest.approx(math.exp(log_ratio), rel=1e-3)


def test_an_unreadable_text_is_open() -> None:
    scorer = Likelihood("Q2_K")
    scorer.refer({"reference": Told(None)})
    assert scorer.score(SAMPLE, CUT).value is None


def test_without_the_weights_it_says_how_to_give_them() -> None:
    with pytest.raises(InputError, match="--model reference=gguf:PATH"):
        Likelihood("Q2_K").score(SAMPLE, CUT)


def test_only_texts_have_a_likelihood() -> None:
    scorer = Likelihood("Q2_K")
    scorer.refer({"reference": Told({})})
    with pytest.raises(InputError, match="asks for none"):
        scorer.score(Sample(id="s/0", request=LoglikelihoodRequest(context="a", continuations=("b",)), target=""), CUT)


def test_each_file_reads_its_own_alternatives() -> None:
    files = {"reference": Told({"Q2_K": Ratio(0.0, 0.0)}), "reference-2": Told({"Q2_K": Ratio(math.log(3), 1.0)})}
    first, second = Likelihood("Q2_K"), Likelihood.from_options("reference-2,Q2_K")
    for scorer in (first, second):
        scorer.refer(files)
    assert [first.score(SAMPLE, CUT).value, second.score(SAMPLE, CUT).value] == pytest.approx([0.5, 0.75])
    second.refer({"reference": files["reference"]})
    with pytest.raises(InputError, match="the reference-2's weights are not here"):
        second.score(SAMPLE, CUT)
