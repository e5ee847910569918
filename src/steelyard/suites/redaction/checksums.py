"""Check digits of bank accounts, cards and national numbers. Each takes the characters alone, without separators."""

from __future__ import annotations

from collections import Counter
from typing import Final

__all__ = [
    "IBAN_LENGTHS",
    "is_ahv",
    "is_card",
    "is_codice_fiscale",
    "is_dni",
    "is_iban",
    "is_nhs",
    "is_nir",
    "is_rentenversicherung",
    "is_steuer_id",
    "luhn",
    "may_be_card",
]

# Characters of an IBAN by country, from the SWIFT registry of ISO 13616 (release 99).
IBAN_LENGTHS: Final = {
    country: length
    for length, countries in {
        15: "NO", 16: "BE", 18: "DK FI FK FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK", 21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL", 24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST", 26: "IS TR", 27: "BI DJ FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
        29: "BR EG PS QA UA", 30: "JO KW MU YE", 31: "MT SC", 32: "LC", 33: "RU",
    }.items()
    for country in countries.split()
}  # fmt: skip

# Issuers: first and last beginning of the number, and how many digits it may have.
_ISSUERS: Final = (
    ("4", "4", {13, 16, 19}),  # Visa
    ("51", "55", {16}), ("2221", "2720", {16}),  # Mastercard
    ("34", "34", {15}), ("37", "37", {15}),  # American Express
    ("6011", "6011", {16, 17, 18, 19}), ("644", "659", {16, 17, 18, 19}),  # Discover, RuPay
    ("3528", "3589", {16, 17, 18, 19}),  # JCB
    ("300", "305", {14, 16}), ("3095", "3095", {14, 16}), ("36", "36", {14, 16}), ("38", "39", {14, 16}),  # Diners
    ("62", "62", {16, 17, 18, 19}), ("81", "82", {16}), ("2200", "2204", {16, 17, 18, 19}),  # UnionPay, RuPay, Mir
    ("5018", "5018", set(range(12, 20))), ("5020", "5020", set(range(12, 20))), ("5038", "5038", set(range(12, 20))),
    ("5893", "5893", set(range(12, 20))), ("6304", "6304", set(range(12, 20))), ("6759", "6759", set(range(12, 20))),
    ("6761", "6763", set(range(12, 20))),  # Maestro
)  # fmt: skip

_DNI_LETTERS: Final = "TRWAGMYFPDXBNJZSQVHLCKE"
# Codice fiscale: what a character counts at an odd place (decree of 1976-12-23); digits count as the letters A to J.
_ODD_PLACES: Final = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
_RENTE_WEIGHTS: Final = (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of ISO/IEC 7812-1 (Luhn)."""
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (doubled + sum(map(int, digits[-1::-2]))) % 10 == 0


def may_be_card(digits: str) -> bool:
    """Whether a number begins as those of a payment card do; of at least one digit, the beginning is enough."""
    return any(first[: len(digits)] <= digits[: len(first)] <= last for first, last, _ in _ISSUERS)


def is_card(digits: str) -> bool:
    """Whether it is the number of a payment card: an issuer's beginning and length, and Luhn's check digit."""
    length = len(digits)
    known = any(first <= digits[: len(first)] <= last and length in lengths for first, last, lengths in _ISSUERS)
    return known and luhn(digits)


def is_iban(characters: str) -> bool:
    """Whether it is an IBAN of ISO 13616: a known country, its length, and 1 modulo 97 (ISO/IEC 7064)."""
    turned = (characters[4:] + characters[:4]).upper()
    if len(characters) != IBAN_LENGTHS.get(characters[:2].upper()) or not (turned.isascii() and turned.isalnum()):
        return False
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1


def is_steuer_id(digits: str) -> bool:
    """Whether it is a German tax number (Steuer-ID, § 139b AO): 11 digits, ISO/IEC 7064 MOD 11,10.

    Of its first ten digits exactly one stands twice or three times; the first is not 0.
    """
    if len(digits) != 11 or digits[0] == "0":
        return False
    repeated = [times for times in Counter(digits[:10]).values() if times > 1]
    if len(repeated) != 1 or repeated[0] > 3:
        return False
    product = 10
    for digit in digits[:10]:
        product = 2 * ((int(digit) + product) % 10 or 10) % 11
    return (11 - product) % 10 == int(digits[10])


def is_rentenversicherung(characters: str) -> bool:
    """Whether it is a German pension number (VKVV § 2): area, birthday, letter, serial number, check digit."""
    letter = ord(characters[8].upper()) - ord("A") + 1
    digits = f"{characters[:8]}{letter:02d}{characters[9:11]}"
    total = sum(sum(divmod(weight * int(digit), 10)) for weight, digit in zip(_RENTE_WEIGHTS, digits, strict=True))
    return total % 10 == int(characters[11])


def is_nir(characters: str) -> bool:
    """Whether it is a French social security number (NIR): 13 characters and a key, 97 − number mod 97.

    Corsica's departments 2A and 2B count as 19 and 18.
    """
    number = characters[:13].upper().replace("2A", "19").replace("2B", "18")
    return number.isdigit() and 97 - int(number) % 97 == int(characters[13:])


def is_dni(characters: str) -> bool:
    """Whether it is a Spanish DNI, or a NIE (which begins with X, Y or Z): the letter is the number modulo 23."""
    number = characters[:-1].upper()
    number = str("XYZ".find(number[0])) + number[1:] if number[0] in "XYZ" else number
    return number.isdigit() and _DNI_LETTERS[int(number) % 23] == characters[-1].upper()


def is_codice_fiscale(characters: str) -> bool:
    """Whether the 16th character is the check letter of an Italian codice fiscale (decree of 1976-12-23)."""
    values = [int(each) if each.isdigit() else ord(each) - ord("A") for each in characters.upper()]
    total = sum(_ODD_PLACES[value] for value in values[:15:2]) + sum(values[1:15:2])
    return total % 26 == values[15]


def is_nhs(digits: str) -> bool:
    """Whether the tenth digit is the check digit (modulo 11) of a British NHS number."""
    check = 11 - sum((10 - place) * int(digit) for place, digit in enumerate(digits[:9])) % 11
    return check % 11 == int(digits[9])


def is_ahv(digits: str) -> bool:
    """Whether it is a Swiss social security number: 756 and 10 digits, of which the last is EAN-13's check digit."""
    total = sum(int(digit) * (1 + 2 * (place % 2)) for place, digit in enumerate(digits))
    return digits[:3] == "756" and total % 10 == 0
