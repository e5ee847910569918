"""What of a question's words is left out, and what stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.suites.question_words import question_words, synonyms


@pytest.mark.parametrize(
    "same",
    [
        "How many apples does Tom buy?",
        "  how many\n apples does\ttom buy ",
        "HOW MANY APPLES, DOES TOM BUY?!",
        "Hello! Could you please tell me: How many apples does Tom buy? Thanks in advance.",
        "How many apples does Tom purchase?",
        "Bitte, how many apples does Tom buy? Vielen Dank!",
        "Please answer the following question:\n\nHow many of the apples does Tom buy?".replace("of the ", ""),
    ],
)
def test_spelling_politeness_and_small_synonyms_make_no_difference(same: str) -> None:
    assert question_words(same).words == ("how", "many", "apples", "does", "tom", "buy")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("It doesn't rain", "It doesn’t rain"),
        ("It doesn't rain", "it doesnt rain"),
        ("It can't", "it cannot"),
        ("What's left?", "Whats left"),
        ("What's left?", "What is left?"),
        ("three apples", "3 apples"),
        ("1,000 men", "1000 men"),
        ("well-known", "well known"),
        ("What is an egg?", "What is the egg?"),
        ("Is a dog here?", "IS DOG HERE?"),
    ],
)
def test_these_are_the_same(first: str, second: str) -> None:
    assert question_words(first).words == question_words(second).words


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("It rains", "It doesn't rain"),
        ("3 apples", "4 apples"),
        ("5 - 3", "5 + 3"),
        ("(1 + 2) * 3", "1 + (2 * 3)"),
        ("-5 degrees", "5 degrees"),
        ("5%", "5"),
        ("1.5 kg", "15 kg"),
        ("[ { (", "[ ( {"),
        ("choice A or B", "choice B or A"),
        ("Is it (A)?", "Is it (B)?"),
        ("x > y", "x < y"),
        ("Say hello to Tom", "Say to Tom"),
        ("Was kostet Konto A im Ausland?", "Was kostet Konto im Ausland?"),
        ("Il a 3 amis", "Il 3 amis"),
    ],
)
def test_these_are_not(first: str, second: str) -> None:
    assert question_words(first).words != question_words(second).words


def test_sentences_and_the_one_that_asks() -> None:
    found = question_words("Tom has 3.5 kg. Mr. X has -2; how many have they? Thanks!")
    assert found.sentences[0] == ("tom", "has", "3.5", "kg")
    assert [found.sentences[number] for number in found.asks] == [("how", "many", "have", "they")]
    assert found.fixed == ("-2", "3.5")


def test_synonyms_of_a_word_begin_with_the_one_that_stands_for_all() -> None:
    assert synonyms("begin") == ("begin", "start")
    assert synonyms("3") == ("3", "three")
    assert synonyms("apple") == ("apple",)


@given(st.text())
def test_reading_its_own_words_again_changes_nothing_of_case_and_space(text: str) -> None:
    words = question_words(text).words
    assert all(words)
    assert question_words(f"  {text}\t").words == words
