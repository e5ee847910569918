"""Numbers that name an account, a card or a person, each confirmed by its check digits or by its published ranges."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final

from steelyard.suites.redaction import checksums
from steelyard.suites.redaction.span import Span

__all__ = ["find_cards", "find_ibans", "find_national_ids"]

_START: Final = r"(?<![A-Za-z0-9])"
_END: Final = r"(?![A-Za-z0-9])"
_NOT_ALNUM: Final = re.compile(r"[^A-Za-z0-9]")

_CODE_DIGITS: Final = 10
_IBAN_HEAD: Final = re.compile(rf"{_START}(?=([A-Za-z]{{2}})[ .-]?\d\d)", re.ASCII)
# After the word, an account number with a wrong check digit is one all the same.
_SAYS_IBAN: Final = re.compile(
    r"(?i)\bIBAN\b[^A-Za-z0-9\n]{0,8}+([A-Z]{2} ?\d\d(?:[ .-]?[A-Z0-9]{4}){2,7}+(?:[ .-]?[A-Z0-9]{1,3}\b)?)"
)

# Groups of at least three digits, with one separator or two between them; not the decimals of a number.
_DIGIT_GROUPS: Final = re.compile(r"(?<![\w])(?<!\d[.,])\d{3,19}+(?:[ .-]{1,2}\d{3,19}+)*+", re.ASCII)
_GROUP: Final = re.compile(r"\d+")
_MOST_DIGITS: Final = 19
_FEWEST_DIGITS: Final = 12


def find_ibans(text: str) -> Iterator[Span]:
    """IBANs of every country, also with spaces, dots, hyphens or a line break between their characters."""
    for head in _IBAN_HEAD.finditer(text):
        length = checksums.IBAN_LENGTHS.get(head[1].upper())
        found = _characters(length).match(text, head.start()) if length else None
        if found and _is_code(found[0]) and checksums.is_iban(_NOT_ALNUM.sub("", found[0])):
            yield Span(*found.span(), "IBAN")
    for said in _SAYS_IBAN.finditer(text):
        yield Span(*said.span(1), "IBAN")


def _is_code(written: str) -> bool:
    # "at 10 p.m. and wakes up at 6 a" has Austria's length, and one sentence in 97 has its check digits.
    return written.isalnum() or not any(map(str.islower, written)) or sum(map(str.isdigit, written)) >= _CODE_DIGITS


@cache
def _characters(count: int) -> re.Pattern[str]:
    return re.compile(rf"[A-Za-z0-9](?:[\s.-]{{0,2}}[A-Za-z0-9]){{{count - 1}}}{_END}", re.ASCII)


def find_cards(text: str) -> Iterator[Span]:
    """Numbers of payment cards (:func:`steelyard.suites.redaction.checksums.is_card`), in one piece or in groups."""
    for run in _DIGIT_GROUPS.finditer(text):
        groups = [(*group.span(), group[0]) for group in _GROUP.finditer(text, *run.span())]
        first = 0
        while first < len(groups):
            count = _card_groups(groups, first)
            if count:
                yield Span(groups[first][0], groups[first + count - 1][1], "CARD")
            first += count or 1


def _card_groups(groups: list[tuple[int, int, str]], first: int) -> int:
    """How many groups from ``first`` on are one card number; the longest, 0 where none is."""
    digits, found = "", 0
    if not checksums.may_be_card(groups[first][2]):
        return 0
    for count, (_, _, group) in enumerate(groups[first : first + 6], 1):
        digits += group
        if len(digits) > _MOST_DIGITS:
            break
        if len(digits) >= _FEWEST_DIGITS and checksums.is_card(digits):
            found = count
    return found


def _number(
    pattern: str, kind: str, check: Callable[[str], bool]
) -> tuple[re.Pattern[str], str, Callable[[str], bool]]:
    return re.compile(_START + r"(?<!\d[.,])" + pattern + _END, re.ASCII), kind, check


def _is_ssn(digits: str) -> bool:
    """The ranges that the Social Security Administration gives out: no area 000, 666 or 900 and above."""
    return digits[:3] not in ("000", "666") and digits[0] != "9" and digits[3:5] != "00" and digits[5:] != "0000"


def _is_nino(characters: str) -> bool:
    return characters[:2].upper() not in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ")


_MONTH: Final = r"(?:0[1-9]|1[0-2]|[2-9]\d)"  # of a NIR: 20 and above where it was not known
_DIGIT_OR_LETTER: Final = (
    "[0-9LMNPQRSTUVlmnpqrstuv]"  # of a codice fiscale: letters stand for digits where two people share it
)
_NATIONAL: Final = (
    _number(r"[1-9]\d[ ]?\d{3}[ ]?\d{3}[ ]?\d{3}", "TAX_ID", checksums.is_steuer_id),
    _number(r"[1-9]\d{2}[ /]\d{4}[ /]\d{4}", "TAX_ID", checksums.is_steuer_id),
    _number(r"\d\d[ ]?\d{6}[ ]?[A-Za-z][ ]?\d{2}[ ]?\d", "SOCIAL_SECURITY", checksums.is_rentenversicherung),
    _number(
        rf"[1-478][ .]?\d\d[ .]?{_MONTH}[ .]?(?:\d\d|2[ABab])[ .]?\d{{3}}[ .]?\d{{3}}[ ./-]{{0,3}}\d\d",
        "SOCIAL_SECURITY", checksums.is_nir,
    ),
    _number(r"(?:\d{2}\.\d{3}\.\d{3}|\d{7,8})[ -]?[A-Za-z]", "NATIONAL_ID", checksums.is_dni),
    _number(r"[XYZxyz][ .-]?(?:\d{7}|\d\.\d{3}\.\d{3})[ -]?[A-Za-z]", "NATIONAL_ID", checksums.is_dni),
    _number(
        rf"[A-Za-z]{{3}}[ ]?[A-Za-z]{{3}}[ ]?{_DIGIT_OR_LETTER}{{2}}[ABCDEHLMPRSTabcdehlmprst]"
        rf"{_DIGIT_OR_LETTER}{{2}}[ ]?[A-Za-z]{_DIGIT_OR_LETTER}{{3}}[ ]?[A-Za-z]",
        "TAX_ID", checksums.is_codice_fiscale,
    ),
    _number(r"\d{3}([ -])\d{2}\1\d{4}", "SOCIAL_SECURITY", _is_ssn),
    _number(
        r"[A-CEGHJ-PR-TW-Za-ceghj-pr-tw-z][A-CEGHJ-NPR-TW-Za-ceghj-npr-tw-z]([ -]?)\d{2}\1\d{2}\1\d{2}[ -]?[A-Da-d]",
        "SOCIAL_SECURITY", _is_nino,
    ),
    _number(r"\d{3}[ -]\d{3}[ -]\d{4}", "HEALTH_ID", checksums.is_nhs),
    _number(r"756[ .]?\d{4}[ .]?\d{4}[ .]?\d{2}", "SOCIAL_SECURITY", checksums.is_ahv),
)  # fmt: skip


def find_national_ids(text: str) -> Iterator[Span]:
    """Tax, social security, health and identity numbers: DE, FR, ES, IT, CH, UK and US.

    Those without a check digit (US SSN, UK NINO) are found by their ranges and their grouping.
    """
    for pattern, kind, check in _NATIONAL:
        for found in pattern.finditer(text):
            if check(_NOT_ALNUM.sub("", found[0])):
                yield Span(*found.span(), kind)
