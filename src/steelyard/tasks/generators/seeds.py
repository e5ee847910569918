"""Shared by the generators: one random source per item, so that item *i* does not depend on the number of items."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from hashlib import sha256
from random import Random
from typing import TypeVar

__all__ = ["distinct_items", "one_of", "random_for", "some_of"]

_TRIES = 200

Item = TypeVar("Item", bound=Hashable)
Value = TypeVar("Value")


def random_for(name: str, seed: str, index: int, attempt: int = 0) -> Random:
    """A Mersenne Twister seeded by the SHA-256 of its name: the same on every machine and every Python."""
    text = f"{name}\n{seed}\n{index}\n{attempt}"
    return Random(int.from_bytes(sha256(text.encode()).digest()))  # noqa: S311 — reproducible, not secret


def distinct_items(name: str, seed: str, count: int, make: Callable[[Random], Item]) -> list[Item]:
    """``count`` items without repeats; item *i* depends only on those before it.

    If 200 attempts give nothing new, the space is taken as exhausted, and a repeat is allowed.
    """
    items: list[Item] = []
    seen: set[Item] = set()
    for index in range(count):
        for attempt in range(_TRIES):
            item = make(random_for(name, seed, index, attempt))
            if item not in seen:
                break
        seen.add(item)
        items.append(item)
    return items


def one_of(random: Random, values: Sequence[Value]) -> Value:
    """One of the values, each alike."""
    return values[random.randrange(len(values))]


def some_of(random: Random, values: Sequence[Value], count: int) -> tuple[Value, ...]:
    """So many of the values, none twice, in random order."""
    left = list(values)
    return tuple(left.pop(random.randrange(len(left))) for _ in range(count))
