"""What claims state of how a measurement's outputs came about."""

from __future__ import annotations

from typing import Any

import pytest

from steelyard.auditing.stated import AS_ASKED, Stated, stated_of
from steelyard.records import Claim, ModelOutput, Outcome, Protocol
from testkit.plans import claim_plan, measurement, plan


@pytest.mark.parametrize(
    ("output", "cuts"),
    [
        (ModelOutput(outcome=Outcome.TRUNCATED, finish_reason="length", completion_tokens=64), True),
        (ModelOutput(outcome=Outcome.TRUNCATED, finish_reason="length", completion_tokens=40), False),
        (ModelOutput(outcome=Outcome.TRUNCATED, finish_reason="abort", completion_tokens=64), False),
    ],
)
def test_a_limit_that_is_stated_is_reached_by_the_endpoint_s_own_count(output: ModelOutput, cuts: bool) -> None:
    assert Stated(limit=64).cuts(output) is cuts
    assert not AS_ASKED.cuts(output)


@pytest.mark.parametrize(
    ("claim", "asked", "is_stated"),
    [
        ({}, {"chat": True}, False),
        ({}, {"chat": False}, True),  # a completion does not reason
        ({}, {"chat": True, "kind": "loglikelihood"}, True),
        ({"protocol": Protocol(decoding="greedy")}, {"chat": True}, True),
        ({"protocol": Protocol(decoding="temperature 0.6")}, {"chat": True}, True),
        ({"metric": "avg@16"}, {"chat": True}, True),
    ],
)
def test_decoding_is_assumed_where_a_claim_about_a_message_states_none(
    claim: dict[str, Any], asked: dict[str, Any], is_stated: bool
) -> None:
    sealed = claim_plan(Claim(task="t", value="80", **claim), **asked)
    assert stated_of(sealed) == {each.id: Stated(decoding=is_stated, loops=False) for each in sealed.measurements}


def test_what_no_claim_is_about_is_read_as_it_was_asked() -> None:
    asked = measurement(chat=True, output_budget=64)
    assert stated_of(plan(asked)) == {asked.id: Stated(loops=False)}


def test_a_limit_counts_where_the_claim_states_it() -> None:
    asked = measurement(chat=True, output_budget=64, budget_stated=True)
    assert stated_of(plan(asked)) == {asked.id: Stated(limit=64, loops=False)}
