"""From the cheapest candidate on: by the prices that the plan holds, or as the user gave them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from steelyard.errors import InputError
from steelyard.records import PlannedModel, is_candidate
from steelyard.util.text import one_line

__all__ = ["candidates_of", "from_the_cheapest"]


def candidates_of(models: Mapping[str, PlannedModel]) -> list[str]:
    """The roles of the candidates in the order of the command line: by their numbers, whatever the mapping's order."""
    return sorted(filter(is_candidate, models), key=_number)


def _number(role: str) -> tuple[int, str]:
    digits = role.rpartition("-")[2]
    return (int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 10 else 1), role


def from_the_cheapest(roles: Sequence[str], models: Mapping[str, PlannedModel]) -> list[str]:
    """The roles by price, the cheapest first; equal prices stay in the given order.

    What an answer will cost is not known before it is there. So a model is cheaper where neither its prompt tokens nor
    its completion tokens cost more, and the order is refused where one kind costs less and the other more. Raises
    InputError for that, and for a model without a price.
    """
    prices = {}
    for role in roles:
        limits = models[role].limits
        if limits.price_prompt is None or limits.price_completion is None:
            raise InputError(
                f"--by cost: {_named(models[role])} has no price: give --prices FILE with a line for each model, or "
                "--by order with the cheapest --model first"
            )
        prices[role] = limits.price_prompt, limits.price_completion
    order = sorted(roles, key=lambda role: prices[role])
    for first, second in pairwise(order):
        if prices[first][1] > prices[second][1]:
            raise InputError(
                f"--by cost: {_named(models[first])} is cheaper for prompts and {_named(models[second])} for answers, "
                "so which is cheaper depends on the answers: say it by --by order, the cheapest --model first"
            )
    return order


def _named(model: PlannedModel) -> str:
    return one_line(model.identity.name or model.identity.uri, 80)
