"""The subset that a claim is about, of a benchmark that is claimed by its subsets and never as a whole.

A vendor writes ``half book eng->kgv`` or ``English to Kalamang (half book)``. What names no subset, or two, is refused,
with how to write it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steelyard.tasks.definition import Subset

__all__ = ["named_in", "subset_words", "words_in"]


def words_in(text: str) -> list[str]:
    """The words of a text, without case; a doubled plus is one, since chrF++ is not chrF."""
    return re.findall(r"[a-z0-9]+|\+\+", text.casefold())


def named_in(texts: Iterable[str], subsets: Sequence[Subset]) -> tuple[str, ...]:
    """The names of the subsets that texts of a claim mean: by their name, or by one phrase of each of their parts.

    A phrase that stands within a longer one does not count: *parallel multiple* is neither *parallel* nor *multiple*.
    """
    stated = f" {' '.join(word for text in texts for word in words_in(text))} "
    known = {" ".join(words_in(each)) for each in _phrases(subsets)}
    found = set()
    for phrase in sorted(known, key=lambda each: (-len(each.split()), each)):
        if f" {phrase} " in stated:
            found.add(phrase)
            stated = stated.replace(f" {phrase} ", " | ")

    def means(phrase: str) -> bool:
        return " ".join(words_in(phrase)) in found

    return tuple(
        each.name
        for each in subsets
        if means(each.name) or all(any(means(phrase) for phrase in part) for part in each.parts)
    )


def subset_words(subsets: Sequence[Subset]) -> frozenset[str]:
    """All words by which a claim can mean a subset."""
    return frozenset(word for phrase in _phrases(subsets) for word in words_in(phrase))


def _phrases(subsets: Sequence[Subset]) -> Iterator[str]:
    return (phrase for each in subsets for phrase in (each.name, *(one for part in each.parts for one in part)))
