"""Whether a text's final answer is the target: yes, no, or readable in two ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.scorers.reading.texts import holds, line_reading, text_reading


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("Paris", True),
        ("Paris, France", None),
        ("The answer is Paris, France.", True),
        ("The answer is Paris because it is.", True),
        ("The answer is the city of Paris.", None),
        ("The answer is Berlin. Paris is in France.", None),
        ("Paris is the capital. It is Berlin.", None),
        ("Berlin", False),
        ("parisian", False),
        ("", None),
        ("  \n", None),
    ],
)
def test_a_marked_answer_or_a_plain_sentence_decides(text: str, reading: bool | None) -> None:
    assert text_reading(text, "Paris") is reading


def test_a_long_text_is_open_only_where_any_place_counts() -> None:
    text = "We went to Paris for a week, and there we looked at a great many old and new houses."
    assert text_reading(text, "Paris") is False
    assert text_reading(text, "Paris", anywhere=True) is None


def test_statements_with_the_target_in_the_middle_of_hedges_are_open() -> None:
    assert text_reading("Some say that it is Paris, but it is Berlin.", "Paris") is None
    assert text_reading("I think it's Paris. No, wait, it's Berlin.", "Paris") is None


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("\\boxed{Paris} and th", True),
        ("\\boxed{Berlin} and th", False),
        ("Paris\nIt is the cap", True),
        ("The capital of France is Par", None),
        ("The answer is Paris", None),
        ("Berlin\nIt is the cap", None),
        ("Paris\nBerl", None),
        ("\\boxed{Paris} or", None),
        ("\\boxed{Berlin} wait, no", None),
    ],
)
def test_of_a_cut_text_only_what_is_closed_counts(text: str, reading: bool | None) -> None:
    assert line_reading(text, "Paris") is reading


def test_words_are_held_whole() -> None:
    assert holds("it is 12, then", "12")
    assert not holds("it is 123", "12")
    assert holds("東京都です", "東京")


@given(st.text(max_size=200), st.text(min_size=1, max_size=20))
def test_any_text_has_a_reading_and_the_target_itself_is_never_wrong(text: str, target: str) -> None:
    assert text_reading(text, target) in (True, False, None)
    assert text_reading(target, target) is not False


@pytest.mark.parametrize("text", ["*\n9<n e \u0661", "\u066a\n1_0'b]5", "1\nmore", "Paris", ""])
def test_an_empty_target_is_read_without_an_error(text: str) -> None:
    assert text_reading(text, "") is None
    assert line_reading(text, "") is None
