"""The quotations of an answer, as people and models mark them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.scorers.reading.quotations import MAX_QUOTATIONS, quotations_in, without


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('It says "one two", and “three four”.', ["one two", "three four"]),
        ("Es steht „eins zwei“ und »drei« da, et « quatre cinq ».", ["eins zwei", "drei", " quatre cinq "]),
        ("「一二三」と『四』", ["一二三", "四"]),
        ("“three ‘four’ five”", ["three ‘four’ five"]),
        ('A 5" pipe.\n\nIt says "one two".', ["one two"]),
        ('"one\ntwo"', ["one\ntwo"]),
        ("It's here and it isn't.", []),
        ("> one two\n> three\n\nfour", ["one two\nthree"]),
        ('Quote: "one two"', ["one two"]),
        ("**Quote:** one two", ["one two"]),
        ("- **Quote**: *one two*", ["one two"]),
        ("Zitat: „eins zwei“.", ["eins zwei"]),
        ('Quote: "He said "no" to it"', ['He said "no" to it']),
        ('> Quote: "one two"', ["one two"]),
        ('Quote: "one" and "two"', ['one" and "two']),
        ('Quote: "one" (page 2)', ["one"]),
        ('Quote: "one\ntwo"\nthree', ["one\ntwo"]),
        ("Quote: see “one”", ["see “one”"]),
        ("Quote:", []),
        ("Quote: ", []),
        ("", []),
    ],
)
def test_quotations(text: str, found: list[str]) -> None:
    assert [each.text for each in quotations_in(text)] == found


def test_what_may_be_a_title_is_doubtful() -> None:
    said = 'Source: {}\nSource: "{}"\nSource: "one two three four five six"\nQuote: one two'
    found = quotations_in(said.format("the handbook, page 3", "The handbook"))
    assert [each.doubtful for each in found] == [True, True, False, False]
    assert all(each.named for each in found)


def test_what_is_left_is_the_answer() -> None:
    text = 'Rome ("the capital is Rome").\nQuote: "one two"\nDone'
    assert without(text, quotations_in(text)).split() == ["Rome", "(", ").", "Done"]


def test_there_are_bounds() -> None:
    assert len(quotations_in('"a" ' * 200)) == MAX_QUOTATIONS
    for text in ('"' * 20_001, "“" * 20_000, "> " * 20_000, ">\n" * 10_000, "quote:" * 4000, '"a\n' * 7000):
        quotations_in(text)


@given(st.text(alphabet='ab "“”„>\n:Quote', max_size=60))
def test_each_stands_where_it_says(text: str) -> None:
    for each in quotations_in(text):
        assert 0 <= each.start < each.end <= len(text)
        assert all(line.strip(' \t*_>"“”„.,;') in text for line in each.text.split("\n"))
