"""Sums and differences of a few small numbers, like reasoning-gym's ``chain_sum``."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from steelyard.errors import InputError
from steelyard.tasks.generators.seeds import distinct_items

__all__ = ["generate"]


def generate(
    seed: str,
    count: int,
    min_terms: int = 2,
    max_terms: int = 4,
    largest: int = 9,
    first_largest: int | None = None,
) -> Sequence[dict[str, str]]:
    """Rows such as ``{"question": "4 + 3 - 9", "answer": "-2"}``.

    Terms are 0 to ``largest``, the first one 0 to ``first_largest`` where that is given; plus and minus are equally
    likely. Raises InputError for options outside their range.
    """
    first_largest = largest if first_largest is None else first_largest
    if not (
        2 <= min_terms <= max_terms <= 20 and 1 <= min(largest, first_largest) <= max(largest, first_largest) < 10**12
    ):
        raise InputError("chain_sum: needs 2 ≤ min_terms ≤ max_terms ≤ 20 and largest from 1 to below 10^12")

    def make(random: Random) -> tuple[str, int]:
        total = random.randrange(first_largest + 1)
        parts = [str(total)]
        for _ in range(random.randrange(min_terms, max_terms + 1) - 1):
            minus = random.randrange(2) == 1
            term = random.randrange(largest + 1)
            total += -term if minus else term
            parts += ["-" if minus else "+", str(term)]
        return " ".join(parts), total

    items = distinct_items("chain_sum", seed, count, make)
    return [{"question": question, "answer": str(total)} for question, total in items]
