"""Two runs' texts, prompt by prompt: guessed whose is whose, in several orders that one secret gives.

Skipped, without a guess and without learning from it, is a pair in which a text came before, of either run: a server
that repeats its own answers is honest, and what repeats can be learned. So is a prompt that came before. Such a pair
accuses nobody, and confirms nobody: for *consistent* it counts as a right guess.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

from steelyard.records.record import Record
from steelyard_forensics.stats.told_apart import Guesses, SeveralOrders
from steelyard_forensics.text_identity.text_reader import Grams, TextReader, grams_of_pair, shown_part

__all__ = [
    "ORDERS",
    "PAIRS",
    "SAID",
    "Answers",
    "ReadPair",
    "Texts",
    "guesses_of",
    "order_of",
    "place",
    "read_pairs",
]

PAIRS: Final = 2_000  # that are read at most
ORDERS: Final = 20
"""In so many orders the same pairs are read, so that no order alone gives the word."""

SAID: Final[Mapping[str, str]] = {
    "r": "right",
    "w": "wrong",
    "e": "even",
    "s": "same",
    "a": "again",
    "m": "missing",
}
"""What may become of a pair: a guess that was right or wrong, or even, since nothing spoke for either; the same text in
both runs; a text or the prompt came before; not answered, or behind reasoning, in one run at least."""


class ReadPair(Record, frozen=True, kw_only=True):
    """What became of one prompt in each of the orders: a letter of :data:`SAID` for each."""

    sample: str
    said: str


class Texts(NamedTuple):
    """What one run has of a prompt: the digests of what was asked, and its texts by repeat; None: missing."""

    item: str
    request: str
    texts: tuple[str, ...] | None


Answers = Mapping[str, Texts]  # by sample


def place(secret: str, sample: str) -> str:
    """By what a secret sorts the prompts for reading."""
    return sha256(f"{secret}\n{sample}".encode()).hexdigest()


def order_of(secret: str, number: int, samples: Sequence[str]) -> list[int]:
    """Which of the samples come in which place, in one of the orders: their indices."""
    return sorted(range(len(samples)), key=lambda at: place(f"{secret}:{number}", samples[at]))


def read_pairs(
    first: Answers, second: Answers, secret: str, notify: Callable[[int, int], None] = lambda read, of: None
) -> tuple[ReadPair, ...]:
    """Guess pair by pair in each order, at most :data:`PAIRS`; they stand as the secret itself sorts them."""
    samples = sorted(first.keys() | second.keys(), key=lambda sample: place(secret, sample))[:PAIRS]
    shown = [_shown(first.get(sample), second.get(sample)) for sample in samples]
    said: list[list[str]] = [[] for _ in samples]
    for number in range(ORDERS):
        reader, seen = TextReader(), set[str]()
        for at in order_of(secret, number, samples):
            said[at].append(_said(shown[at], reader, seen))
        notify(len(samples) * (number + 1) // ORDERS, len(samples))
    return tuple(ReadPair(sample=sample, said="".join(each)) for sample, each in zip(samples, said, strict=True))


class _Shown(NamedTuple):
    """What is read of a prompt: its texts, its request, and the n-grams of both sides."""

    texts: frozenset[str]
    request: str
    grams: Sequence[Grams]


def _shown(mine: Texts | None, theirs: Texts | None) -> _Shown | None:
    if mine is None or theirs is None or mine.texts is None or theirs.texts is None:
        return None
    texts = frozenset(shown_part(each) for each in (*mine.texts, *theirs.texts))
    return _Shown(texts, mine.request, grams_of_pair(mine.texts, theirs.texts))


def _said(shown: _Shown | None, reader: TextReader, seen: set[str]) -> str:
    """What becomes of a prompt; ``seen`` has the texts and the requests that came before."""
    if shown is None:
        return "m"
    parts = {*(f"text {each}" for each in shown.texts), f"request {shown.request}"}
    came_before = not seen.isdisjoint(parts)
    seen |= parts
    if came_before:
        return "a"
    if len(shown.texts) == 1:
        return "s"
    is_right = reader.guess(shown.grams)
    return "e" if is_right is None else "r" if is_right else "w"


def guesses_of(pairs: Sequence[ReadPair], secret: str, absent: int = 0) -> SeveralOrders:
    """What became of pairs, as the bets take them, with so many more that are missing."""
    samples = [each.sample for each in pairs]

    def in_order(number: int) -> Iterator[str]:
        yield from (pairs[at].said[number] for at in order_of(secret, number, samples))
        yield from "m" * absent

    return SeveralOrders([_guesses(in_order(number)) for number in range(ORDERS)])


def _guesses(said: Iterator[str]) -> Guesses:
    guesses = Guesses()
    for each in said:
        if each in "rwm":
            guesses.observe(None if each == "m" else each == "r")
        else:
            guesses.skip(repeated=each == "a")
    return guesses
