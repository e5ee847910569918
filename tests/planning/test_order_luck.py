"""Stand-ins for honest models: what they favour, which files they refuse, and that it follows from the texts alone."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.planning.order_luck import MOST, RECENCIES, closeness, favour, likeness, mean_ranks, unlucky

Stretches = tuple[tuple[str, ...], ...]


def drawn(seed: int, stretches: int = 50, size: int = 8) -> Stretches:
    """Items in random order, of few words, so that many are alike."""
    source = random.Random(seed)
    words = ["anchor", "basket", "candle", "dragon", "engine", "flower", "guitar", "hammer"]
    return tuple(
        tuple(f"{source.choice(words)} {source.choice(words)} {source.randrange(1000)}\n\n" for _ in range(size))
        for _ in range(stretches)
    )


def by_likeness(stretches: Stretches, *, alternating: bool) -> Stretches:
    """Each stretch sorted by its words, or its two halves by turns."""
    found = []
    for stretch in stretches:
        items = sorted(stretch)
        half = len(items) // 2
        turns = [each for pair in zip(items[:half], items[half:], strict=False) for each in pair]
        found.append(tuple(turns if alternating else items))
    return tuple(found)


def test_texts_are_as_alike_as_the_grams_they_share() -> None:
    alike = likeness(["abcabc", "xabcab", "zz"])
    assert alike[0][1] == 3  # abc, bca, cab
    assert (alike[0][0], alike[0][2]) == (4, 0)
    assert likeness(["aab", "ab"], gram=1)[0][1] == 2


def test_nearness_is_counted_by_places_and_weighs_less_the_farther_it_is() -> None:
    alike = [[0, 5, 1], [5, 0, 2], [1, 2, 0]]
    assert closeness(alike, (1, 2))[:3] == [7, 1, 0]
    assert closeness(alike, (2, 1))[:3] == [3, 5, 0]
    assert favour([7, 1], (512, 256)) == 7 * 512 + 256
    assert all(list(weights) == sorted(weights, reverse=True) for weights in RECENCIES.values())


def test_a_sorted_file_is_refused_as_what_like_neighbours_favour() -> None:
    assert "favours items like those before them" in unlucky(by_likeness(drawn(1), alternating=False))


def test_a_file_by_turns_is_refused_as_what_unlike_neighbours_favour() -> None:
    assert "favours items unlike those before them" in unlucky(by_likeness(drawn(1), alternating=True))


@given(st.integers(0, 10**6))
def test_it_is_refused_where_a_rank_is_far_from_the_middle_and_nowhere_else(seed: int) -> None:
    stretches = drawn(seed, stretches=10, size=5)
    ranks = mean_ranks(stretches)
    assert set(ranks) == set(RECENCIES)
    assert all(0 <= rank <= 1 for rank in ranks.values())
    assert bool(unlucky(stretches)) == any(abs(rank - 0.5) > MOST for rank in ranks.values())


def test_items_that_are_all_alike_favour_no_order() -> None:
    same = (("one and the same\n\n",) * 6,) * 10
    assert set(mean_ranks(same).values()) == {0.5}
    assert unlucky(same) == ""


def test_of_random_files_most_are_asked_and_their_ranks_are_in_the_middle() -> None:
    files = [drawn(seed, size=6) for seed in range(12)]
    ranks = [mean_ranks(file)["by half"] for file in files]
    assert sum(ranks) / len(ranks) == pytest.approx(0.5, abs=0.036)  # three standard errors
    assert sum(not unlucky(file) for file in files) >= 5
