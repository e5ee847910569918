"""How far two texts share words or letters: laws that the measures keep, and values of their reference programs."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.scorers.reading.overlap import MEASURES, chrf, rouge_l, token_f1, tokens

TEXTS = st.text(alphabet="abc dé東.", max_size=20)
SEQUENCES = st.lists(st.sampled_from("abc"), max_size=9)


@pytest.mark.parametrize(
    ("hypothesis", "reference", "value"),
    [
        ("The cat sat on the mat", "the cat is on the mat.", 0.550745),
        ("Paris", "not Paris", 0.525012),
        ("Der Zug fährt um 8 Uhr.", "Um 8 Uhr fährt der Zug.", 0.461926),
        ("ab", "abcdefgh", 0.234043),
        ("東京は大きい", "東京は大きな街", 0.489330),
        ("x", "y", 0.0),
    ],
)
def test_chrf_is_that_of_sacrebleu(hypothesis: str, reference: str, value: float) -> None:
    # sacrebleu 2.6.0, CHRF().sentence_score(hypothesis, [reference]) / 100
    assert float(chrf(hypothesis, reference)) == pytest.approx(value, abs=1e-6)


def test_shared_words() -> None:
    assert token_f1("Rome, Italy", "rome") == Fraction(2, 3)
    assert token_f1("a a b", "a b b") == Fraction(2, 3)
    assert rouge_l("a b c", "c b a") == Fraction(1, 3)
    assert rouge_l("the quick brown fox", "the brown dog") == Fraction(4, 7)


def test_words_of_many_scripts() -> None:
    assert tokens("Don't  STOP: 東京 x_1 ﬁn") == ["don", "t", "stop", "東", "京", "x", "1", "fin"]


@pytest.mark.parametrize("name", MEASURES)
@given(one=TEXTS, other=TEXTS)
def test_measures_lie_between_0_and_1(name: str, one: str, other: str) -> None:
    assert 0 <= MEASURES[name](one, other) <= 1


@pytest.mark.parametrize("name", MEASURES)
@given(text=TEXTS)
def test_a_text_is_itself(name: str, text: str) -> None:
    has_content = bool(tokens(text)) if name != "chrf" else bool("".join(text.split()))
    assert MEASURES[name](text, text) == (1 if has_content else 0)


@given(TEXTS, TEXTS)
def test_words_are_shared_both_ways_and_in_order_at_most_as_often(one: str, other: str) -> None:
    assert token_f1(one, other) == token_f1(other, one)
    assert rouge_l(one, other) == rouge_l(other, one) <= token_f1(one, other)


@given(SEQUENCES, SEQUENCES)
def test_the_longest_sequence_is_that_of_the_table(one: list[str], other: list[str]) -> None:
    table = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for row, left in enumerate(one):
        for column, right in enumerate(other):
            table[row + 1][column + 1] = (
                table[row][column] + 1 if left == right else max(table[row][column + 1], table[row + 1][column])
            )
    shared, words = table[-1][-1], len(one) + len(other)
    assert rouge_l(" ".join(one), " ".join(other)) == (Fraction(2 * shared, words) if words else 0)


@given(st.permutations("abcde"))
def test_order_counts_for_rouge_alone(words: list[str]) -> None:
    text = " ".join(words)
    assert token_f1(text, "a b c d e") == 1
    assert (rouge_l(text, "a b c d e") == 1) == (text == "a b c d e")
