"""Tests for the borders of sentences and paragraphs."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.suites.sources.sentences import paragraphs, sentences


@pytest.mark.parametrize(
    "parts",
    [
        ["One sentence.", "Another one!", "A third?"],
        ["Dr. Smith paid approx. 5 euros.", "He left."],
        ["Am 3. Mai 2019 kam z. B. Frau Dr. Müller.", "Danach war es 17 Uhr."],
        ["He said “Go.”", "Then he went."],
        ["J. R. Smith lives in the U.S. with Bob.", "Really."],
        ["It costs 3.50 euros … or more."],
        ["これは文です。", "次の文です。"],
    ],
)
def test_sentences(parts: list[str]) -> None:
    for glue in (" ", "\n") if parts[0].isascii() else (" ",):
        text = glue.join(parts)
        assert [text[start:end] for start, end in sentences(text)] == parts


def test_paragraphs() -> None:
    text = "  one\ntwo\n \nthree\n\n\n\nfour\n"
    assert [text[start:end] for start, end in paragraphs(text)] == ["one\ntwo", "three", "four"]


@given(st.text(alphabet="aB. \n!?3。”"))
def test_nothing_but_white_space_is_lost(text: str) -> None:
    for spans in (sentences(text), paragraphs(text)):
        assert "".join("".join(text[start:end] for start, end in spans).split()) == "".join(text.split())
        assert all(start < end for start, end in spans)
        assert all(before[1] <= after[0] for before, after in pairwise(spans))
