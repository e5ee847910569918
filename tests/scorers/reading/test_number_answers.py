"""Whether the final number of a text is the target: yes, no, or readable in two ways."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.scorers.reading.number_answers import number_reading


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("18", True),
        ("-18", False),
        ("There are 9 and 9, so there are 18.", True),
        ("The answer is 18 = 10 + 8.", None),
        ("18 = 10 + 8", None),
        ("**18**\n\nMonday: 10", None),
        ("18 apples. On Monday there were 10.", None),
        ("First there were 18.\nThen 3 left.\nA: 15", False),
        ("under 18", None),
        ("Step 1: The answer is 20 minus 2.\nStep 2: So in total that is 18.", None),
        ("The answer is 20.\n- 2\n= 18", None),
        ("#### 20\nNo, 18", None),
        ("Step 1: The answer is 20 minus 2.\nStep 2: So in total that is 17.", False),
        ("The answer is 18.\n(I took 2 steps.)", True),
        ("nothing", None),
        ("", None),
    ],
)
def test_the_final_number_decides_and_one_that_stands_first_is_open(text: str, reading: bool | None) -> None:
    assert number_reading(text, Fraction(18)) is reading


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("#### 18\nThen", True),
        ("#### 18", None),
        ("\\boxed{18} apples and", True),
        ("so there are 18", None),
        ("#### 20\nThen", False),
        ("\\boxed{18} or \\boxed{2", None),
        ("\\boxed{20}. Actually, I", None),
    ],
)
def test_of_a_cut_text_only_a_closed_number_counts(text: str, reading: bool | None) -> None:
    assert number_reading(text, Fraction(18), settled_only=True) is reading


@given(st.integers(-(10**9), 10**9), st.text(alphabet="abc .,\n", max_size=30))
def test_a_marked_number_is_read(number: int, before: str) -> None:
    assert number_reading(f"{before}\n#### {number}", Fraction(number)) is True
    assert number_reading(f"{before}\n#### {number}", Fraction(number + 1)) is False
