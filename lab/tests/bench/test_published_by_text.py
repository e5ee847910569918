"""The recorded greedy texts are read by the rule itself, and show what the docs say of them."""

from __future__ import annotations

from bench.published_by_text import KINDS, SERVED, TEXTS, pairs_of, read_texts
from steelyard_forensics.published.pairs import counts, scores
from steelyard_forensics.published.texts import TOLERANCE


def told(served: str, kind: str) -> float:
    """The share of pairs that are told apart."""
    pairs = pairs_of(served, kind, 0)
    return sum(scores(pairs)) / len(pairs)


def test_the_texts_stand_in_the_order_of_the_prompts() -> None:
    """Of the hidden prompt not all were recorded."""
    kinds = [kind for kind in KINDS for _ in range(TEXTS)]
    for served in SERVED:
        found = [kind for kind, _ in read_texts(served)]
        assert found == kinds[: len(found)]
        assert len(found) == len(kinds) or served == "hidden"


def test_another_batch_is_not_told_apart_and_a_file_of_two_bits_is() -> None:
    assert told("server", "all") < TOLERANCE - 0.05
    assert told("Q2_K", "all") > TOLERANCE + 0.1
    assert counts(pairs_of("server", "all", 0), "same") > 50
    assert counts(pairs_of("Q2_K", "all", 0), "same") < 5


def test_sides_by_coins_are_a_coin() -> None:
    pairs = pairs_of("Q2_K", "neutral", 3, exchanged=True)
    assert abs(sum(scores(pairs)) / len(pairs) - 0.5) < 0.2
