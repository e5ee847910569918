"""Outputs in a form that a journal can hold: no lone surrogates, no infinities, bounded length."""

from __future__ import annotations

import math

import msgspec
import pytest

from steelyard.records import ModelOutput, Outcome
from steelyard.runner.recordable import MAX_OUTPUT_CHARACTERS, recordable
from steelyard.runner.retry import RetryPolicy

GOOD = ModelOutput(outcome=Outcome.OK, text="café", logprobs=(-1.0,), model="m", prompt_tokens=3)


def test_a_good_output_is_unchanged() -> None:
    assert recordable(GOOD) == GOOD


def test_lone_surrogates_are_replaced() -> None:
    found = recordable(msgspec.structs.replace(GOOD, text="a\ud800b", detail="\udfff", model="m\ud800"))
    assert (found.text, found.detail, found.model) == ("a?b", "?", "m?")


def test_what_cannot_be_recorded_is_malformed() -> None:
    found = recordable(msgspec.structs.replace(GOOD, logprobs=(-math.inf,)))
    assert (found.outcome, found.text, found.logprobs) == (Outcome.MALFORMED, "", ())


@pytest.mark.parametrize("place", ["text", "reasoning"])
def test_a_runaway_answer_is_cut_and_final(place: str) -> None:
    found = recordable(msgspec.structs.replace(GOOD, **{place: "x" * (MAX_OUTPUT_CHARACTERS + 1)}))
    assert (found.outcome, getattr(found, place)) == (Outcome.TRUNCATED, "x" * MAX_OUTPUT_CHARACTERS)
    assert found.detail == "the answer is longer than 1,000,000 characters: cut there"
    assert RetryPolicy().is_final(found, 1)


def test_a_failed_call_has_no_output_and_no_negative_usage() -> None:
    failed = msgspec.structs.replace(GOOD, outcome=Outcome.TIMEOUT, prompt_tokens=-1)
    found = recordable(failed)
    assert (found.text, found.logprobs, found.prompt_tokens) == ("", (), 0)
