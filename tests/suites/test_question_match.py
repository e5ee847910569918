"""Which differences between two questions are harmless."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.suites.question_match import difference, is_typo
from steelyard.suites.question_words import question_words


def differs(first: str, second: str, **seen: int) -> str | None:
    return difference(question_words(first), question_words(second), lambda word: seen.get(word, 1))


@pytest.mark.parametrize(
    ("first", "second"),
    [("apples", "aples"), ("apples", "appels"), ("apples", "applles"), ("apples", "appkes"), ("Übung", "Übumg")],
)
def test_typing_errors(first: str, second: str) -> None:
    assert is_typo(first.casefold(), second.casefold())


@pytest.mark.parametrize(
    ("first", "second"),
    [("cat", "car"), ("iran", "iraq"), ("typical", "atypical"), ("apples", "apples"), ("apples", "pears"),
     ("ethane", "ethene"),
     ("a123", "a124"), ("employer", "employee"), ("payer", "payee"), ("provide", "provider"),
     ("male", "female"), ("zambia", "gambia")],
)  # fmt: skip
def test_other_words(first: str, second: str) -> None:
    assert not is_typo(first, second)


@given(st.text(alphabet="abcdé", max_size=8), st.text(alphabet="abcdé", max_size=8))
def test_typing_errors_go_both_ways(first: str, second: str) -> None:
    assert is_typo(first, second) == is_typo(second, first)


def test_equal_words_have_no_difference() -> None:
    assert differs("How many?", "how  many") == ""


def test_a_typing_error_is_named() -> None:
    assert differs("How many apples does Tom have?", "How many aples does Tom have?") == "typing errors: apples/aples"


def test_a_typing_error_in_a_synonym() -> None:
    assert differs("When does the show start today?", "When does the show strat today?") == "typing errors: begin/strat"


def test_two_words_that_other_texts_hold_are_no_typing_error() -> None:
    first, second = "Where is the county of Tom?", "Where is the country of Tom?"
    assert differs(first, second, county=5, country=1) is not None
    assert differs(first, second, county=5, country=2) is None
    assert differs(first, second, county=50, country=2) is not None
    assert differs(first, second, county=50, country=5) is None


def test_not_too_many_typing_errors() -> None:
    assert differs("apples pears lemons", "aples paers lemons") is None


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Tom has 3 apples. Ann has 5. How many have they?", "How many have they? Tom has 3 apples. Ann has 5."),
        ("How many have they? Tom has 3 apples.", "Tom has 3 aples. How many have they?"),
        ("If Tom has 3 apples, how many are left?", "How many are left, if Tom has 3 apples?"),
        ("In 2020 who won the cup?", "Who won the cup in 2020?"),
        ("Tom is here. If it rains, does he leave?", "Tom is here. Does he leave if it rains?"),
    ],
)
def test_the_question_and_its_clauses_may_move(first: str, second: str) -> None:
    found = differs(first, second)
    assert found is not None
    assert found.startswith("the order of its parts")
    assert differs(second, first) is not None


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Is Tom older than Ann?", "Is Ann older than Tom?"),
        ("Take 3 steps. Turn left. Where are you?", "Turn left. Take 3 steps. Where are you?"),
        ("Tom has 3 apples and 5 pears.", "Tom has 5 apples and 3 pears."),
        ("Tom, Ann and Bob sit in this order.", "Ann, Tom and Bob sit in this order."),
        ("Is it true? Is it new?", "Is it new? Is it true?"),
        ("Is it true?", "Is it not true?"),
        ("Is it true?", "Is it true now?"),
        ("Does it rain?", "Does it rain? Or snow?"),
    ],
)
def test_other_orders_and_other_words_make_another_question(first: str, second: str) -> None:
    assert differs(first, second) is None


WITHOUT = """
import sys
sys.modules["rapidfuzz"] = None
from steelyard.errors import MissingDependency
for module in ("duplicates", "question_match"):
    try:
        __import__(f"steelyard.suites.{module}")
    except MissingDependency as error:
        print(error)
"""


def test_without_rapidfuzz_the_fix_is_named() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True)
    assert done.stdout == 2 * "near duplicates need rapidfuzz: pip install 'steelyard[suites]'\n"
