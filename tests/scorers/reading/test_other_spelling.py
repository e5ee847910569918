from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.scorers.reading.other_spelling import about_in_other_form, spelled_otherwise


@pytest.mark.parametrize(
    ("line", "target", "same"),
    [("January 5", "Jan 5", True), ("The USA", "United States", True), ("U.K.", "United Kingdom", True),
     ("gray", "Grey", True), ("Colors", "colour", True), ("classes", "class", False), ("50 - 64", "50\u201364", True),
     ("", "", False), ("!", "?", False), ("Jan 5", "Jan 6", False), ("South Korea", "Korea", False)],
)  # fmt: skip
def test_another_spelling_is_no_other_name(line: str, target: str, same: bool) -> None:
    assert spelled_otherwise(line, target) is same


@pytest.mark.parametrize(
    ("line", "values"),
    [("4/7", [Fraction(4, 7)]), ("0.57 : 1", [Fraction(57, 100)]), ("3 to 0", []), ("2015, with 45%", [Fraction(2015)]),
     ("1,234 (in 2015)", [Fraction(1234)]), ("3 out of 10", [Fraction(3)]), ("3 or 4", []), ("three", [])],
)  # fmt: skip
def test_a_ratio_and_a_number_with_its_reason(line: str, values: list[Fraction]) -> None:
    assert list(about_in_other_form(line)) == values


@given(st.text(alphabet="0123456789.,:/ -()withattoof%\u2013", max_size=120))
def test_any_line_is_read(line: str) -> None:
    assert len(about_in_other_form(line)) <= 1
    assert spelled_otherwise(line, line) in (True, False)
