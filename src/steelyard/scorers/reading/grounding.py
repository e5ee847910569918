"""Whether a text holds a span, a quotation or an answer: what a person finds there, and nothing that is only near."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Final

from steelyard.scorers.reading.dates import dates_in, dates_of
from steelyard.scorers.reading.dress import comparable
from steelyard.scorers.reading.numbers import Number, currencies_in, numbers_in, target_number
from steelyard.scorers.reading.phrases import NUMBER_WORDS

__all__ = ["find_span", "holds_answer", "holds_quotation"]

_QUOTES: Final = dict.fromkeys(map(ord, "“”„‟«»″〝〞"), '"') | dict.fromkeys(map(ord, "‘’‚‛‹›′`´"), "'")
_LIGATURES: Final = dict(zip(map(ord, "ﬀﬁﬂﬃﬄﬅﬆ"), ("ff", "fi", "fl", "ffi", "ffl", "st", "st"), strict=True))
_PLAIN: Final = (
    _QUOTES
    | _LIGATURES
    | dict.fromkeys(map(ord, "‐‑‒–—―−"), "-")
    | dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
)
_DIVIDED: Final = re.compile(r"(?<=[^\W\d_])-[ \t]*\n\s*(?=[^\W\d_])")  # a word that a line end divides
_EMPHASIS: Final = re.compile(r"`|(?<!\w)\*+|\*+(?!\w)|(?<!\w)__?(?=\w)|(?<=\w)__?(?!\w)")
_AROUND: Final = " .,;:!?…*_`\"'"
MAX_PLACES: Final = 1_000  # at which a quotation is looked for, where it is part of a longer word each time
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


def holds_quotation(text: str, quotation: str) -> bool:
    """Whether a text holds a quotation, word for word.

    Beside what :func:`find_span` lets differ, case, kinds of dashes, ligatures, emphasis, a word that a line end
    divides, and punctuation at both ends make no difference.
    """
    wanted = _quotable(quotation)
    return any(_holds_whole(within, each) for within in _quotable(text) for each in wanted)


@lru_cache(maxsize=16)  # one document is searched for every quotation of an answer
def _quotable(text: str) -> frozenset[str]:
    """The forms in which quotations are compared: with the hyphen of a divided word, and without."""
    plain = unicodedata.normalize("NFC", text).translate(_PLAIN).casefold()
    plain = _EMPHASIS.sub("", plain)
    forms = {_DIVIDED.sub("-", plain), _DIVIDED.sub("", plain)}
    return frozenset(" ".join(each.split()).strip(_AROUND) for each in forms)


def _holds_whole(text: str, wanted: str) -> bool:
    start, tried = text.find(wanted) if wanted else -1, 0
    while start >= 0 and tried < MAX_PLACES:
        end = start + len(wanted)
        if not _is_cut(text, start, end) and not _is_part_of_number(text, start, end):
            return True
        start, tried = text.find(wanted, start + 1), tried + 1
    return False


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
    return _holds_whole(within, wanted)


def _is_part_of_number(text: str, start: int, end: int) -> bool:
    """Whether a text that begins or ends with a digit goes on as a number: ``5 km`` in ``1.5 km`` and in ``-5 km``."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    goes_on_before = text[start].isdigit() and (
        (before[-1:] in (".", ",") and before[:1].isdigit()) or before[-1:] in ("-", "−", "/")
    )
    goes_on_after = text[end - 1].isdigit() and after[:1] in (".", ",", "/") and after[1:].isdigit()
    return goes_on_before or goes_on_after
