"""Stop strings: the earliest one wins, wherever it lies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.models.stops import cut_answer_at_stop, cut_at_stop


def test_the_earliest_stop_cuts() -> None:
    assert cut_at_stop("a\nb;c", (";", "\n")) == ("a", True)
    assert cut_at_stop("abc", ("x", "")) == ("abc", False)


@given(st.text(), st.lists(st.text(max_size=3), max_size=4))
def test_no_stop_is_left_and_the_text_is_a_beginning(text: str, stops: list[str]) -> None:
    cut, stopped = cut_at_stop(text, stops)
    assert text.startswith(cut)
    assert stopped or cut == text
    assert not any(stop and stop in cut for stop in stops)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<think>a\nb</think>\n\n4\nQ: 5", ("<think>a\nb</think>\n\n4", True)),
        ("a\nb\n</think>\n4\nQ: 5", ("a\nb\n</think>\n4", True)),
        ("<think>a\nb", ("<think>a\nb", False)),
        ("<think>a\n</think>4", ("<think>a\n</think>4", False)),
        ("4\nQ: <think>", ("4", True)),
        ("\n4", ("", True)),
    ],
)
def test_inline_reasoning_is_not_cut(text: str, expected: tuple[str, bool]) -> None:
    assert cut_answer_at_stop(text, ("\n",)) == expected


def test_white_space_after_reasoning_elsewhere_does_not_end_the_answer() -> None:
    assert cut_answer_at_stop("\n\n4\nQ", ("\n",), after_reasoning=True) == ("\n\n4", True)
