"""The words that are known to change nothing."""

from __future__ import annotations

import pytest

from steelyard.tasks.harmless_words import FAMILIES, MEASURING, OF_REPORTS, OF_TYPE, SUFFIXES, TOPICS, WORDS
from steelyard.tasks.other_measures import changes_a_test

# Each makes another measure of a sentence whose other words are harmless.
TURN_A_SENTENCE = (
    "best only first half subset selected maximum max top any if either our own new other some any excluded excluding "
    "without not no questions problems items samples answers responses languages prompt template system human judge "
    "graded cot tools context training train validation dev two three eight f1 em exact high medium low"
)


def test_no_list_of_dangers_knows_them() -> None:
    assert [word for word in sorted(WORDS) if changes_a_test(word)] == []


@pytest.mark.parametrize("word", TURN_A_SENTENCE.split())
def test_words_that_turn_a_sentence_are_not_among_them(word: str) -> None:
    assert word not in WORDS


def test_they_are_single_words_in_small_letters() -> None:
    for each in (WORDS, TOPICS, OF_TYPE, OF_REPORTS, FAMILIES, SUFFIXES, MEASURING):
        assert all(word == word.casefold() and " " not in word for word in each)
