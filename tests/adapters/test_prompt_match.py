"""Matching by text: exactly, or as a whole question within a prompt; what is not certain is not matched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.adapters.prompt_match import AMBIGUOUS, UNMATCHED, PromptIndex, normalised

QUESTIONS = ["What is 3 + 4?", "What is 13 + 4?", "Who wrote Faust?", "Who wrote Faust? And when?", "7"]


@pytest.mark.parametrize(
    ("prompt", "number"),
    [
        ("What is 3 + 4?", 0),
        ("  What is\n3  + 4?\n", 0),
        ("Q: What is 3 + 4?\nA:", 0),
        ("Q: What is 13 + 4? Answer.", 1),
        ("What is 13 + 45?", UNMATCHED),
        ("Please: Who wrote Faust?", 2),
        ("Please: Who wrote Faust? And when? Briefly.", 3),
        ("Who wrote Faust? No: Who wrote Faust? And when?", AMBIGUOUS),
        ("What is 3 + 4? What is 13 + 4?", AMBIGUOUS),
        ("7", 4),
        ("7 dwarfs", UNMATCHED),
        ("", UNMATCHED),
        ("What is 3 + 4", UNMATCHED),
        ("what is 3 + 4?", UNMATCHED),
    ],
)
def test_which_sample_a_prompt_asks(prompt: str, number: int) -> None:
    assert PromptIndex((text, place) for place, text in enumerate(QUESTIONS)).find(prompt) == number


def test_a_question_that_two_samples_share_is_neithers() -> None:
    index = PromptIndex([("Which is true?", 0), ("Which is true?", 1), ("Which is true? A, B", 0)])
    assert index.find("Which is true?") == AMBIGUOUS
    assert index.find("Which is true? A, B") == 0


def test_a_words_end_is_respected() -> None:
    index = PromptIndex([("colour of water", 0)])
    assert index.find("the colour of waters") == UNMATCHED
    assert index.find("recolour of water") == UNMATCHED
    assert index.find("the colour of water.") == 0


def test_no_keys() -> None:
    assert PromptIndex([]).find("anything") == UNMATCHED


@given(st.lists(st.text(alphabet="ab +?", min_size=1, max_size=24), max_size=6), st.text(alphabet="ab +?", max_size=60))
def test_only_what_occurs_is_found(keys: list[str], prompt: str) -> None:
    found = PromptIndex((key, number) for number, key in enumerate(keys)).find(prompt)
    if found >= 0:
        assert normalised(keys[found]) in normalised(prompt)
