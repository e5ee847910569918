"""Guesses from n-grams: chance where sides could be exchanged, better where they differ, blind to what servers do."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from steelyard_forensics.text_identity.text_reader import TextReader, grams_of_pair, shown_part
from testkit.writing_server import WORDS

TEXTS = st.text(max_size=30)
PAIRS = st.lists(st.tuples(TEXTS, TEXTS), max_size=12)


def texts(number: int, likes: str = "", length: int = 8) -> list[str]:
    drawn = random.Random(f"{number} {likes}")
    weights = [3 if each == likes else 1 for each in WORDS]
    return [" ".join(drawn.choices(WORDS, weights, k=length)) for _ in range(150)]


def right(first: list[str], second: list[str]) -> float:
    reader = TextReader()
    found = [reader.guess(grams_of_pair([one], [other])) for one, other in zip(first, second, strict=True)]
    made = [each for each in found if each is not None]
    return sum(made) / len(made)


def test_a_word_that_one_side_likes_is_learned_and_texts_of_one_kind_are_not() -> None:
    assert right(texts(1), texts(2, "kelp")) > 0.6
    rates = [right(texts(2 * number), texts(2 * number + 1)) for number in range(12)]
    assert abs(sum(rates) / len(rates) - 0.5) < 0.05


@given(PAIRS)
def test_exchanged_sides_are_guessed_in_the_same_way(pairs: list[tuple[str, str]]) -> None:
    """A guess is right of the one as of the other: nobody chooses by whom he names first."""
    mine, theirs = TextReader(), TextReader()
    for one, other in pairs:
        assert mine.guess(grams_of_pair([one, other], [other, one])) == theirs.guess(
            grams_of_pair([other, one], [one, other])
        )
        assert mine.guess(grams_of_pair([one], [other])) == theirs.guess(grams_of_pair([other], [one]))


@given(PAIRS, TEXTS, TEXTS)
def test_one_pair_exchanged_turns_its_guess_around(pairs: list[tuple[str, str]], one: str, other: str) -> None:
    """So a guess is right with a chance of one half where the two could be exchanged."""
    readers = TextReader(), TextReader()
    for reader in readers:
        for pair in pairs:
            reader.guess(grams_of_pair([pair[0]], [pair[1]]))
    first, second = readers[0].guess(grams_of_pair([one], [other])), readers[1].guess(grams_of_pair([other], [one]))
    assert (first is None) == (second is None)
    assert first is None or first is not second


def test_what_servers_of_one_model_differ_in_is_not_read() -> None:
    plain, other = texts(1), texts(2)
    for bent in (
        [f"\n {each}  \n" for each in other],
        [f"{each}\ufffd" for each in other],
        [f"{each}\nand a further line that the first server stops before" for each in other],
    ):
        assert [shown_part(each) for each in bent] == other
    shorter = [each[:20] for each in other]
    assert abs(right(plain, shorter) - 0.5) < 0.12
    assert right(plain, [f" {each}" for each in other]) == right(plain, other)


def test_it_begins_knowing_nothing_and_texts_without_letters_are_even() -> None:
    reader = TextReader()
    assert reader.guess(grams_of_pair(["a"], ["b"])) is None
    assert reader.guess(grams_of_pair(["", "x"], ["", "x"])) is None
    assert reader.guess(grams_of_pair(["\ud800"], ["\udfff"])) is None
    assert shown_part("x" * 9_000) == "x" * 400
