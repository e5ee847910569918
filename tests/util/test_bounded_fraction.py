"""Numbers of others: exact, and never larger than their text."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.util.bounded_fraction import bounded_fraction


@pytest.mark.parametrize("text", ["1000", "1_000", " 1e3 ", "+1E+003", "2000/2", "1000.0", "١٠٠٠", "１０００"])
def test_a_number_is_the_same_in_every_writing(text: str) -> None:
    assert bounded_fraction(text) == 1000


@pytest.mark.parametrize(
    "text",
    ["1e100", "1e100000000", "1e-100000000", "1e0_9999999", "1e٣٠٠٠٠٠٠", "1e９９９９９９９", "1e+0000000000100",
     "9" * 401, "1/0", "", ".", "1/2e9", "0x10", "nan", "inf", "1e"],
)  # fmt: skip
def test_what_is_no_number_or_a_large_one_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"number|division|literal"):
        bounded_fraction(text)


@given(st.text("0123456789_.eE+-/٣９ ", max_size=40))
def test_no_number_is_larger_than_its_text_allows(text: str) -> None:
    with suppress(ValueError):
        found = bounded_fraction(text)
        assert max(abs(found.numerator), found.denominator) < 10 ** (len(text) + 101)
        assert found == Fraction(text)
