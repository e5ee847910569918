"""Limits and prices from options: prices always come from the user, and a cost limit needs them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from steelyard.api.arguments import RunArguments
from steelyard.api.limits import limits_of, price_pair
from steelyard.errors import InputError

URI = "openai:small@http://127.0.0.1:1/v1"


def test_limits_are_taken_over() -> None:
    limits = limits_of(RunArguments(rpm=60, tpm=9000, max_tokens=5, max_cost=1.5, price=(0.15, 0.6)), URI)
    assert (limits.requests_per_minute, limits.tokens_per_minute, limits.tokens, limits.cost) == (60, 9000, 5, 1.5)
    assert (limits.price_prompt, limits.price_completion) == (0.15, 0.6)


def test_a_table_gives_the_price_of_the_named_model(tmp_path: Path) -> None:
    table = tmp_path / "prices.yaml"
    table.write_text("small: {prompt: 0.1, completion: 0.2}\n")
    assert limits_of(RunArguments(prices=table), URI).price_completion == 0.2
    with pytest.raises(InputError, match="has no prices of 'large': add a line NAME"):
        limits_of(RunArguments(prices=table), "openai:large@http://127.0.0.1:1/v1")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (RunArguments(max_cost=1.0), "a maximum cost needs your prices"),
        (RunArguments(price=(1.0, 2.0), prices=Path("x")), "give one of them"),
        (RunArguments(prices=Path("/nowhere/prices.yaml")), "check the path of the price table"),
    ],
)
def test_limits_that_cannot_be_used_are_refused(args: RunArguments, message: str) -> None:
    with pytest.raises(InputError, match=message):
        limits_of(args, URI)


def test_prices_are_two_numbers() -> None:
    assert price_pair("0.15,0.60", "--price") == price_pair((0.15, 0.6), "price") == (0.15, 0.6)
    assert price_pair(None, "--price") is None


@pytest.mark.parametrize("text", ["1", "-1,2", "1,2,3", "a,b", (1,), ("x", None), (float("nan"), 1)])
def test_other_prices_are_refused(text: Any) -> None:
    with pytest.raises(InputError, match="--price takes two numbers"):
        price_pair(text, "--price")
