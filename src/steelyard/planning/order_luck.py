"""The luck of a file's order: would models that never saw the file find it likelier, or less likely, than others?

A file's order is one draw, and everybody who tests with the file shares it. An honest model that favours items like
those before them finds some draws likelier than most other orders, one that favours unlike items finds them less
likely, and no other seed of the test helps either. So stand-ins for such models are held against the file, before any
model is asked: an item is as like another as they share character 3-grams, and what was said a few items before counts
less than what was said just now. No stand-in knows the order, so nothing is read of what a model may have learned.

Where a stand-in's mean rank is not near .5, the file is not testable. The rule is one for all files, and follows from
their texts alone: a file is measured with orders that are the same in every audit. All is counted in whole numbers, so
it comes out alike on every machine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from steelyard.util.committed_order import committed_order

__all__ = ["GRAM", "MOST", "ORDERS", "RECENCIES", "closeness", "favour", "likeness", "mean_ranks", "unlucky"]

GRAM: Final = 3  # characters
ORDERS: Final = 200  # with which a file's own is compared, of each stretch
# What an item counts by how many items ago it was, from the last one on: halved each time, or less by a fifth.
RECENCIES: Final[Mapping[str, Sequence[int]]] = {
    "by half": (512, 256, 128, 64, 32, 16),
    "by a fifth": (800, 640, 512, 410, 328, 262),
}
MOST: Final = 0.05  # that a mean rank may be from .5, up or down

Likeness = Sequence[Sequence[int]]


def likeness(texts: Sequence[str], gram: int = GRAM) -> Likeness:
    """How many character ``gram``-grams each two texts share, counted as often as both have them."""
    grams = [Counter(text[place : place + gram] for place in range(len(text) - gram + 1)) for text in texts]
    return [[(one & other).total() for other in grams] for one in grams]


def closeness(alike: Likeness, order: Sequence[int]) -> list[int]:
    """How alike all items are that stand 1, 2, … 6 places apart in this order, which begins with the context (0)."""
    items = (0, *order)
    steps = range(1, 1 + max(map(len, RECENCIES.values())))
    return [sum(alike[one][other] for one, other in zip(items, items[step:], strict=False)) for step in steps]


def favour(apart: Sequence[int], recency: Sequence[int]) -> int:
    """What a stand-in that favours like neighbours gives an order; one that favours unlike ones gives its negative."""
    return sum(weight * value for weight, value in zip(recency, apart, strict=True))


@lru_cache(maxsize=32)
def mean_ranks(stretches: tuple[tuple[str, ...], ...], gram: int = GRAM) -> Mapping[str, float]:
    """By recency, the mean share of other orders that a stand-in for like neighbours finds less likely than the file's.

    ``stretches`` are the texts of the items of each, at least one stretch. A tie counts half, so a stand-in for unlike
    neighbours has 1 less that share.
    """
    doubled = dict.fromkeys(RECENCIES, 0)
    for texts in stretches:
        alike = likeness(texts, gram)
        own = closeness(alike, range(1, len(texts)))
        others = [closeness(alike, order) for order in _others(len(texts))]
        for name, recency in RECENCIES.items():
            level = favour(own, recency)
            found = [favour(apart, recency) for apart in others]
            doubled[name] += sum((value < level) + (value <= level) for value in found)
    return {name: count / (2 * ORDERS * len(stretches)) for name, count in doubled.items()}


def unlucky(stretches: tuple[tuple[str, ...], ...]) -> str:
    """Why a file is an unlucky draw; empty where it is none."""
    furthest = max(mean_ranks(stretches).values(), key=lambda rank: abs(rank - 0.5))
    if abs(furthest - 0.5) <= MOST:
        return ""
    kind = "like" if furthest > 0.5 else "unlike"
    share = max(furthest, 1 - furthest)
    return (
        f"the order of this file is an unlucky draw: a model that never saw it, and favours items {kind} those before "
        f"them, finds it likelier than {share * 100:.0f} % of other orders"
    )


@lru_cache(maxsize=32)
def _others(length: int) -> Sequence[Sequence[int]]:
    """Orders of a stretch's items after the first, the same for all stretches of this length."""
    return [[place + 1 for place in committed_order(f"stand-in:{number}", length - 1)] for number in range(ORDERS)]
