"""Sums and differences of a few small numbers, in the manner of reasoning-gym's ``chain_sum``."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from assay.errors import InputError
from assay.tasks.twins.seeds import distinct_items

__all__ = ["generate"]


def generate(
    seed: str, count: int, min_terms: int = 2, max_terms: int = 4, digits: int = 1, allow_minus: bool = True
) -> Sequence[dict[str, str]]:
    """Rows such as ``{"question": "4 + 3 - 9 =", "answer": "-2"}``; numbers of at most ``digits`` digits."""
    if not (2 <= min_terms <= max_terms <= 20 and 1 <= digits <= 12):
        raise InputError("chain_sum: needs 2 ≤ min_terms ≤ max_terms ≤ 20 and 1 ≤ digits ≤ 12")
    largest = 10**digits

    def make(random: Random) -> tuple[str, int]:
        total = random.randrange(largest)
        parts = [str(total)]
        for _ in range(random.randrange(min_terms, max_terms + 1) - 1):
            minus = allow_minus and random.randrange(2) == 1
            term = random.randrange(largest)
            total += -term if minus else term
            parts += ["-" if minus else "+", str(term)]
        return " ".join(parts) + " =", total

    items = distinct_items("chain_sum", seed, count, make)
    return [{"question": question, "answer": str(total)} for question, total in items]
