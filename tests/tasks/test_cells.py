"""Cells as they show, by value and number format."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.tasks.cells import shown


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (0.19, "0%", "19%"),
        (0.195, "0.0%", "19.5%"),
        (0.19, "0\\ %", "19 %"),
        (0.125, "0.##%", "12.5%"),
        (1067, "00000", "01067"),
        (1067, '"D-"00000', "01067"),
        (-7, "000", "-007"),
        (1234.5, '#,##0.00\\ "€"', "1234.50"),
        (1234.5, "_-* #,##0.00\\ [$€-407]_-;-* #,##0.00", "1234.50"),
        (2.345, "0.00", "2.35"),
        (4.0, "General", "4"),
        (2.5, "", "2.5"),
        (0.5, "# ?/?", "0.5"),
        (12345678.0, "0.00E+00", "12345678"),
        (1234567, "#,##0,", "1234567"),
        (4, "@", "4"),
        (date(2026, 3, 1), "dd.mm.yyyy", "2026-03-01"),
        (datetime(2026, 3, 1), "dd.mm.yyyy", "2026-03-01"),
        (datetime(2026, 3, 1, 9, 30), "", "2026-03-01 09:30"),
        (time(9, 30), "hh:mm", "09:30"),
        (time(9, 30, 5), "hh:mm:ss", "09:30:05"),
        (timedelta(hours=25, minutes=30), "[h]:mm", "25:30"),
        (None, None, ""),
        ("007", "@", "007"),
    ],
)
def test_cells(value: Any, number_format: str | None, text: str) -> None:
    assert shown(value, number_format) == text


def test_true_and_false_are_said_in_the_language_of_the_header() -> None:
    assert [shown(each, german=german) for german in (False, True) for each in (True, False)] == [
        "TRUE",
        "FALSE",
        "WAHR",
        "FALSCH",
    ]


@given(st.integers() | st.floats(allow_nan=False), st.text('0#?,.%E+-/ ";\\_*[]$@a', max_size=12))
def test_no_number_format_ends_in_an_error(value: float, number_format: str) -> None:
    assert shown(value, number_format)
