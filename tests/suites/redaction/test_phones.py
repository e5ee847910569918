"""Phone numbers as people write them in eight countries, and numbers that look a little like them."""

from __future__ import annotations

import pytest

from steelyard.suites.redaction.phones import find_phones


def found(text: str) -> list[str]:
    return [text[span.start : span.end] for span in find_phones(text)]


@pytest.mark.parametrize(
    "number",
    ["+49 30 901820-12", "+49 (0)89 123456", "0049 171 1234567", "030/123 45 67", "(0 30) 12 34 56", "0171-1234567",
     "+33 1 42 68 53 00", "01.42.68.53.00", "+39 06 1234 5678", "347 1234567", "+34 612 345 678", "91 123 45 67",
     "020 7946 0958", "(0161) 496 0000", "(212) 555-0123", "+1-212-555-0123", "044 668 18 00", "+358 40 1234567",
     "212-555-0123 ext. 12", "0 801 23 45 67", "+683 7012"],
)  # fmt: skip
def test_numbers(number: str) -> None:
    assert max(found(f"Erreichbar: {number}, danke."), key=len) == number


def test_digits_alone_count_after_a_word() -> None:
    assert found("call me at 612345678") == ["612345678"]
    assert found("order 612345678") == []


def test_a_bracket_of_the_sentence_is_not_part_of_it() -> None:
    assert "+49 171 1234567" in found("Kunde (+49 171 1234567)")
    assert "(0171) 1234567" in found("Kunde (0171) 1234567")


def test_only_the_number_is_taken_where_another_follows() -> None:
    assert found("+33 1 42 68 53 00 2024") == ["+33 1 42 68 53 00"]


@pytest.mark.parametrize(
    "text",
    ["02-01-2026", "1,234,567", "2024-01-02 10:30", "3.14159265358979", "10+12345678", "ISBN 978-3-16-148410-0",
     "320-200-75", "+999 1 234", "100 000 000", "5 555 555", "+12 345"],
)  # fmt: skip
def test_what_is_no_number(text: str) -> None:
    assert found(text) == []
