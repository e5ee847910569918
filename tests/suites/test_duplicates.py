"""Clusters of near duplicates: which text is kept, planted pairs of real questions, long lists."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from itertools import combinations
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.duplicates import measure_edit, measure_originals, measure_similar, measure_twin, originals
from bench.duplicates_corpus import EDITS, TWINS
from steelyard.suites.duplicates import Duplicate, find_clusters, merge_duplicates
from steelyard.suites.question_match import difference
from steelyard.suites.question_words import question_words


def test_the_first_is_kept_and_the_difference_named() -> None:
    texts = ["How many apples?", "Where is Ann?", "how many  APPLES", "Please: where is Ann?", "Who?"]
    assert [(merge.kept, merge.dropped) for merge in merge_duplicates(texts)] == [(0, 2), (1, 3)]
    assert all(0.4 < merge.similarity < 0.95 for merge in merge_duplicates(texts))
    spelling = "white space, case, punctuation, politeness or synonyms"
    found = find_clusters(texts)
    assert [(cluster.kept, cluster.reason) for cluster in found] == [(0, "it comes first"), (1, "it comes first")]
    assert found[0].dropped[0].difference == spelling


def test_a_text_with_a_typing_error_is_not_the_one_that_is_kept() -> None:
    texts = ["How many aples does Tom have?", "How many apples does Tom have?", "Who eats apples?"]
    (cluster,) = find_clusters(texts)
    assert (cluster.kept, cluster.reason) == (1, "it has fewer words that no other text has")
    assert cluster.dropped == (Duplicate(0, cluster.dropped[0].similarity, "typing errors: apples/aples"),)
    assert 0.95 < cluster.dropped[0].similarity < 1


def test_twins_are_not_merged() -> None:
    twins = ["Tom has 3 apples.", "Tom has 4 apples.", "Tom has no apples.", "Ann has 3 apples.", "Tom has 3 pears."]
    assert merge_duplicates(twins) == []
    assert merge_duplicates([]) == []
    assert merge_duplicates(["", "?", "!"]) == []


def test_a_chain_is_one_cluster() -> None:
    texts = [
        "If it rains tomorrow, does Tom stay at home?",
        "Does Tom stay at home, if it rains tomorrow?",
        "Does Tom stay at home, if it rains tomorow?",
    ]
    assert [(merge.kept, merge.dropped) for merge in merge_duplicates(texts)] == [(0, 1), (0, 2)]


@pytest.fixture(scope="module")
def texts(shared: Path) -> list[str]:
    return originals(shared / "data", 70, 3)


@pytest.mark.parametrize("name", EDITS)
def test_planted_edits_are_found(texts: list[str], name: str) -> None:
    found = measure_edit(texts, name)
    assert found.pairs > 40
    assert found.merged >= 0.95 * found.pairs, found.wrong[:3]


@pytest.mark.parametrize("name", TWINS)
def test_planted_twins_are_none(texts: list[str], name: str) -> None:
    found = measure_twin(texts, name)
    assert found.pairs > 40
    assert found.merged <= 0.005 * found.pairs, found.wrong[:3]


def test_two_questions_of_the_benchmarks_are_none(texts: list[str]) -> None:
    assert measure_originals(texts).merged == 0


def test_similar_words_in_a_short_list_are_mostly_told_apart() -> None:
    found = measure_similar()
    assert found.merged <= 0.3 * found.pairs, found.wrong


def test_memory_is_bounded_where_all_share_a_word() -> None:
    """One matrix of all pairs would take 9 MB in bytes, and 36 MB in floating-point numbers."""
    random = Random(1)
    many = [f"code {''.join(random.choices('abcdefghijklmnopqrstuvwxyz', k=16))}" for _ in range(3_000)]
    tracemalloc.start()
    found = find_clusters([*many, many[7].upper()])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [(cluster.kept, cluster.dropped[0].number) for cluster in found] == [(7, 3_000)]
    assert peak < 8_000_000


def test_many_orders_of_the_same_words_are_told_apart() -> None:
    random = Random(1)
    words = ["true", "and", "not", "false", "or", "true", "and", "false", "or", "not", "true"]
    many = list(dict.fromkeys(" ".join(random.sample(words, len(words))) for _ in range(3_000)))
    assert merge_duplicates(many) == []


QUESTIONS = st.lists(
    st.sampled_from(["apples", "aples", "Apples?", "pears", "3", "4", "not", "please", "is", "if", ".", "?"]),
    max_size=6,
)


@given(st.lists(QUESTIONS.map(" ".join), max_size=8))
def test_each_text_is_dropped_once_or_kept_and_the_result_is_the_same_again(texts: list[str]) -> None:
    merges = merge_duplicates(texts)
    dropped = [merge.dropped for merge in merges]
    assert dropped == sorted(set(dropped))
    assert {merge.kept for merge in merges}.isdisjoint(dropped)
    assert all(0 <= merge.similarity <= 1 for merge in merges)
    assert merge_duplicates(texts) == merges
    left = [" ".join(text.split()) for number, text in enumerate(texts) if number not in dropped]
    assert len(left) == len(set(left))


PARTS = st.sampled_from(
    [
        "tom buys apples",
        "tom buys aples",
        "does ann leave?",
        "does ann leaev?",
        "if it rains",
        "if it riins",
        "3",
        "in march",
        "house",
        "hoouse",
    ]
)


@given(st.lists(st.lists(PARTS, min_size=1, max_size=4).map(" ".join), max_size=10, unique=True))
def test_every_pair_that_asks_the_same_is_a_candidate(texts: list[str]) -> None:
    """The index and the comparison of letters lose none that all pairs, one by one, would find."""
    questions = [question_words(text) for text in texts]
    distinct = {question.words: question for question in questions}
    seen = Counter(word for question in distinct.values() for word in set(question.words))
    clusters = {cluster.kept: cluster.kept for cluster in find_clusters(texts)}
    clusters |= {merge.dropped: merge.kept for merge in merge_duplicates(texts)}
    for (first, one), (second, other) in combinations(enumerate(questions), 2):
        if difference(one, other, seen.__getitem__) is not None:
            assert clusters.get(first, -1) == clusters.get(second, -2)
