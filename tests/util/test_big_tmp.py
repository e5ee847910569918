"""Patterns of others on RE2: what they match is what Python's own ``re`` matches, and what cannot be had is refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.util.foreign_pattern import Found, compiled

# ASCII, other scripts, other digits, combining marks, and what case folding brings together: ſ and s, K and k, ß and ẞ.
CHARACTERS = "aAbBkKsS019_ -.\n\t\r\x1c\x85\xa0é\u0301É٣²ſKßẞİıΣσςµ漢𝟗𐐀\u2028‿"
CLASSES = [r"\w", r"\W", r"\d", r"\D", r"\s", r"\S", ".", "[a-c]", "[^a-c]", r"[\w.-]", r"[^\s1]", "[é-ΐ]", r"[\D_]"]
PLACES = [r"\b", "^", "$", r"\A", r"\Z"]
FLAGS = ["", "", "", "(?i)", "(?m)", "(?s)", "(?a)", "(?ims)", "(?ai)", "(?is)"]
QUANTIFIERS = ["*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}", "{0,2}?", "{1,}"]

atoms = st.one_of(st.sampled_from(CHARACTERS).map(re.escape), st.sampled_from(CLASSES), st.sampled_from(PLACES))


def wider(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.lists(inner, min_size=2, max_size=4).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda each: f"(?:{'|'.join(each)})"),
        st.tuples(inner, st.sampled_from(QUANTIFIERS)).map(lambda each: f"(?:{each[0]}){each[1]}"),
        inner.map(lambda each: f"({each})"),
        st.tuples(st.sampled_from("ism"), inner).map(lambda each: f"(?{each[0]}:{each[1]})"),
    )


patterns = st.tuples(st.sampled_from(FLAGS), st.recursive(atoms, wider, max_leaves=8)).map("".join)
texts = st.one_of(
    st.text(st.sampled_from(CHARACTERS), max_size=12), st.text(st.sampled_from("abA1 é\n"), max_size=12), st.text(max_size=8)
)
many = settings(max_examples=12000, database=None, deadline=None, suppress_health_check=list(HealthCheck))


def of_python(match: re.Match[str] | None) -> Found | None:
    return None if match is None else Found((match.group(), *match.groups()), *match.span())


def ours(pattern: str):  # type: ignore[no-untyped-def]
    try:
        return compiled(pattern)
    except InputError:
        assume(False)


@many
@given(patterns, texts)
def test_the_first_match_is_that_of_python(pattern: str, text: str) -> None:
    assert ours(pattern).first(text) == of_python(re.search(pattern, text))


@many
@given(patterns, texts)
def test_the_last_match_is_that_of_python(pattern: str, text: str) -> None:
    found = ours(pattern)
    assume(not found.may_be_empty)
    assert found.last(text) == of_python(([None, *re.finditer(pattern, text)])[-1])


@many
@given(patterns, texts)
def test_what_is_replaced_is_what_python_replaces(pattern: str, text: str) -> None:
    try:
        found = ours(pattern).replace(text, r"<\g<0>>")
    except InputError as error:
        assert "prefers to match nothing" in str(error)
        return
    assert found == re.sub(pattern, r"<\g<0>>", text)
