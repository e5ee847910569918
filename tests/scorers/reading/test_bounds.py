"""Numbers of a text that are not its answer."""

from __future__ import annotations

from fractions import Fraction

import pytest

from steelyard.scorers.reading.bounds import excludes, without_contrasts


@pytest.mark.parametrize(
    "text",
    ["not 18", "less than 18", "at least $18", "x > 18", "\\sqrt{18}", "√18", "不是18", "18ではありません", "isn't 18"],
)
def test_an_excluded_number_is_none(text: str) -> None:
    assert excludes(text, Fraction(18))
    assert not excludes(text, Fraction(20))


def test_other_numbers_are_not_excluded() -> None:
    assert not excludes("18 apples, 5 more than 13", Fraction(18))


def test_a_contrast_goes_unless_it_is_the_target() -> None:
    assert without_contrasts("18, not 20.", Fraction(18)) == "18."
    assert without_contrasts("18, not 20.", Fraction(20)) == "18, not 20."
    assert without_contrasts("not 18 or 20", Fraction(20)) == "not 18 or 20"
