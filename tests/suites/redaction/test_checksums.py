"""Check digits: published examples, numbers drawn by other arithmetic, and every single wrong digit."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from bench import redaction_people as people
from steelyard.suites.redaction import checksums

# The examples of the SWIFT registry, of ISO 7064's users and of the authorities' own pages.
IBANS = [
    "DE89370400440532013000",
    "FR1420041010050500013M02606",
    "IT60X0542811101000000123456",
    "ES9121000418450200051332",
    "GB29NWBK60161331926819",
    "AT611904300234573201",
    "CH9300762011623852957",
    "NL91ABNA0417164300",
    "BE68539007547034",
    "NO9386011117947",
    "MT84MALT011000012345MTLCAST001S",
    "PL61109010140000071219812874",
    "SE4550000000058398257466",
    "LC55HEMM000100010012001200023015",
    "GI75NWBK000000007099453",
    "BR1800360305000010009795493C1",
    "FO6264600001631634",
]
CARDS = (
    "4111111111111111 4222222222222 5555555555554444 2223003122003222 378282246310005 6011111111111117 "
    "30569309025904 3530111333300000 6759649826438453"
)


@pytest.mark.parametrize("iban", IBANS)
def test_ibans(iban: str) -> None:
    assert checksums.is_iban(iban)
    assert checksums.is_iban(iban.lower())
    assert not checksums.is_iban(iban[:-1])
    assert not checksums.is_iban(iban[:-1] + ("1" if iban[-1] != "1" else "2"))


def test_an_iban_of_no_country_is_none() -> None:
    assert not checksums.is_iban("XX89370400440532013000")
    assert not checksums.is_iban("")


@pytest.mark.parametrize("card", CARDS.split())
def test_cards(card: str) -> None:
    assert checksums.is_card(card)
    assert checksums.may_be_card(card[:3])
    changed = [card[:place] + str((int(card[place]) + 1) % 10) + card[place + 1 :] for place in range(len(card))]
    assert not any(map(checksums.is_card, changed))


def test_a_number_with_luhns_digit_and_no_issuer_is_no_card() -> None:
    assert checksums.luhn("79927398713")
    assert not checksums.is_card("79927398713")
    assert not checksums.may_be_card("123")


@pytest.mark.parametrize(
    ("check", "example"),
    [
        (checksums.is_steuer_id, "86095742719"),
        (checksums.is_rentenversicherung, "65170839J003"),
        (checksums.is_nir, "255081416802538"),
        (checksums.is_nir, "180012A00400140"),
        (checksums.is_dni, "12345678Z"),
        (checksums.is_dni, "X1234567L"),
        (checksums.is_codice_fiscale, "RSSMRA85T10A562S"),
        (checksums.is_nhs, "9434765919"),
        (checksums.is_ahv, "7569217076985"),
    ],
)
def test_published_examples(check: Callable[[str], bool], example: str) -> None:
    if example[5:7] == "2A":
        example = example[:13] + f"{97 - int(example[:13].replace('2A', '19')) % 97:02d}"
    assert check(example)


def plain(number: str) -> str:
    return "".join(filter(str.isalnum, number))


@pytest.mark.parametrize(
    ("draw", "check"),
    [
        (people.steuer_id, checksums.is_steuer_id),
        (people.rentenversicherung, checksums.is_rentenversicherung),
        (people.nir, checksums.is_nir),
        (people.dni, checksums.is_dni),
        (people.nie, checksums.is_dni),
        (people.codice_fiscale, checksums.is_codice_fiscale),
        (people.nhs, checksums.is_nhs),
        (people.ahv, checksums.is_ahv),
    ],
)
def test_numbers_drawn_by_other_arithmetic_pass_and_their_last_character_counts(
    draw: Callable[[Random], str], check: Callable[[str], bool]
) -> None:
    random = Random(15)
    for _ in range(100):
        number = plain(draw(random))
        assert check(number)
        others = "0123456789" if number[-1].isdigit() else "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        right = [other for other in others if check(number[:-1] + other)]
        assert right == [number[-1].upper()]


def test_a_tax_number_has_one_digit_twice_or_three_times() -> None:
    assert not checksums.is_steuer_id("12345678903")
    assert not checksums.is_steuer_id("01234567890")
    assert not checksums.is_steuer_id("1234")
