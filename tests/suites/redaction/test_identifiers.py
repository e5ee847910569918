"""Accounts, cards and national numbers in running text."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from steelyard.suites.redaction.identifiers import find_cards, find_ibans, find_national_ids
from steelyard.suites.redaction.span import Span

Finder = Callable[[str], Iterator[Span]]


def found(find: Finder, text: str) -> list[str]:
    return [text[span.start : span.end] for span in find(text)]


@pytest.mark.parametrize(
    "iban",
    ["DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "DE89-3704-0044-0532-0130-00", "de89370400440532013000",
     "DE 89 3704 0044 0532 0130 00", "DE89 3704 0044\n0532 0130 00", "FR14 2004 1010 0505 0001 3M02 606"],
)  # fmt: skip
def test_ibans_however_they_are_written(iban: str) -> None:
    assert found(find_ibans, f"Konto {iban} BIC COBADEFFXXX") == [iban]


def test_an_iban_with_a_wrong_digit_counts_after_the_word() -> None:
    assert found(find_ibans, "IBAN: DE89 3704 0044 0532 0130 01") == ["DE89 3704 0044 0532 0130 01"]
    assert found(find_ibans, "Nr. DE89 3704 0044 0532 0130 01") == []


def test_a_sentence_with_the_check_digits_of_an_iban_is_none() -> None:
    assert found(find_ibans, "She goes to bed at 10 p.m. and wakes up at 6 a.m.") == []


@pytest.mark.parametrize("card", ["4111111111111111", "4111 1111 1111 1111", "3782-822463-10005", "4222222222222"])
def test_cards_between_other_numbers(card: str) -> None:
    assert found(find_cards, f"Karte {card} 12/27, Order 700 123") == [card]
    assert found(find_cards, f"500 {card}") == [card]


def test_decimals_and_wrong_digits_are_no_cards() -> None:
    assert found(find_cards, "3.4111111111111111") == []
    assert found(find_cards, "4111 1111 1111 1112") == []
    assert found(find_cards, "41111111111111110000") == []


@pytest.mark.parametrize(
    ("number", "kind"),
    [("86 095 742 719", "TAX_ID"), ("65 170839 J 003", "SOCIAL_SECURITY"), ("2 55 08 14 168 025 38", "SOCIAL_SECURITY"),
     ("12.345.678-Z", "NATIONAL_ID"), ("X-1234567-L", "NATIONAL_ID"), ("RSS MRA 85T10 A562S", "TAX_ID"),
     ("219-09-9999", "SOCIAL_SECURITY"), ("AB 12 34 56 C", "SOCIAL_SECURITY"), ("943 476 5919", "HEALTH_ID"),
     ("756.9217.0769.85", "SOCIAL_SECURITY")],
)  # fmt: skip
def test_national_numbers(number: str, kind: str) -> None:
    text = f"Nr. {number}, danke"
    assert (number, kind) in [(text[span.start : span.end], span.kind) for span in find_national_ids(text)]


@pytest.mark.parametrize(
    "number", ["000-12-3456", "666-12-3456", "912-12-3456", "219-00-9999", "219-09-0000", "GB 12 34 56 C", "12345678A"]
)
def test_numbers_that_nobody_is_given(number: str) -> None:
    assert found(find_national_ids, number) == []
