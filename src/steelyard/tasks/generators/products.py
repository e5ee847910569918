"""Products of two numbers."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from steelyard.errors import InputError
from steelyard.tasks.generators.seeds import distinct_items

__all__ = ["generate"]


def generate(
    seed: str, count: int, smallest: int = 2, largest: int = 9, other_largest: int = 34
) -> Sequence[dict[str, str]]:
    """Rows such as ``{"question": "7 * 46", "answer": "322"}``: one factor to ``largest``, one to ``other_largest``.

    Which of the two comes first is random too. Raises InputError for options outside their range.
    """
    if not 0 <= smallest <= min(largest, other_largest) <= max(largest, other_largest) < 10**12:
        raise InputError("products: needs 0 ≤ smallest ≤ largest, other_largest < 10^12")

    def make(random: Random) -> tuple[str, int]:
        factors = [random.randrange(smallest, largest + 1), random.randrange(smallest, other_largest + 1)]
        if random.randrange(2):
            factors.reverse()
        return f"{factors[0]} * {factors[1]}", factors[0] * factors[1]

    items = distinct_items("products", seed, count, make)
    return [{"question": question, "answer": str(product)} for question, product in items]
