"""Guesses which of two texts is whose, from the character n-grams of earlier pairs.

For each n-gram (of two to four characters, hashed) it counts in how many more pairs the first side's text had it than
the second's, D, and in how many pairs one of them alone had it, V. Its weight is D/(V + 5); a text's score is the sum
of the weights of its n-grams over the root of their number. The text with the higher score is guessed to be the first
side's.

Sides could be exchanged throughout: then every weight changes its sign, and with it the guess. The sums are exact
(:func:`math.fsum`), so a guess is the same on every machine. What servers of one model differ in is not read: white
space at the ends, what follows the first line, and how much longer one text of a pair is than the other.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from typing import Final, NamedTuple
from zlib import crc32

__all__ = ["Grams", "TextReader", "grams_of_pair", "shown_part"]

_SIZES: Final = (2, 3, 4)  # characters of an n-gram
_BUCKETS: Final = 1 << 18
_PRIOR: Final = 5  # pairs that are taken to have shown nothing of an n-gram
_MOST: Final = 400  # characters of a text that are read
_BROKEN: Final = "\ufffd"  # what a text that was cut within a character may end with


def shown_part(text: str) -> str:
    """What of a text is read: its first line that is not empty, without white space at the ends."""
    begun = text.replace(_BROKEN, " ").strip()
    return begun.splitlines()[0].strip()[:_MOST] if begun else ""


class Grams(NamedTuple):
    """The n-grams of two texts: those of the first alone, of the second alone, and of both, each as its number.

    As arrays: thousands of pairs are kept, and read again in other orders.
    """

    mine: array[int]
    theirs: array[int]
    both: array[int]


def grams_of_pair(first: Sequence[str], second: Sequence[str]) -> list[Grams]:
    """Of the two sides' texts on one prompt, as many of either."""
    found = []
    for one, other in zip(first, second, strict=True):
        mine, theirs = _grams_of_both(shown_part(one), shown_part(other))
        found.append(Grams(*(array("I", sorted(each)) for each in (mine - theirs, theirs - mine, mine & theirs))))
    return found


class TextReader:
    """Learns from pair after pair; it begins knowing nothing."""

    def __init__(self) -> None:
        self._more = [0] * _BUCKETS
        self._apart = [0] * _BUCKETS

    def guess(self, pair: Sequence[Grams]) -> bool | None:
        """Guess from earlier pairs alone, then learn from this one: whether the guess is right.

        ``pair`` is what :func:`grams_of_pair` gives. None: the two look alike.
        """
        evidence = []
        for mine, theirs, both in pair:
            shared = self._weights(both)
            evidence.append(_score(self._weights(mine) + shared, len(mine) + len(both)))
            evidence.append(-_score(self._weights(theirs) + shared, len(theirs) + len(both)))
        for mine, theirs, _ in pair:
            self._learn(mine, 1)
            self._learn(theirs, -1)
        found = math.fsum(evidence)
        return None if not found else found > 0

    def _weights(self, grams: array[int]) -> list[float]:
        more, apart = self._more, self._apart
        return [more[each] / (apart[each] + _PRIOR) for each in grams if more[each]]

    def _learn(self, grams: array[int], step: int) -> None:
        for each in grams:
            self._more[each] += step
            self._apart[each] += 1


def _score(weights: Sequence[float], of: int) -> float:
    return math.fsum(weights) / math.sqrt(of) if weights else 0.0


def _grams_of_both(one: str, other: str) -> tuple[frozenset[int], frozenset[int]]:
    """The n-grams of two texts, both cut to the length of the shorter one."""
    length = min(len(one), len(other))
    return _grams(one[:length]), _grams(other[:length])


def _grams(text: str) -> frozenset[int]:
    whole = f" {text}" if text else ""
    return frozenset(
        crc32(whole[at : at + size].encode("utf-8", "surrogatepass")) % _BUCKETS
        for size in _SIZES
        for at in range(len(whole) - size + 1)
    )
