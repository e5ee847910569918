"""Which side of a sentence is its answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.scorers.reading.dress import comparable
from steelyard.scorers.reading.sentences import (
    Side,
    answer_side,
    ends_in_verb,
    is_described,
    is_short_statement,
    is_statement,
    stated_parts,
    states,
)

LABELS = ("yes", "no", "valid", "invalid", "positive", "negative", "Paris", "Berlin", "New York", "(A)", "maybe")
SENTENCES = (
    "{a} is {b}", "{b} was {a}", "The {a} is {b}.", "{a} is the {b}", "It is {a} is {b}", "{a}: {b} is {a}",
    "{a} is {b}, which is {a}", "{a} that is {b} is {a}", "{a} is correct, {b} is", "{a} is called {b}",
    "{a} was written by {b}", "{a} = {b}", "{a}'s {b}", "by {a} is {b}", "The answer {a} is {b} in {a}",
)  # fmt: skip


@pytest.mark.parametrize(
    ("sentence", "side"),
    [
        ("The capital of France is Paris.", Side.RIGHT),
        ("It is Paris.", Side.RIGHT),
        ("It's Paris.", Side.RIGHT),
        ("Capital: Paris", Side.RIGHT),
        ("Sentiment is positive.", Side.RIGHT),
        ("Die Hauptstadt ist Berlin.", Side.RIGHT),
        ("The answer to that is Paris.", Side.RIGHT),
        ("Hamlet was written by Shakespeare.", Side.RIGHT),
        ("51 is composite.", Side.RIGHT),
        ("Paris is the capital.", Side.LEFT),
        ("The Nile is the longest river.", Side.LEFT),
        ("Paris ist eine Stadt in Frankreich.", Side.LEFT),
        ("Paris is correct.", Side.LEFT),
        ("yes is no", None),
        ("Paris is Berlin", None),
        ("Der Rhein ist der Fluss", None),
    ],
)
def test_the_side_that_names_is_the_answer_and_not_the_one_that_describes(sentence: str, side: Side | None) -> None:
    assert answer_side(sentence) is side


@pytest.mark.parametrize(
    ("sentence", "wanted", "expected"),
    [
        ("The capital is Paris.", "paris", True),
        ("Paris is the capital.", "paris", True),
        ("Paris is the capital.", "capital", False),
        ("Paris is Berlin.", "paris", False),
        ("Paris is Berlin.", "berlin", False),
        ("It is a bill that is wrong.", "wrong", False),
        ("It is not Paris.", "paris", False),
        ("It was written by Ann.", "ann", True),
    ],
)
def test_a_sentence_states_what_stands_on_that_side(sentence: str, wanted: str, expected: bool) -> None:
    assert states(sentence, wanted) is expected


@given(st.sampled_from(SENTENCES), st.sampled_from(LABELS), st.sampled_from(LABELS))
def test_of_two_labels_a_sentence_states_at_most_one_and_its_parts_hold_it(sentence: str, a: str, b: str) -> None:
    said = sentence.format(a=a, b=b)
    stated = {comparable(each) for each in (a, b) if states(said, comparable(each))}
    assert len(stated) <= 1, said
    parts = [comparable(each) for each in stated_parts(said)]
    assert all(each in parts for each in stated), (said, parts)


def test_parts_and_short_sentences() -> None:
    assert is_described("a city in France")
    assert not is_described("Paris")
    assert not is_described("A")
    assert ends_in_verb("The answer is")
    assert ends_in_verb("Capital:")
    assert not ends_in_verb("Paris")
    assert is_statement("It is Paris.")
    assert not is_statement("Paris, France")
    assert is_short_statement("It is Paris.")
    assert not is_short_statement("It is a city that has many old houses.")
