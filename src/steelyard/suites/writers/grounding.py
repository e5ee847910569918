"""Whether a text holds a span or an answer: what a person would find there, and nothing that is only near to it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from steelyard.scorers.reading.dates import dates_in, dates_of
from steelyard.scorers.reading.dress import comparable
from steelyard.scorers.reading.numbers import Number, currencies_in, numbers_in, target_number
from steelyard.scorers.reading.phrases import NUMBER_WORDS

__all__ = ["find_span", "holds_answer"]

_QUOTES: Final = dict.fromkeys(map(ord, "“”„‟«»″〝〞"), '"') | dict.fromkeys(map(ord, "‘’‚‛‹›′`´"), "'")
_UNSPACED: Final = 0x2E80  # from here on scripts have no spaces between words
# Thousands in one language, decimals in another: 1.500 and 1,500.
_TWO_WAYS: Final = re.compile(r"(?<![0-9.,])[1-9][0-9]{0,2}[.,][0-9]{3}(?![0-9.,]*[0-9])")
_PER_CENT: Final = re.compile(r"%|percent|per cent|prozent|pour cent|por ciento", re.IGNORECASE)
_WORD: Final = re.compile(r"[^\W\d_]+")


def find_span(text: str, span: str) -> tuple[int, int] | None:
    """Where a text holds a span, from its first character up to behind its last one; None where it does not.

    White space and kinds of quotes may differ; words must be whole.
    """
    wanted, _ = _folded(unicodedata.normalize("NFC", span).strip())
    folded, places = _folded(text)
    start = folded.find(wanted) if wanted else -1
    while start >= 0:
        end = start + len(wanted)
        if not _is_cut(folded, start, end):
            return places[start], places[end - 1] + 1
        start = folded.find(wanted, start + 1)
    return None


def _folded(text: str) -> tuple[str, list[int]]:
    """A text with plain quotes and single spaces, and where each of its characters stood."""
    plain = text.translate(_QUOTES)
    characters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(plain):
        if not character.isspace():
            characters.append(character)
            places.append(place)
        elif not characters or characters[-1] != " ":
            characters.append(" ")
            places.append(place)
    return "".join(characters), places


def _is_cut(text: str, start: int, end: int) -> bool:
    """Whether a place begins or ends within a word or number."""
    return (start > 0 and _joins(text[start - 1], text[start])) or (
        end < len(text) and _joins(text[end - 1], text[end])
    )


def _joins(one: str, other: str) -> bool:
    return one.isalnum() and other.isalnum() and ord(one) < _UNSPACED and ord(other) < _UNSPACED


def holds_answer(text: str, answer: str) -> bool:
    """Whether a text holds an answer: a number or date however it is written, other answers word for word.

    Case, quotes, hyphens and the like make no difference (:func:`~steelyard.scorers.reading.dress.comparable`). A
    number must be the whole number (``5`` is not in ``1.5``), with its currency and per cent sign where it has one;
    what can be read in two ways (``1.500``, ``3/4/1999``) must be written the same.
    """
    if days := dates_of(answer):
        found = dates_in(text)
        return days in found if len(days) == 1 else _holds_words(text, answer)
    number = target_number(answer) or _of_word(answer)
    if number is None:
        return _holds_words(text, answer)
    if _PER_CENT.search(answer) and not _PER_CENT.search(text):
        return False
    named, meant = currencies_in(text), currencies_in(answer)
    if meant and not meant & named:
        return False
    value = Fraction(_digits(answer)) if _TWO_WAYS.search(answer) else number.value
    return value in set(_values(text))


def _of_word(answer: str) -> Number | None:
    word = comparable(answer)
    return Number(Fraction(NUMBER_WORDS[word])) if word in NUMBER_WORDS else None


def _values(text: str) -> Iterator[Fraction]:
    """The numbers of a text, in digits and in words; what can be read in two ways is read as thousands, as above."""
    for found in _TWO_WAYS.finditer(text):
        yield Fraction(_digits(found[0]))
    yield from (number.value for number in numbers_in(_TWO_WAYS.sub(" ; ", text)))
    words = (word.casefold() for word in _WORD.findall(text))
    yield from (Fraction(NUMBER_WORDS[word]) for word in words if word in NUMBER_WORDS)


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)


def _holds_words(text: str, answer: str) -> bool:
    wanted, within = comparable(answer), comparable(text)
    if not any(map(str.isalnum, wanted)):
        return bool(answer.strip()) and answer.strip() in text
    start = within.find(wanted)
    while start >= 0:
        end = start + len(wanted)
        if not _is_cut(within, start, end) and not _is_part_of_number(within, start, end):
            return True
        start = within.find(wanted, start + 1)
    return False


def _is_part_of_number(text: str, start: int, end: int) -> bool:
    """Whether a text that begins or ends with a digit goes on as a number: ``5 km`` in ``1.5 km`` and in ``-5 km``."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    goes_on_before = text[start].isdigit() and (
        (before[-1:] in (".", ",") and before[:1].isdigit()) or before[-1:] in ("-", "−", "/")
    )
    goes_on_after = text[end - 1].isdigit() and after[:1] in (".", ",", "/") and after[1:].isdigit()
    return goes_on_before or goes_on_after
