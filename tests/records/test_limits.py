"""What tokens cost: cached and reasoning tokens have prices of their own, where the user gives them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.records import Limits

TOKENS = st.integers(0, 10**6)


@given(TOKENS, TOKENS, TOKENS, TOKENS)
def test_no_call_costs_more_than_the_highest_cost(prompt: int, completion: int, cached: int, reasoning: int) -> None:
    limits = Limits(price_prompt=1.0, price_completion=2.0, price_cached=0.5, price_reasoning=3.0)
    cost, highest = limits.cost_of(prompt, completion, cached, reasoning), limits.highest_cost_of(prompt, completion)
    assert cost is not None
    assert highest is not None
    assert cost <= highest + 1e-9


def test_prices_are_per_million_tokens() -> None:
    limits = Limits(price_prompt=1.0, price_completion=2.0, price_cached=0.5)
    assert limits.cost_of(1_000_000, 500_000, cached=400_000) == pytest.approx(0.6 + 0.2 + 1.0)
    assert Limits().cost_of(9, 9) is None
    assert Limits().highest_cost_of(9, 9) is None


def test_what_is_dearer_is_known() -> None:
    assert not Limits(price_prompt=1.0, price_completion=1.0).cached_is_dearer
    assert Limits(price_prompt=1.0, price_completion=1.0, price_cached=2.0).cached_is_dearer
    assert Limits(price_prompt=1.0, price_completion=1.0, price_reasoning=2.0).reasoning_is_dearer


def test_a_budget_of_tokens_or_cost_can_end_a_run() -> None:
    assert Limits(tokens=5).bounded
    assert Limits(cost=0.1).bounded
    assert not Limits(requests_per_minute=5).bounded
