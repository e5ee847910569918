"""Passages of documents: cut at the borders of paragraphs and sentences, and chosen so that all documents are heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from steelyard.errors import InputError
from steelyard.suites.sources.document import Document
from steelyard.suites.sources.sentences import paragraphs, sentences

__all__ = ["DEFAULT_SIZE", "MAX_SIZE", "MIN_SIZE", "Passage", "passages_of", "spread"]

DEFAULT_SIZE: Final = 1_500  # characters
MIN_SIZE: Final = 200
MAX_SIZE: Final = 20_000
_MIN_LETTERS: Final = 60  # of a passage: page numbers and table borders ask nothing
_SPARE: Final = 0.25  # of the size, by which a passage may be longer so that no short rest is left


@dataclass(frozen=True)
class Passage:
    """A part of a document: of its page at ``place``, from 0, the characters from ``start`` up to ``end``."""

    document: Document
    place: int
    start: int
    end: int

    @property
    def page_text(self) -> str:
        """The text of the page that it is on: what its places count in."""
        return self.document.pages[self.place]

    @property
    def text(self) -> str:
        """Its own text."""
        return self.page_text[self.start : self.end]


def passages_of(document: Document, size: int = DEFAULT_SIZE) -> list[Passage]:
    """All passages of a document, in its order, each of about ``size`` characters at most.

    They overlap nowhere, cross no page, and leave out what has hardly a letter. A paragraph that is too long is cut
    between sentences, a sentence that is too long between words. Raises InputError for a size out of bounds.
    """
    if not MIN_SIZE <= size <= MAX_SIZE:
        raise InputError(f"a passage has {MIN_SIZE} to {MAX_SIZE:,} characters, not {size:,}")
    return [
        passage
        for place, page in enumerate(document.pages)
        for start, end in _cut(page, size)
        if sum(map(str.isalpha, (passage := Passage(document, place, start, end)).text)) >= _MIN_LETTERS
    ]


def spread(documents: Sequence[Document], size: int = DEFAULT_SIZE, limit: int | None = None) -> list[Passage]:
    """At most ``limit`` passages of documents, in the documents' order: evenly from each, and evenly over its length.

    A document with fewer than its share leaves the rest to the others. Raises InputError as :func:`passages_of`.
    """
    each = [passages_of(document, size) for document in documents]
    total = sum(map(len, each))
    shares = _shares([len(found) for found in each], total if limit is None else max(0, limit))
    return [passage for found, share in zip(each, shares, strict=True) for passage in _evenly(found, share)]


def _shares(counts: Sequence[int], limit: int) -> list[int]:
    """How many of each: one after another gets one more, until the limit or all of them."""
    shares = [0] * len(counts)
    left = min(limit, sum(counts))
    while left:
        open_ = [place for place, count in enumerate(counts) if shares[place] < count]
        step = max(1, left // len(open_))
        for place in open_:
            more = min(step, counts[place] - shares[place], left)
            shares[place] += more
            left -= more
    return shares


def _evenly(found: Sequence[Passage], count: int) -> list[Passage]:
    """``count`` of them, the middle ones of equal parts."""
    return [found[(2 * place + 1) * len(found) // (2 * count)] for place in range(count)]


def _cut(page: str, size: int) -> list[tuple[int, int]]:
    """The places of passages: pieces are put together while they fit; a short rest joins what is before it."""
    cuts: list[tuple[int, int]] = []
    for start, end in _pieces(page, size):
        if cuts and end - cuts[-1][0] <= size:
            cuts[-1] = (cuts[-1][0], end)
        else:
            cuts.append((start, end))
    if len(cuts) > 1 and cuts[-1][1] - cuts[-2][0] <= size * (1 + _SPARE):
        rest = cuts.pop()
        cuts[-1] = (cuts[-1][0], rest[1])
    return cuts


def _pieces(page: str, size: int) -> list[tuple[int, int]]:
    """Paragraphs, or their sentences, or parts of these, none longer than ``size``."""
    pieces: list[tuple[int, int]] = []
    for paragraph in paragraphs(page):
        if paragraph[1] - paragraph[0] <= size:
            pieces.append(paragraph)
            continue
        for start, end in sentences(page, *paragraph):
            pieces += _words(page, start, end, size)
    return pieces


def _words(page: str, start: int, end: int, size: int) -> list[tuple[int, int]]:
    """A sentence in parts of at most ``size``, cut at white space where there is some."""
    parts = []
    while end - start > size:
        cut = page.rfind(" ", start + size // 2, start + size)
        cut = cut if cut > 0 else start + size
        parts.append((start, cut))
        start = cut + 1 if page[cut : cut + 1] == " " else cut
    return [*parts, (start, end)] if start < end else parts
