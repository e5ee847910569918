"""Near duplicates among questions: found by their words, merged into clusters, one of each kept.

Candidates come from an index: two questions that ask the same have equal numbers and signs, and share one of the words
that are rarest in each (prefix filtering: Chaudhuri, Ganti and Kaushik 2006, "A Primitive Operator for Similarity Joins
in Data Cleaning"). They are compared in blocks by rapidfuzz, and those that are alike word by word
(:mod:`steelyard.suites.question_match`). Answers are not looked at.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Final, NamedTuple

import numpy as np

from steelyard.errors import MissingDependency
from steelyard.suites.question_match import difference, most_typos
from steelyard.suites.question_words import Question, is_fixed, question_words

try:
    from rapidfuzz import fuzz, process
except ImportError:
    raise MissingDependency("near duplicates need rapidfuzz: pip install 'steelyard[suites]'") from None

__all__ = ["Cluster", "Duplicate", "Merge", "find_clusters", "merge_duplicates"]

_LEAST_ALIKE: Final = 70.0  # of 100: sorted words of two that ask the same are more alike than this
_ROWS: Final = 256  # of a block: with 20,000 candidates, 5 MB
SPELLING: Final = "white space, case, punctuation, politeness or synonyms"


class Merge(NamedTuple):
    """A text that is dropped, the one that is kept for it (by number), and how alike their letters are (0 to 1)."""

    kept: int
    dropped: int
    similarity: float


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A text of a cluster that is not kept: its number, how alike it is to the one kept (0 to 1), and what differs."""

    number: int
    similarity: float
    difference: str


@dataclass(frozen=True, slots=True)
class Cluster:
    """Texts that ask the same: the number of the one that is kept, why that one, and the others in their order."""

    kept: int
    reason: str
    dropped: tuple[Duplicate, ...]


def merge_duplicates(texts: Sequence[str]) -> list[Merge]:
    """Which texts to drop as near duplicates, and which text is kept for each, in the order of what is dropped.

    Raises MissingDependency, when this module is imported, where rapidfuzz (extra ``suites``) is not installed.
    """
    merges = [
        Merge(cluster.kept, duplicate.number, duplicate.similarity)
        for cluster in find_clusters(texts)
        for duplicate in cluster.dropped
    ]
    return sorted(merges, key=lambda merge: merge.dropped)


def find_clusters(texts: Sequence[str]) -> list[Cluster]:
    """The clusters of two texts and more, in the order of their first texts.

    Kept is the text with the fewest words that no other text has (typing errors are such), and of these the first.
    The same texts in the same order always give the same clusters.
    """
    questions = [question_words(text) for text in texts]
    same: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, question in enumerate(questions):
        same[question.words or ("", " ".join(texts[number].split()))].append(number)
    distinct = [questions[numbers[0]] for numbers in same.values()]
    seen = Counter(word for question in distinct for word in set(question.words))
    groups = _Groups(len(distinct))
    for first, second in _candidates(distinct, seen):
        if groups.root(first) != groups.root(second):
            found = difference(distinct[first], distinct[second], seen.__getitem__)
            if found is not None:
                groups.join(first, second)
    members: dict[int, list[int]] = defaultdict(list)
    for place, numbers in enumerate(same.values()):
        members[groups.root(place)] += numbers
    clusters = [_cluster(sorted(numbers), texts, questions, seen) for numbers in members.values() if len(numbers) > 1]
    return sorted(clusters, key=lambda cluster: min(cluster.kept, cluster.dropped[0].number))


class _Groups:
    """Disjoint sets (union-find, with path halving; the smaller number is the root)."""

    def __init__(self, size: int) -> None:
        self._above = list(range(size))

    def root(self, place: int) -> int:
        above = self._above
        while above[place] != place:
            above[place] = above[above[place]]
            place = above[place]
        return place

    def join(self, first: int, second: int) -> None:
        low, high = sorted((self.root(first), self.root(second)))
        self._above[high] = low


