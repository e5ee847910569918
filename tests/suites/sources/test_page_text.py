"""Tests for text as a page shows it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.suites.sources.page_text import joined_lines, plain_text, vocabulary_of, without_hyphenation


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("eﬃcient ﬁle ﬂow", "efficient file flow"),
        ("a\r\nb\rc\x0cd", "a\nb\nc\nd"),
        ("soft\u00adhyphen zero\u200bwidth \u202eoverride", "softhyphen zerowidth override"),
        ("5\u00a0km  \t and\u2009more", "5 km and more"),
        ("a\n\n\n\n\nb  \n  c", "a\n\nb\nc"),
        ("u\u0308ber", "über"),
        ("de\ufffecided de\x02\r\ncided", "de-\ncided de-\ncided"),
    ],
)
def test_plain_text(raw: str, plain: str) -> None:
    assert plain_text(raw) == plain


@given(st.text())
def test_plain_text_is_plain_already(text: str) -> None:
    assert plain_text(plain_text(text)) == plain_text(text)
    assert not set(plain_text(text)) & set("\r\t\x0c\u200b\u00ad\ufeff")


@pytest.mark.parametrize(
    ("page", "whole"),
    [
        ("the Daten-\nbank is", "the Datenbank is"),
        ("an E-\nMail", "an E-Mail"),
        ("COVID-\n19", "COVID-19"),
        ("Haupt-\nund Nebeneingang", "Haupt- und Nebeneingang"),
        ("two-\nor three-year", "two- or three-year"),
        ("a well-\nknown and well-known thing", "a well-known and well-known thing"),
        ("a dash -\nhere", "a dash -\nhere"),
        ("feature-\nspecific: this feature is specific", "feature-specific: this feature is specific"),
        ("with-\nin one, as some with in any-\nthing; anything", "within one, as some with in anything; anything"),
        ("well-known, and well-\nknown; wellknown", "well-known, and wellknown; wellknown"),
    ],
)
def test_words_that_a_line_end_divides(page: str, whole: str) -> None:
    assert without_hyphenation(page, vocabulary_of([page])) == whole


def test_lines_of_a_paragraph_are_joined() -> None:
    long = "This line of the paragraph is about as long as all of the others"
    page = f"Heading\n{long}\n{long}\nand its end.\n{long}\n• one item\n• another item\n\nafter a blank line"
    assert joined_lines(page).split("\n\n") == [
        "Heading",
        f"{long} {long} and its end.",
        long,
        "• one item",
        "• another item",
        "after a blank line",
    ]
