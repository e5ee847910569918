"""Short answers that say one number or one name, and those that may say another."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.scorers.reading.alone import names_alone, plain_line, sole_values


@pytest.mark.parametrize(
    ("line", "plain"),
    [
        (r"$\boxed{\text{Light blue}}$", "Light blue"),
        (r"\(45\%\)", "45%"),
        ("**<answer>45</answer>**", "45"),
        ('<45> "km"', "45 km"),
        (r"1{,}234\,567 and 70\ 000", "1,234 567 and 70 000"),
        ("$1,234 and US$5", "1,234 and US$5"),
        ("x" * 301, ""),
    ],
)
def test_a_plain_line(line: str, plain: str) -> None:
    assert plain_line(line) == plain


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("In 2010", {2010}),
        ("45%", {45, Fraction(45, 100)}),
        ("1.5 million", {1_500_000, Fraction(3, 2)}),
        ("1.234", {1234, Fraction(1234, 1000)}),
        ("1,2", {Fraction(12, 10)}),
        ("20 + 25 = 45", {45}),
        ("Seven bars", {7}),
        ("seven or eight", set()),
        ("the seventh", set()),
        ("1:4", set()),
        ("no 4", set()),
        ("at least 4", set()),
        ("4 5", set()),
        ("", set()),
    ],
)
def test_the_values_of_the_only_number(line: str, values: set[Fraction | int]) -> None:
    assert sole_values(line) == values


@pytest.mark.parametrize(
    ("line", "target", "alone"),
    [
        ("the red bar", "Red", True),
        ("the dark red bar", "Red", False),
        ("Red State", "Red", True),
        ("Red Sea", "Red", False),
        ("red, green", "Red", False),
        ("red, since it is the longest", "Red", True),
        ("red and red", "Red", False),
        ("redder", "Red", False),
        ("Jan 2010 to Feb 2011", "Jan 2010", False),
        ("by Jan 2010", "Jan 2010", True),
        ("true, as drawn", "true", True),
        ("true, or false", "true", False),
        ("it is not true", "true", False),
        ("a", "A", False),
        ("Germany and France", "[Germany, France]", True),
        ("'France', 'Germany'.", "[Germany, France]", True),
        ("Germany", "[Germany, France]", False),
        ("Germany, France, Italy", "[Germany, France]", False),
        ("Germany or France", "[Germany, France]", False),
        ("x", "[]", False),
    ],
)
def test_a_name_alone(line: str, target: str, alone: bool) -> None:
    assert names_alone(line, target) is alone


@given(st.text(max_size=40), st.text(max_size=8))
def test_any_text_is_read(line: str, target: str) -> None:
    names_alone(plain_line(line), target)
    sole_values(plain_line(line))
