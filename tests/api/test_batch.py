"""Options that do not go with batches are refused before any model is asked."""

from __future__ import annotations

from typing import Any

import pytest

from steelyard.api.arguments import RunArguments
from steelyard.api.batch import check_batch
from steelyard.api.choices import arguments_from
from steelyard.api.limits import limits_of
from steelyard.api.options import options_of
from steelyard.errors import InputError

URI = "openai:m@http://h.example/v1"


def arguments(**more: Any) -> RunArguments:
    given: dict[str, Any] = {"models": {"subject": URI}, "batch": True}
    return RunArguments(**given | more)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"budget_seconds": 5.0}, "--budget ends a run by the clock"),
        ({"rpm": 5}, "--rpm limits single calls"),
        ({"tpm": 5}, "--tpm limits single calls"),
        ({"ray": "local"}, "--ray sends single calls"),
        ({"batch_growth": "0.5"}, "--batch-growth takes a number"),
        ({"batch": False, "batch_growth": "2"}, "add --batch"),
        ({"models": {"subject": URI, "candidate-2": URI}}, "give one --model"),
        ({"models": {"subject": "gemini:m"}}, "--batch is for openai: and anthropic: endpoints"),
    ],
)
def test_what_does_not_go_together_is_refused(more: dict[str, Any], why: str) -> None:
    with pytest.raises(InputError, match=why):
        check_batch(arguments(**more))


def test_what_goes_together_is_planned_at_half_the_price() -> None:
    args = arguments(price=(1.0, 2.0), max_cost=3.0)
    assert options_of(args).batch_growth == "2"
    assert options_of(arguments(batch_growth="1.5")).batch_growth == "1.5"
    assert options_of(arguments(batch=False)).batch_growth == ""
    limits = limits_of(args, URI)
    assert (limits.cost_of(1_000_000, 1_000_000), limits.highest_cost_of(1_000_000, 0)) == (1.5, 0.5)
    assert limits_of(arguments(), URI).price_factor == 1.0
    assert limits_of(arguments(batch=False, price=(1.0, 2.0)), URI).cost_of(1_000_000, 1_000_000) == 3.0


def test_python_has_the_same_words() -> None:
    found = arguments_from({"batch": True, "batch_growth": 1.5}, URI)
    assert (found.batch, found.batch_growth) == (True, "1.5")
