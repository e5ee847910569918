"""A few words in reverse order, like reasoning-gym's ``word_sequence_reversal``."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from steelyard.errors import InputError
from steelyard.tasks.generators.seeds import distinct_items

__all__ = ["WORDS", "generate"]

_VOCABULARY = """
apple bread river stone green music paper chair cloud horse water light house table bird fish tree door
window garden mountain ocean bridge candle forest letter market number orange pencil rabbit school summer
winter yellow silver golden circle basket bottle button camera carpet cherry copper cotton dinner doctor
engine family farmer feather finger flower hammer island jacket kitchen ladder lemon lion mirror monkey
needle onion parrot pepper piano pocket potato ribbon rocket saddle salmon shadow spider spoon sugar
sunset temple thunder ticket tiger tomato tunnel turtle valley village violin wagon wallet
"""
WORDS = tuple(_VOCABULARY.split())


def generate(seed: str, count: int, lengths: Sequence[int] = (2, 3)) -> Sequence[dict[str, str]]:
    """Rows such as ``{"question": "lion, spoon, river", "answer": "river, spoon, lion"}``; no word twice in one.

    The number of words is drawn from ``lengths``: a length that is listed twice is drawn twice as often.
    Raises InputError for other lengths than 2 to 20.
    """
    if not lengths or not all(isinstance(length, int) and 2 <= length <= 20 for length in lengths):
        raise InputError("word_sequence_reversal: lengths must be numbers from 2 to 20")

    def make(random: Random) -> tuple[str, ...]:
        left = list(WORDS)
        length = lengths[random.randrange(len(lengths))]
        return tuple(left.pop(random.randrange(len(left))) for _ in range(length))

    items = distinct_items("word_sequence_reversal", seed, count, make)
    return [{"question": ", ".join(words), "answer": ", ".join(reversed(words))} for words in items]
