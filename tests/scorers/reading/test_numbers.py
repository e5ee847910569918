"""Numbers as people write them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.scorers.reading.numbers import numbers_in, plain_number, sole_numbers


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("16-3", [16, 3]),
        ("-3 and +4", [-3, 4]),
        ("CO2, m^2, H2O, x_1", []),
        ("v1.2.3", []),
        ("between 1,000 and 2.000.000", [1000, 2_000_000]),
        ("$5", [5]),
        ("1/2 and \\frac{3}{4}", [Fraction(1, 2), Fraction(3, 4)]),
        ("3 × 10^{-2}", [Fraction(3, 100)]),
        ("1e400", []),
        (r"\boxed{70\ 000}, 1\ 234\ 567", [70_000, 1_234_567]),
        (r"7\ 00, 70\ 0000", [7, 0, 70, 0]),
    ],
)
def test_numbers_in_a_text(text: str, values: list[int | Fraction]) -> None:
    assert [number.value for number in numbers_in(text)] == values


def test_an_ambiguous_writing_has_other_values() -> None:
    (number,) = numbers_in("1,234")
    assert (number.value, number.others) == (Fraction(1234), frozenset({Fraction("1.234")}))
    (number,) = numbers_in("1.234")
    assert (number.value, number.others) == (Fraction("1.234"), frozenset({Fraction(1234)}))


@pytest.mark.parametrize(
    ("content", "values"),
    [("9 + 9 = 18 apples", [18]), ("18 (9 + 9)", [18]), ("three", [3]), ("18 of 20", [18, 20]), ("no", [])],
)
def test_a_short_answer_means_what_stands_behind_its_last_equals_sign(content: str, values: list[int]) -> None:
    assert [number.value for number in sole_numbers(content)] == values


@pytest.mark.parametrize(
    ("text", "value"),
    [("18", 18), ("$1,234.5", Fraction("1234.5")), (" -7 ", -7), ("18 km", None), ("A", None), ("", None)],
)
def test_a_target_is_a_number_only_as_a_whole(text: str, value: int | Fraction | None) -> None:
    assert plain_number(text) == value


@given(st.decimals(-(10**12), 10**12, places=2, allow_nan=False))
def test_a_number_is_read_as_it_is_written(number: object) -> None:
    assert plain_number(f"{number}") == Fraction(str(number))


@given(st.text(max_size=500))
def test_any_text_can_be_looked_through(text: str) -> None:
    assert all(isinstance(number.value, Fraction) for number in numbers_in(text) + sole_numbers(text))
