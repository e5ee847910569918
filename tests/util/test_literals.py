"""Lists as Python writes them, read without evaluating anything."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.util.literals import MAX_CHARACTERS, texts_in_list


@given(st.lists(st.text(st.characters(exclude_categories=()), max_size=30), max_size=8))
def test_a_list_of_texts_is_read_as_python_writes_it(texts: list[str]) -> None:
    assert texts_in_list(repr(texts)) == texts
    assert texts_in_list(f" {texts!r}\n") == texts


@given(st.text(max_size=60))
def test_any_text_is_a_list_or_an_error(text: str) -> None:
    for each in (text, f"[{text}]"):
        with contextlib.suppress(ValueError):
            assert all(isinstance(found, str) for found in texts_in_list(each))


def test_numbers_stay_as_they_are_written() -> None:
    assert texts_in_list("[1, -2.50, '3',]") == ["1", "-2.50", "3"]
    assert texts_in_list("[]") == []


@pytest.mark.parametrize(
    "text",
    [
        "", "a", "'a'", "['a'", "['a' 'b']", "[['a']]", "[__import__('os')]", "['a', None]", "{'a': 1}", "('a',)",
        "['a\nb']", r"['\U00110000']", "[,]", "['a',,'b']",
    ],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no list|no character"):
        texts_in_list(text)


def test_a_huge_list_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 100,000"):
        texts_in_list("[" + "1," * MAX_CHARACTERS + "]")
