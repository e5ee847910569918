"""Shares as text."""

from __future__ import annotations

from fractions import Fraction

import pytest

from steelyard.util.decimal_share import decimal_share


@pytest.mark.parametrize(
    ("text", "share"),
    [("0.85", Fraction(17, 20)), (".5", Fraction(1, 2)), ("1", Fraction(1)), ("0", Fraction(0)), ("1.0", Fraction(1)),
     ("1.1", None), ("85", None), ("1e-1", None), ("", None), ("٠.٥", None), ("0.1234567", None)],
)  # fmt: skip
def test_a_share_is_a_decimal_text_from_0_to_1(text: str, share: Fraction | None) -> None:
    assert decimal_share(text) == share
