"""Patterns of others on RE2: what they match is what Python's own ``re`` matches, and what cannot be had is refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, assume, example, given, reject, settings
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.util.foreign_pattern import ForeignPattern, Found, compiled

# ASCII, other scripts, other digits, combining marks, and what case folding brings together: ſ and s, K and k, ß and ẞ.
CHARACTERS = "aAbBkKsS019_ -.\n\t\r\x1c\x85\xa0é\u0301É٣²ſKßẞİıΣσςµ漢𝟗𐐀\u2028‿\u0345"
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
    st.text(st.sampled_from(CHARACTERS), max_size=12),
    st.text(st.sampled_from("abA1 é\n"), max_size=12),
    st.text(max_size=8),
)
many = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


def of_python(match: re.Match[str] | None) -> Found | None:
    return None if match is None else Found((match.group(), *match.groups()), *match.span())


def ours(pattern: str) -> ForeignPattern:
    try:
        return compiled(pattern)
    except InputError:
        reject()


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
    except InputError:
        reject()
    assert found == re.sub(pattern, r"<\g<0>>", text)


@example(r"\w", "(?i)")  # U+0345 is no part of a word, though case brings it together with a letter that is
@given(st.sampled_from(CLASSES + list(map(re.escape, CHARACTERS))), st.sampled_from(["", "(?i)", "(?a)", "(?ai)"]))
@settings(deadline=None, max_examples=25)
def test_a_class_has_the_characters_that_it_has_in_python(inner: str, flags: str) -> None:
    every = "".join(map(chr, range(0x20000)))
    assert compiled(f"{flags}(?:{inner})+").replace(every, "|") == re.sub(f"{flags}(?:{inner})+", "|", every)


@pytest.mark.parametrize(
    ("pattern", "text", "replacement", "expected"),
    [
        (r"(?P<first>\w+) (\w+)", "a b, c d", r"\2 \g<first>", "b a, d c"),
        (r"(a)|b", "ab", r"[\1]", "[a][]"),
        (r"a", "aa", r"\n\t\\\g<0>", "\n\t\\a\n\t\\a"),
        (r"\s*", "a b", "-", "-a--b-"),
    ],
)
def test_replacements_name_groups(pattern: str, text: str, replacement: str, expected: str) -> None:
    assert compiled(pattern).replace(text, replacement) == expected == re.sub(pattern, replacement, text)


@pytest.mark.parametrize(
    ("pattern", "replacement", "words"),
    [
        ("a", r"\2", "no group 2"),
        ("a", r"\g<name>", "no group name"),
        ("a", r"\x", "only"),
        ("a", "\\", "only"),
        ("a", r"\07", "only"),
        ("|a", "", "prefers to match nothing"),
    ],
)
def test_replacements_that_are_refused(pattern: str, replacement: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        compiled(pattern).replace("aa", replacement)


def test_a_replacement_that_would_read_the_text_again_and_again_is_refused() -> None:
    with pytest.raises(InputError, match="matches too often in a text of 50,000 characters"):
        compiled("a|a.*b").replace("a" * 50_000, "")
    assert compiled("a+|a.*b").replace("a" * 50_000, "") == ""


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (3, "a pattern is a text, not int"),
        (["a"], "a pattern is a text, not list"),
        ("x" * 2_001, "2,000 are the most"),
        ("(?:a{100}){100}", "cannot be compiled by RE2"),
        ("[a-z]{501}", "is too large"),
    ],
)
def test_what_is_no_pattern_is_refused_in_one_line(pattern: object, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        compiled(pattern)
    assert "\n" not in str(caught.value)
