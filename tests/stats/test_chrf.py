"""Corpus chrF from integers: exact, bounded where answers are unread, and with the same interval on every machine."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.scorers.chrf import counts_of
from steelyard.stats.chrf import LENGTH, bootstrap_interval, corpus_bounds, corpus_score, is_counts

TEXTS = st.text(alphabet="abc d", max_size=14)
PAIRS = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=6)


def sums(counts: list[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(map(sum, zip(*counts, strict=True))) if counts else (0,) * LENGTH


def test_the_reference_itself_has_the_score_one() -> None:
    assert corpus_score(counts_of("kon mei wele", "kon mei wele")) == 1


@pytest.mark.parametrize(("answer", "target"), [("", "the sea"), ("zzz", "the sea"), ("the sea", "")])
def test_nothing_in_common_is_zero(answer: str, target: str) -> None:
    assert corpus_score(counts_of(answer, target)) == 0


def test_a_score_by_hand() -> None:
    # Order 1: 2 of 2 and 2 of 3; order 2: 1 of 1 and 1 of 2; order 3 is the target's alone.
    precision, recall = Fraction(1), (Fraction(2, 3) + Fraction(1, 2)) / 2
    assert corpus_score(counts_of("ab", "abc")) == 5 * precision * recall / (4 * precision + recall)


@given(PAIRS)
def test_counts_are_counts_and_their_score_is_a_share(pairs: list[tuple[str, str]]) -> None:
    counts = [counts_of(answer, target) for answer, target in pairs]
    assert all(is_counts(each) for each in counts)
    assert 0 <= corpus_score(sums(counts)) <= 1


@pytest.mark.parametrize(
    "wrong", [(), (1,) * 17, (-1, *[0] * 17), (1, 1, 2, *[0] * 15), (3, 0, 0, *[0] * 15), (2**40, 2**40, 1, *[0] * 15)]
)
def test_what_no_text_has_is_no_counts(wrong: tuple[int, ...]) -> None:
    assert not is_counts(wrong)


@settings(max_examples=300)
@given(PAIRS, PAIRS)
def test_no_answer_leaves_the_bounds(read: list[tuple[str, str]], unread: list[tuple[str, str]]) -> None:
    known = [counts_of(answer, target) for answer, target in read]
    bare = [counts_of("", target) for _, target in unread]
    low, high = corpus_bounds(sums(known), sums(bare), len(unread), longest=14)
    given = corpus_score(sums([*known, *(counts_of(answer, target) for answer, target in unread)]))
    assert low <= given <= high


def test_where_all_was_read_the_bounds_are_the_score() -> None:
    counts = counts_of("he hunts pigs", "he hunted pigs")
    assert corpus_bounds(counts, (0,) * LENGTH, 0, 20_000) == (corpus_score(counts),) * 2


def test_the_interval_holds_the_score_and_depends_on_the_seed_alone() -> None:
    counts = [counts_of("he hunts pigs"[: 5 + place % 9], "he hunted pigs") for place in range(40)]
    drawn = [bootstrap_interval(counts, [True] * 40, 20_000, seed=seed, level=0.05) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    low, high = drawn[0]
    assert low < corpus_score(sums(counts)) < high
    assert high - low < 0.2


def test_unread_answers_widen_the_interval_both_ways() -> None:
    counts = [counts_of("he hunts pigs", "he hunted pigs") for _ in range(20)]
    narrow = bootstrap_interval(counts, [True] * 20, 100, seed=1, level=0.05)
    bare = [counts_of("", "he hunted pigs"), *counts[1:]]
    wide = bootstrap_interval(bare, [False, *[True] * 19], 100, seed=1, level=0.05)
    assert wide[0] < narrow[0] <= narrow[1] < wide[1]


def test_equal_answers_have_an_interval_of_one_point() -> None:
    counts = [counts_of("he hunts pigs", "he hunted pigs")] * 5
    low, high = bootstrap_interval(counts, [True] * 5, 100, seed=3, level=0.05)
    assert low == high == pytest.approx(float(corpus_score(counts[0])))
