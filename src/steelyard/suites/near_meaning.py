"""Items that ask the same in other words: near in meaning, with nothing that tells them apart, and with one answer.

A vector of meaning alone drops nothing: questions about the opposite are as near as paraphrases are. Two items are one
where their questions are near, their numbers, names and negations the same, three words or more differ (fewer are
judged by :mod:`steelyard.suites.duplicates`), and their answers are the same one, which hardly another item has.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from steelyard.suites.telling_words import TellingWords, telling_words, what_differs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from steelyard.records import SuiteItem

__all__ = ["NAMED", "NEAR", "MeaningFound", "NearPair", "Vectors", "near_in_meaning"]

NEAR: Final = 0.75  # the cosine from which on two questions may be one: lab/bench/meaning.py
NAMED: Final = 0.65  # and from which on two that are kept are named
_NEAREST: Final = 8  # texts that each is held against: more would be the square of a templated suite
_ROWS: Final = 512
_FEW_ITEMS: Final = 3  # an answer that so many have may still be the answer of one question,
_SHARE: Final = 0.01  # or one that this share of the items has

Vectors = Callable[[Sequence[str]], "NDArray[np.float32]"]


@dataclass(frozen=True, slots=True)
class NearPair:
    """Two items near in meaning, by their places, the first kept: cosine, and why both stay (empty: they do not)."""

    first: int
    second: int
    cosine: float
    apart: str


@dataclass(frozen=True, slots=True)
class MeaningFound:
    """The pairs of which the second item is dropped, those of which both stay, and how many texts are too long."""

    merged: tuple[NearPair, ...]
    apart: tuple[NearPair, ...]
    too_long: int


def near_in_meaning(items: Sequence[SuiteItem], vectors: Vectors) -> MeaningFound:
    """Compare the questions of items that are shown in one place (context, conversation, choices).

    ``vectors`` gives a row of length 1 for each text, NaN for one that is too long. Each text is held against the eight
    nearest with the same numbers, names and negations, and the nearest of all; of those that are the same the first in
    order is kept, and nothing is dropped for what is itself dropped.
    """
    rows = vectors([item.question for item in items])
    words = [telling_words(item.question) for item in items]
    readable = [place for place in range(len(items)) if np.isfinite(rows[place, 0])]
    answers = Counter(_answer(item) for item in items)
    most = max(_FEW_ITEMS, int(_SHARE * len(items)))
    merged: dict[int, NearPair] = {}
    for first, second, cosine in sorted(_pairs(items, words, readable, rows), key=lambda pair: (pair[0], -pair[2])):
        pair = NearPair(first, second, cosine, _apart(items, words, first, second, answers, most))
        if not pair.apart and second not in merged and first not in merged:
            merged[second] = pair
    kept = [place for place in readable if place not in merged]
    apart = [
        NearPair(
            *pair,
            _apart(items, words, pair[0], pair[1], answers, most) or "they are not among the nearest of each other",
        )
        for pair in _nearest_pairs(_by_place(items, kept), rows, 1, NAMED)
    ]
    return MeaningFound(
        merged=tuple(merged[second] for second in sorted(merged)),
        apart=tuple(sorted(apart, key=lambda pair: (-pair.cosine, pair.first))),
        too_long=len(items) - len(readable),
    )


def _pairs(
    items: Sequence[SuiteItem], words: Sequence[TellingWords], readable: Sequence[int], rows: NDArray[np.float32]
) -> Iterator[tuple[int, int, float]]:
    groups: dict[object, list[int]] = defaultdict(list)
    for places in _by_place(items, readable):
        for place in places:
            told = words[place]
            groups[places[0], told.fixed, told.names, told.negations].append(place)
    return _nearest_pairs(list(groups.values()), rows, _NEAREST, NEAR)


def _by_place(items: Sequence[SuiteItem], places: Sequence[int]) -> list[list[int]]:
    """The items that are shown after the same context, conversation and images, with the same choices."""
    found: dict[object, list[int]] = defaultdict(list)
    for place in places:
        item = items[place]
        found[item.context, item.history, item.images, item.choices].append(place)
    return list(found.values())


def _nearest_pairs(
    groups: Sequence[Sequence[int]], rows: NDArray[np.float32], nearest: int, least: float
) -> Iterator[tuple[int, int, float]]:
    """Pairs of a group, each once, the lower place first: every text with so many of its nearest; blocks of rows."""
    for places in groups:
        seen: set[tuple[int, int]] = set()
        vectors = rows[list(places)]
        for start in range(0, len(places) if len(places) > 1 else 0, _ROWS):
            cosines = vectors[start : start + _ROWS] @ vectors.T
            cosines[np.arange(len(cosines)), np.arange(start, start + len(cosines))] = -1.0
            count = min(nearest, len(places) - 1)
            columns = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
            for row, column in np.argwhere(np.take_along_axis(cosines, columns, axis=1) >= least):
                one, other = int(start + row), int(columns[row, column])
                pair = (places[min(one, other)], places[max(one, other)])
                if pair not in seen:
                    seen.add(pair)
                    yield *pair, float(cosines[row, columns[row, column]])


def _apart(
    items: Sequence[SuiteItem],
    words: Sequence[TellingWords],
    first: int,
    second: int,
    answers: Counter[str],
    most: int,
) -> str:
    """Why two items are not one; empty where they are."""
    if found := what_differs(words[first], words[second]):
        return found
    answer = _answer(items[first])
    if not answer or answer != _answer(items[second]):
        return "their answers differ" if answer and _answer(items[second]) else "an answer is missing"
    return "" if answers[answer] <= most else "many items have their answer"


def _answer(item: SuiteItem) -> str:
    return " ".join(item.answer.split()).casefold()
