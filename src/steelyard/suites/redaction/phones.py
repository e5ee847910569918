"""Phone numbers: the international writing of every country, the national ones of DE, AT, CH, FR, IT, ES, UK and US.

Without a data base of numbering plans: the international form has a country code of ITU-T E.164 and a length, a
national one a grouping that people use there. A number without any separator, and without a leading zero, is one only
after a word such as *phone*.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from steelyard.suites.redaction.span import Span

__all__ = ["find_phones"]

# Country codes of one and two digits (ITU-T E.164, list of 2016); all others have three.
_SHORT_CODES: Final = frozenset(
    [
        "1",
        "7",
        "20",
        "27",
        "30",
        "31",
        "32",
        "33",
        "34",
        "36",
        "39",
        "40",
        "41",
        "43",
        "44",
        "45",
        "46",
        "47",
        "48",
        "49",
        "51",
        "52",
        "53",
        "54",
        "55",
        "56",
        "57",
        "58",
        "60",
        "61",
        "62",
        "63",
        "64",
        "65",
        "66",
        "81",
        "82",
        "84",
        "86",
        "90",
        "91",
        "92",
        "93",
        "94",
        "95",
        "98",
    ]
)
_LONG_CODES: Final = re.compile(
    r"2[1-69]\d|3[578]\d|42[013]|50\d|59\d|67\d|68\d|69\d|80[08]|85\d|87[08]|88[0-368]|96[0-8]|97[0-79]|99[2-68]"
)
# Fewest and most digits after the country code, where it matters.
_LENGTHS: Final = {"1": (10, 10), "7": (10, 10), "33": (9, 9), "34": (9, 9), "39": (6, 11), "41": (9, 9), "44": (9, 10),
                   "43": (4, 13), "49": (5, 13)}  # fmt: skip
_MOST_DIGITS: Final = 15  # of E.164

_BEFORE: Final = r"(?<![\w+])(?<!\d[ .,/-])"
_AFTER: Final = r"(?![ .,/-]?\d)(?!\w)"
_INTERNATIONAL: Final = re.compile(
    r"(?<![\w+])(?<!\d[.,/-])\(?(?:\+|00(?=[ (]?[1-9]))(?:[ .()/-]{0,3}\d){7,16}+(?!\d)", re.ASCII
)
_EXTENSION: Final = re.compile(r"(?i)[ ,]{0,2}(?:ext\.?|extension|x|poste|durchwahl|dw|int\.?|interno) ?\d{1,5}(?!\w)")
_GROUP: Final = re.compile(r"\d+")

_FORMATS: Final = (
    r"(?:1[ .-])?(?:\([2-9]\d\d\)[ -]?|[2-9]\d\d[ .-])[2-9]\d\d[ .-]\d{4}",  # US, Canada
    r"\(?0[1-9]\d{1,4}\)?[ -]\d{3,4}[ -]?\d{3,4}",  # UK, AT
    r"\(?0\)?[1-9](?:[ .-]?\d\d){4}",  # FR; without separators also DE, UK
    r"0 [89]\d\d(?: \d\d){3}",  # FR, service numbers
    r"0[1-9]\d{9,10}",  # mobile, DE and UK
    # DE, AT
    r"\(?0(?:[2-9]\d{1,4}|1[5-7]\d{1,2}|[89]00|180\d?)\)?(?: ?[/-] ?| )\d{2,4}(?:[ -]?\d{2,4}){1,3}(?:-\d{1,5})?",
    r"\(0 \d{2}(?: \d{1,2})?\)(?: \d{1,3}){2,4}",  # DE, as DIN 5008 had it before 2001
    r"\(?0\d{2}\)?[ /]\d{3} \d{2} \d{2}",  # CH
    r"\(?0\d{1,3}\)?[ ./-]\d{2,4}[ .-]?\d{2,4}(?:[ .-]?\d{2,3})?",  # IT
    r"3[1-9]\d[ ./-]\d{2,3}[ .-]?\d{2,4}(?:[ .-]?\d{2,3})?",  # IT, mobile
    r"[6789]\d\d[ -]\d{3}[ -]\d{3}",  # ES
    r"[6789]\d\d(?:[ .-]\d\d){3}",
    r"[89]\d[ .-]\d{3}[ .-]\d\d[ .-]?\d\d",
    r"[89]\d \d{7}",
)
_NO_DATE: Final = r"(?!\d\d[ ./-]\d\d[ ./-](?:19|20)\d\d(?!\d))"
_NATIONAL: Final = re.compile(f"{_BEFORE}{_NO_DATE}(?:{'|'.join(_FORMATS)}){_AFTER}", re.ASCII)
_FEWEST_WITH_ZERO: Final = 7
_FEWEST_WITHOUT: Final = 9

_SAYS_PHONE: Final = re.compile(
    r"(?i)(?<!\w)(?:tel|tél|phone|telephone|telefon|fon|fax|mobile?|mobil|mobiltelefon|handy|handynummer|cell ?phone|"
    r"whatsapp|sms|rufnummer|call(?: me| us| him| her| them)|anrufen|portable|téléphone|teléfono|telefono|telf|"
    r"móvil|movil|cellulare|my number is|meine nummer ist|mon numéro est|mi número es|il mio numero è)"
    r"(?:[ .]?(?:number|nummer|no|nr|n°|numéro|número|numero))?[^\d\n(+]{0,16}+"
    r"(\(?\d(?:[ ./()-]{0,2}\d){5,13}+)(?!\d)"
)


def find_phones(text: str) -> Iterator[Span]:
    """Phone numbers, each with its extension where one follows."""
    for found in _INTERNATIONAL.finditer(text):
        if end := _end_of_international(text, found.start(), found.end()):
            yield _with_extension(text, found.start(), end)
    for found in _NATIONAL.finditer(text):
        digits = "".join(_GROUP.findall(found[0]))
        if len(digits) >= (_FEWEST_WITH_ZERO if digits[0] == "0" else _FEWEST_WITHOUT):
            yield _with_extension(text, *found.span())
    for found in _SAYS_PHONE.finditer(text):
        yield _with_extension(text, *found.span(1))


def _with_extension(text: str, start: int, end: int) -> Span:
    if text[start] == "(" and ")" not in text[start:end]:
        start += 1  # it belongs to the sentence
    extension = _EXTENSION.match(text, end)
    return Span(start, extension.end() if extension else end, "PHONE")


def _end_of_international(text: str, start: int, end: int) -> int:
    """Where the number ends: after the last group with which its length is one that its country has; else 0."""
    ends = [group.end() for group in _GROUP.finditer(text, start, end)]
    return next((place for place in reversed(ends) if _is_international(text[start:place])), 0)


def _is_international(written: str) -> bool:
    digits = "".join(_GROUP.findall(written.replace("(0)", "")))
    if "+" not in written:
        digits = digits[2:]  # the two zeros
    code = next((digits[:length] for length in (1, 2) if digits[:length] in _SHORT_CODES), "")
    if not code and not _LONG_CODES.match(digits):
        return False
    fewest, most = _LENGTHS.get(code, (5 if code else 4, _MOST_DIGITS - 2))
    national = digits[len(code) or 3 :]
    return fewest <= len(national) <= most or (code == "44" and national[:1] == "0" and len(national) == 11)
