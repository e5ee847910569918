"""In which settings several runs asked one task differently."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

__all__ = ["HOW_ASKED", "HOW_MUCH", "differing", "differing_settings", "shown_setting"]

HOW_ASKED: Final[Mapping[str, str]] = {
    "prompt": "prompt format",
    "shots": "worked examples",
    "chat": "chat format",
    "temperature": "temperature",
    "output_budget": "token limit of an answer",
    "reasoning_effort": "reasoning effort",
    "repeats": "answers to each sample",
    "needs": "checkpoints that answer",
}
HOW_MUCH: Final[Mapping[str, str]] = {
    "decoding": "decoding",
    "kind": "kind of request",
    "order_by": "what the order is of",
    "limit": "limit of samples",
}


def differing_settings(
    records: Sequence[Any], names: Mapping[str, str] = HOW_ASKED
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(What differs, its value in each record) for each attribute in ``names`` that is not the same in all.

    A record may be None, where something was not asked; its value is ``–``, and does not count.
    """
    for name, words in names.items():
        yield from differing(words, [None if each is None else shown_setting(getattr(each, name)) for each in records])


def differing(words: str, values: Sequence[str | None]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What differs with its values, if they do; None is a value that is not there."""
    if len({each for each in values if each is not None}) > 1:
        yield words, tuple("–" if each is None else each for each in values)


def shown_setting(value: object) -> str:
    """A setting's value as a user reads it."""
    if value is None or value == "" or value == ():
        return "not set"
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
