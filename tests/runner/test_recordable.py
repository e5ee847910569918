"""A model output that the journal cannot keep as it is becomes one that it can, or a malformed one."""

from __future__ import annotations

import math

import pytest

from steelyard.records import ModelOutput, Outcome
from steelyard.runner.recordable import MAX_ANSWER, recordable


def test_a_usual_output_stays_as_it_is() -> None:
    output = ModelOutput(outcome=Outcome.OK, text="four", prompt_tokens=3, completion_tokens=1, model="m")
    assert recordable(output) is output


@pytest.mark.parametrize("field", ["text", "reasoning"])
def test_a_flood_is_malformed(field: str) -> None:
    assert recordable(ModelOutput(outcome=Outcome.OK, **{field: "x" * MAX_ANSWER})).outcome is Outcome.OK  # type: ignore[arg-type]
    flood = recordable(ModelOutput(outcome=Outcome.OK, **{field: "x" * (MAX_ANSWER + 1)}))  # type: ignore[arg-type]
    assert (flood.outcome, flood.text, flood.reasoning) == (Outcome.MALFORMED, "", "")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_log_likelihood_that_is_not_finite_is_malformed(value: float) -> None:
    output = recordable(ModelOutput(outcome=Outcome.OK, logprobs=(-1.0, value), model="m\ud800"))
    assert (output.outcome, output.logprobs, output.model) == (Outcome.MALFORMED, (), "m?")


def test_a_fault_carries_no_answer() -> None:
    output = recordable(ModelOutput(outcome=Outcome.TIMEOUT, text="half", reasoning="why", logprobs=(-1.0,)))
    assert output == ModelOutput(outcome=Outcome.TIMEOUT)


def test_negative_counts_of_tokens_are_none() -> None:
    output = recordable(ModelOutput(outcome=Outcome.OK, text="a", prompt_tokens=-1, completion_tokens=5))
    assert (output.prompt_tokens, output.completion_tokens) == (0, 0)


def test_lone_surrogates_are_replaced() -> None:
    output = recordable(
        ModelOutput(outcome=Outcome.OK, text="a\ud800", reasoning="é\udc00", detail="\udfff", model="ü")
    )
    assert (output.text, output.reasoning, output.detail, output.model) == ("a?", "é?", "?", "ü")
