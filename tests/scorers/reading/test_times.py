"""Times of day as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.scorers.reading.times import is_time, time_of
from tests.scorers.test_answer import value


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("09:30", 570),
        ("9:30", 570),
        ("9.30 Uhr", 570),
        ("9:30 p.m.", 1290),
        ("12:05 am", 5),
        ("21:30 o'clock", 1290),
        ("9.30", None),
        ("9:60", None),
        ("24:00", None),
        ("13:00 pm", None),
        ("9:30:15", None),
        ("109:30", None),
        ("9:3", None),
        ("3:2", None),
        ("", None),
    ],
)
def test_a_time_alone(text: str, minutes: int | None) -> None:
    assert time_of(text) == minutes


@pytest.mark.parametrize(
    "text",
    ["9:30", "**9:30**", "um 9:30 Uhr", "9.30 Uhr.", "Das Treffen beginnt um 9:30 Uhr.", "It starts at 9:30 am.",
     "Die Sitzung ist um 9:30 Uhr."],
)  # fmt: skip
def test_everyday_sentences_are_right(text: str) -> None:
    assert is_time(text, "09:30")
    assert value("09:30", text) == 1
    assert value("09:30 Uhr", text) == 1


@pytest.mark.parametrize(
    "text",
    ["vor 9:30 Uhr", "ab 9:30", "nicht um 9:30 Uhr", "gegen 9:30 Uhr", "bis 9:30", "9:30 oder 10:30", "9:30 pm",
     "19:30", "9:30 UTC", "Das Treffen beginnt nicht um 9:30 Uhr.", "Die frühere Zeit ist 9:30 Uhr.", "9:30–10:30",
     "21:30", "Das Treffen beginnt vor 9:30 Uhr.",
     "9:30? Nein, 10:30.", "before 9:30", "at 9:30 or later", "not at 9:30"],
)  # fmt: skip
def test_bounds_second_times_and_other_times_are_not_right(text: str) -> None:
    assert value("09:30", text) != 1


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 23), st.integers(0, 59), st.integers(0, 23), st.integers(0, 59))
def test_two_times_are_the_same_where_their_minutes_are(hour: int, minute: int, other: int, other_minute: int) -> None:
    target, same = f"{hour:02}:{minute:02}", (hour, minute) == (other, other_minute)
    for text in (f"{other}:{other_minute:02}", f"um {other}.{other_minute:02} Uhr"):
        assert is_time(text, target) == same
        assert (value(target, text) == 1) == same
