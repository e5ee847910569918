"""Budgets of tokens and cost: never exceeded, whatever calls use, as long as none uses more than it can."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.records import GenerateRequest, Limits, LoglikelihoodRequest, ModelOutput, NextTokenRequest, Outcome
from steelyard.runner.budget import Budget, Reservation, worst_case
from steelyard.runner.recordable import recordable


@given(st.integers(1, 5000), st.floats(0.0001, 0.01), st.randoms(use_true_random=False))
def test_neither_budget_is_ever_exceeded(tokens: int, cost: float, dice: random.Random) -> None:
    budget = Budget(Limits(tokens=tokens, cost=cost, price_prompt=1.0, price_completion=4.0))
    flying: list[Reservation] = []
    for _ in range(200):
        reservation = Reservation(dice.randrange(1, 60), dice.randrange(1, 60))
        if dice.random() < 0.6 and budget.fits(reservation):
            budget.reserve(reservation)
            flying.append(reservation)
        elif flying:
            done = flying.pop(dice.randrange(len(flying)))
            used = dice.randrange(0, done.prompt + 1), dice.randrange(0, done.completion + 1)
            outcome = dice.choice([Outcome.OK, Outcome.TIMEOUT, Outcome.SERVER_ERROR])
            answer = ModelOutput(outcome=outcome, prompt_tokens=used[0], completion_tokens=used[1])
            budget.settle(done, answer)
        assert budget.tokens <= tokens
        assert budget.cost is not None
        assert budget.cost <= cost + 1e-12


@given(st.floats(0, 9), st.floats(0, 9), st.randoms(use_true_random=False))
def test_the_money_is_not_exceeded_whatever_was_cached_or_reasoning(
    cached: float, reasoning: float, dice: random.Random
) -> None:
    limits = Limits(cost=0.001, price_prompt=1.0, price_completion=4.0, price_cached=cached, price_reasoning=reasoning)
    budget, flying, spent = Budget(limits), [], 0.0
    for _ in range(200):
        reservation = Reservation(dice.randrange(1, 60), dice.randrange(1, 60))
        if dice.random() < 0.6 and budget.fits(reservation):
            budget.reserve(reservation)
            flying.append(reservation)
        elif flying:
            done = flying.pop(dice.randrange(len(flying)))
            used = dice.randrange(1, done.prompt + 1), dice.randrange(1, done.completion + 1)
            # A hostile endpoint reports parts that are larger than their whole.
            parts = dice.randrange(0, 2 * used[0]), dice.randrange(0, 2 * used[1])
            output = recordable(
                ModelOutput(
                    outcome=Outcome.OK,
                    prompt_tokens=used[0],
                    completion_tokens=used[1],
                    cached_tokens=parts[0],
                    reasoning_tokens=parts[1],
                )
            )
            budget.settle(done, output)
            read, written = min(parts[0], used[0]), min(parts[1], used[1])
            spent += (used[0] - read + read * cached + (used[1] - written) * 4 + written * reasoning) / 1e6
        assert budget.cost is not None
        assert budget.cost <= 0.001 + 1e-12
        assert abs(budget.cost - spent) < 1e-9


def test_a_call_of_unknown_usage_costs_the_most_that_it_can() -> None:
    for cached, reasoning, cost in ((None, None, 0.5), (0.1, 0.1, 0.5), (2.0, 9.0, 1.1)):
        limits = Limits(price_prompt=1.0, price_completion=4.0, price_cached=cached, price_reasoning=reasoning)
        budget = Budget(limits)
        assert budget.counts
        assert not budget.bounded
        budget.reserve(Reservation(100_000, 100_000))
        budget.settle(Reservation(100_000, 100_000), ModelOutput(outcome=Outcome.TIMEOUT))
        assert budget.cost == limits.highest_cost_of(100_000, 100_000)
        assert budget.cost == pytest.approx(cost)


def test_unknown_usage_counts_at_its_worst_case() -> None:
    budget = Budget(Limits(tokens=100))
    for outcome, used in ((Outcome.TIMEOUT, 30), (Outcome.RATE_LIMITED, 30), (Outcome.OK, 60), (Outcome.DROPPED, 90)):
        budget.reserve(Reservation(10, 20))
        budget.settle(Reservation(10, 20), ModelOutput(outcome=outcome))
        assert budget.tokens == used


def test_a_run_without_budgets_is_not_bounded() -> None:
    assert not Budget(Limits(requests_per_minute=3)).bounded
    assert Budget(Limits(tokens=3)).bounded
    assert Budget(Limits()).cost is None


@given(st.text(max_size=50), st.text(max_size=50))
def test_the_worst_case_counts_bytes(prefix: str, prompt: str) -> None:
    least = len((prefix + prompt).encode())
    assert worst_case(GenerateRequest(prefix=prefix, prompt=prompt, max_tokens=9)).prompt > least
    echo = worst_case(LoglikelihoodRequest(prefix=prefix, context=prompt, continuations=("ab", "c")))
    assert echo.prompt > 2 * least
    assert echo.completion == 2
    after = worst_case(NextTokenRequest(prefix=prefix, context=prompt))
    assert after.prompt > least
    assert after.completion == 1


def test_a_call_that_never_fits_is_not_made() -> None:
    assert not Budget(Limits(tokens=50)).fits(worst_case(GenerateRequest(prompt="x", max_tokens=64)))
    assert not Budget(Limits(cost=1e-9, price_prompt=1.0, price_completion=1.0)).fits(Reservation(1, 1))