def _candidates(questions: Sequence[Question], seen: Counter[str]) -> Iterator[tuple[int, int]]:
    """Pairs that may ask the same, each once."""
    same_words: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, question in ((place, question) for place, question in enumerate(questions) if question.words):
        same_words[tuple(sorted(question.words))].append(place)
    for places in same_words.values():
        yield from _same_parts(places, questions)
    units = list(same_words.values())
    for one, other in _alike_units([questions[places[0]] for places in units], seen):
        yield from product(units[one], units[other])


def _same_parts(places: Sequence[int], questions: Sequence[Question]) -> Iterator[tuple[int, int]]:
    """Of texts with the same words: the pairs whose sentences are the same but for their order and their beginnings."""
    if len(places) > 1:
        parts: dict[tuple[tuple[str, ...], ...], list[int]] = defaultdict(list)
        for place in places:
            parts[tuple(sorted(map(_least_turned, questions[place].sentences)))].append(place)
        for alike in parts.values():
            yield from combinations(alike, 2)


def _least_turned(words: tuple[str, ...]) -> tuple[str, ...]:
    """The first in order of all its rotations: equal for two sequences that are rotations of each other."""
    first = min(words)
    return min(words[place:] + words[:place] for place, word in enumerate(words) if word == first)


def _alike_units(questions: Sequence[Question], seen: Counter[str]) -> Iterator[tuple[int, int]]:
    """Pairs of questions with different words that share one of their rarest, and most of their letters."""
    rarest = [_rarest(question, seen) for question in questions]
    index: dict[tuple[tuple[str, ...], int, str], list[int]] = defaultdict(list)
    for place, question in enumerate(questions):
        for word in rarest[place]:
            index[question.fixed, len(question.words), word].append(place)
    for (_, _, word), places in index.items():
        if len(places) > 1:
            sorted_words = [" ".join(sorted(questions[place].words)) for place in places]
            for row, column in _alike(sorted_words):
                first, second = places[row], places[column]
                # A pair that shares several words is compared at the first of them.
                if word == next(each for each in rarest[first] if each in rarest[second]):
                    yield first, second


def _rarest(question: Question, seen: Counter[str]) -> tuple[str, ...]:
    """Its rarest words: with so many typing errors as it may have, one of them is among those of the other at least."""
    words = {word for word in question.words if not is_fixed(word)}
    return tuple(sorted(words, key=lambda word: (seen[word], word))[: most_typos(question.words) + 1])


def _alike(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Pairs of places, the lower first, whose texts have similar letters; a block of rows in memory at a time."""
    for start in range(0, len(texts), _ROWS):
        rows = process.cdist(
            texts[start : start + _ROWS], texts[start:], scorer=fuzz.ratio, dtype=np.uint8, score_cutoff=_LEAST_ALIKE
        )
        for row, column in np.argwhere(rows):
            if row < column:
                yield start + int(row), start + int(column)


def _cluster(numbers: list[int], texts: Sequence[str], questions: Sequence[Question], seen: Counter[str]) -> Cluster:
    alone = {number: sum(seen[word] == 1 for word in questions[number].words) for number in numbers}
    kept = min(numbers, key=lambda number: (alone[number], number))
    reason = "it comes first" if kept == numbers[0] else "it has fewer words that no other text has"
    dropped = [
        Duplicate(
            number,
            _similarity(texts[kept], texts[number]),
            _said(difference(questions[kept], questions[number], seen.__getitem__)),
        )
        for number in numbers
        if number != kept
    ]
    return Cluster(kept, reason, tuple(dropped))


def _said(found: str | None) -> str:
    return "more than one difference, each alone between two of the cluster" if found is None else found or SPELLING


def _similarity(first: str, second: str) -> float:
    return float(fuzz.ratio(" ".join(first.split()), " ".join(second.split()))) / 100
