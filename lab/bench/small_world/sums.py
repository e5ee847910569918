"""Items of the small world: digits and their sum, as characters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.small_world.parameters import Items

__all__ = ["BEGIN", "SYMBOLS", "ItemSource", "answer_places", "documents", "item_text", "tokens_of"]

SYMBOLS: Final = "0123456789=;"
BEGIN: Final = len(SYMBOLS)  # the token before a document
_ANSWER: Final = 3  # "23;": an answer and the end of its item


def item_text(number: int, digits: int) -> str:
    """``402917=23;`` for the number 402917."""
    shown = f"{number:0{digits}d}"
    return f"{shown}={sum(map(int, shown)):02d};"


def tokens_of(text: str) -> list[int]:
    """The tokens of a text, without the one before it."""
    return [SYMBOLS.index(character) for character in text]


def answer_places(digits: int) -> range:
    """Where the answer's two digits stand in an item."""
    return range(digits + 1, digits + _ANSWER)


def documents(texts: Sequence[str], per_document: int) -> NDArray[np.int64]:
    """Texts that follow one another, cut into documents; what is left over is dropped. Shape (documents, tokens)."""
    count = len(texts) // per_document
    rows = [
        [BEGIN, *tokens_of("".join(texts[place * per_document : (place + 1) * per_document]))] for place in range(count)
    ]
    return np.array(rows, dtype=np.int64).reshape(count, -1)


class ItemSource:
    """Draws items; ``mix`` is the chance that a digit is drawn from 0 to 4 alone. ``seen`` are all that were drawn."""

    def __init__(self, items: Items, mix: float, random: np.random.Generator) -> None:
        self.items, self.mix, self.seen = items, mix, set[int]()
        self._random = random

    def draw(self, count: int) -> list[str]:
        """So many items for training, with replacement."""
        shape = (count, self.items.digits)
        digits = self._random.integers(0, 10, shape)
        small = self._random.random(shape) < self.mix
        digits = np.where(small, digits % 5, digits)
        numbers = digits @ (10 ** np.arange(self.items.digits)[::-1])
        self.seen.update(int(each) for each in numbers)
        return [item_text(int(each), self.items.digits) for each in numbers]

    def distinct(self, count: int) -> list[int]:
        """So many distinct items, all alike in chance and in random order: a test file."""
        return [int(each) for each in self._random.choice(10**self.items.digits, size=count, replace=False)]
