"""A text as the numbers of its word pieces, as BERT's uncased models read it (Wu et al. 2016, WordPiece).

The vocabulary is that of ``bert-base-uncased`` (Google, Apache-2.0), bundled as ``word_pieces.txt``.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from importlib import resources
from typing import Final

__all__ = ["MOST_PIECES", "piece_numbers"]

MOST_PIECES: Final = 256  # of a text, as all-MiniLM-L6-v2 was trained
_LONGEST_WORD: Final = 100
_START, _END, _UNKNOWN = "[CLS]", "[SEP]", "[UNK]"


@cache
def _vocabulary() -> dict[str, int]:
    text = resources.files(__package__).joinpath("word_pieces.txt").read_text(encoding="utf-8")
    return {piece: number for number, piece in enumerate(text.split("\n")[:-1])}


def piece_numbers(text: str) -> list[int]:
    """The numbers of the pieces with the marks of start and end, at most :data:`MOST_PIECES` and one more.

    A text that gives more than :data:`MOST_PIECES` is longer than a model reads.
    """
    found = [_START]
    for word in _words(text[: 20 * MOST_PIECES * 5]):
        found += _pieces(word)
        if len(found) >= MOST_PIECES:
            break
    found = [*found[:MOST_PIECES], _END]
    vocabulary = _vocabulary()
    return [vocabulary[piece] for piece in found]


def _words(text: str) -> list[str]:
    """Small letters without accents; punctuation and ideographs stand alone, white space divides."""
    letters: list[str] = []
    for character in unicodedata.normalize("NFD", _clean(text).lower()):
        if unicodedata.category(character) != "Mn":
            alone = _is_punctuation(character) or _is_ideograph(character)
            letters.append(f" {character} " if alone else character)
    return "".join(letters).split()


def _clean(text: str) -> str:
    kept = (character for character in text if character in "\t\n\r" or not _is_control(character))
    return "".join(" " if character.isspace() else character for character in kept)


def _is_control(character: str) -> bool:
    return character == "\N{REPLACEMENT CHARACTER}" or unicodedata.category(character) in ("Cc", "Cf", "Co")


def _is_punctuation(character: str) -> bool:
    in_ascii = character.isascii() and character.isprintable() and not character.isalnum() and character != " "
    return in_ascii or unicodedata.category(character).startswith("P")


def _is_ideograph(character: str) -> bool:
    number = ord(character)
    return any(first <= number <= last for first, last in _IDEOGRAPHS)


_IDEOGRAPHS: Final = (
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
)  # fmt: skip


def _pieces(word: str) -> list[str]:
    """The longest pieces from the left on; the whole word is unknown where a part of it is."""
    if len(word) > _LONGEST_WORD:
        return [_UNKNOWN]
    vocabulary, start, found = _vocabulary(), 0, []
    while start < len(word):
        begin = "##" if start else ""
        end = next((end for end in range(len(word), start, -1) if begin + word[start:end] in vocabulary), None)
        if end is None:
            return [_UNKNOWN]
        found.append(begin + word[start:end])
        start = end
    return found
