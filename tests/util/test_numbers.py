"""Amounts are written without exponents."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.util.numbers import plain_number, signed


@pytest.mark.parametrize(
    ("value", "text"), [(1.7e-05, "0.000017"), (0.0023, "0.0023"), (1.4234, "1.42"), (12345.0, "12300"), (0.0, "0")]
)
def test_an_amount_is_plain(value: float, text: str) -> None:
    assert plain_number(value) == text


@given(st.floats(1e-9, 1e9))
def test_it_keeps_three_digits(value: float) -> None:
    text = plain_number(value)
    assert "e" not in text
    assert float(text) == pytest.approx(value, rel=0.006)


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(1.25, 1, "+1.2"), (-3.0, 2, "-3.00"), (0.0, 1, "0.0"), (-0.04, 1, "0.0"), (0.04, 1, "0.0"), (-0.06, 1, "-0.1")],
)
def test_a_number_has_its_sign_and_nought_has_none(value: float, digits: int, text: str) -> None:
    assert signed(value, digits) == text
