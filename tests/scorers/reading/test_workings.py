"""Numbers that are workings of an answer: its parts, a check backwards, one number a line."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.scorers.reading.workings import are_listed, checks_backwards, is_broken_down
from tests.scorers.test_dialects import value


@pytest.mark.parametrize("scorer", ["answer", "numeric"])
@pytest.mark.parametrize(
    "text",
    ["**18** Tickets. Davon sind 10 offen und 8 geschlossen.", "**18 Tickets**\n\n- 10 offen\n- 8 geschlossen",
     "Es sind **18** Tickets, davon 10 offen und 8 geschlossen.", "**18** tickets: 10 open and 8 closed.",
     "There are **18** tickets, of which 10 are open and 8 are closed."],
)  # fmt: skip
def test_a_number_before_the_parts_that_add_up_to_it_is_right(scorer: str, text: str) -> None:
    assert is_broken_down(text, Fraction(18))
    assert value(scorer, "18", text) == 1
    assert value(scorer, "20", text) == 0


@pytest.mark.parametrize(
    "text",
    ["**18** apples, of which 10 were sold and 8 are left.", "**18** Äpfel. Davon 10 verkauft, bleiben 8.",
     "**18** Tickets. Davon sind 10 offen und 7 geschlossen.", "There were **18**. She gave away 10. That makes 8.",
     "**18** oder **20** Tickets, davon 10 offen und 8 geschlossen.", "**18** Tickets? Davon 10 und 8.",
     "Nicht **18** Tickets, davon 10 offen und 8 geschlossen.", "20 minus **18**: 10 and 8."],
)  # fmt: skip
def test_a_number_that_may_be_given_and_not_found_is_not_right(text: str) -> None:
    assert value("numeric", "18", text) != 1


@pytest.mark.parametrize("scorer", ["answer", "numeric"])
def test_a_check_backwards_is_open(scorer: str) -> None:
    text = "Verified: 8 + 10 = 18, and 18 - 10 = 8."
    assert checks_backwards(text, Fraction(18))
    assert value(scorer, "18", text) is None
    assert value(scorer, "8", text) is None
    assert value(scorer, "20", text) == 0


def test_equations_that_go_on_are_read_to_their_end() -> None:
    text = "9 * 2 = 18, and 18 + 2 = 20."
    assert not checks_backwards(text, Fraction(18))
    assert value("numeric", "20", text) == 1
    assert value("numeric", "18", text) == 0
    assert value("numeric", "8", "x + 10 = 18, so 18 - 10 = 8.") == 1
    assert value("numeric", "4", "She has 3 + 1 = 4 balls.\nShe starts with 4 and loses 1, so 4 - 1 = 3.\nA: 3") == 0
    assert value("numeric", "60", "30 * 2 = 60 cookies, 60 / 12 = 5 batches, 12 * 5 = 60 cookies.") == 1


@pytest.mark.parametrize("scorer", ["answer", "numeric"])
@pytest.mark.parametrize("text", ["17\n18", "17\n\n18", "- 17\n- 18", "**17**\n**18**", "17.\n18.", "$17\n$18"])
def test_one_number_a_line_is_a_list(scorer: str, text: str) -> None:
    assert are_listed(text)
    assert value(scorer, "18", text) is None
    assert value(scorer, "17", text) is None
    assert value(scorer, "20", text) == 0


def test_lines_that_lead_to_a_number_are_no_list() -> None:
    for text in ("9 + 9 = 18\n18", "Step 1: 9\nSo 18", "18\n18", "18"):
        assert not are_listed(text)
        assert value("numeric", "18", text) == 1


@settings(deadline=None, max_examples=200)
@given(st.lists(st.integers(2, 10**6), min_size=2, max_size=6), st.data())
def test_a_list_of_numbers_is_never_right_for_one_of_them(numbers: list[int], data: st.DataObject) -> None:
    chosen = data.draw(st.sampled_from(numbers))
    expected = 1 if len(set(numbers)) == 1 else None
    assert value("numeric", str(chosen), "\n".join(map(str, numbers))) == expected
