"""A few words in reverse order, in the manner of reasoning-gym's ``word_sequence_reversal``."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from assay.errors import InputError
from assay.tasks.twins.seeds import distinct_items

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


def generate(seed: str, count: int, min_words: int = 3, max_words: int = 4) -> Sequence[dict[str, str]]:
    """Rows such as ``{"question": "lion, spoon, river", "answer": "river, spoon, lion"}``; no word twice in one."""
    if not 2 <= min_words <= max_words <= 20:
        raise InputError("word_sequence_reversal: needs 2 ≤ min_words ≤ max_words ≤ 20")

    def make(random: Random) -> tuple[str, ...]:
        left = list(WORDS)
        return tuple(left.pop(random.randrange(len(left))) for _ in range(random.randrange(min_words, max_words + 1)))

    items = distinct_items("word_sequence_reversal", seed, count, make)
    return [{"question": ", ".join(words), "answer": ", ".join(reversed(words))} for words in items]
