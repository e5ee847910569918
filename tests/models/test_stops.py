"""Stop strings: the earliest one wins, wherever it lies."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from steelyard.models.stops import cut_at_stop


def test_the_earliest_stop_cuts() -> None:
    assert cut_at_stop("a\nb;c", (";", "\n")) == ("a", True)
    assert cut_at_stop("abc", ("x", "")) == ("abc", False)


@given(st.text(), st.lists(st.text(max_size=3), max_size=4))
def test_no_stop_is_left_and_the_text_is_a_beginning(text: str, stops: list[str]) -> None:
    cut, stopped = cut_at_stop(text, stops)
    assert text.startswith(cut)
    assert stopped or cut == text
    assert not any(stop and stop in cut for stop in stops)
