"""Which subset of a benchmark a claim means: in any usual order of words, and never two."""

from __future__ import annotations

import pytest

from steelyard.tasks import load_task
from steelyard.tasks.subset import named_in, subset_words, words_in

SUBSETS = load_task("mtob").definition.subsets


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("half book eng->kgv", "ek_half_book"),
        ("eng→kgv (half book)", "ek_half_book"),
        ("English to Kalamang, full book", "ek_full_book"),
        ("Half-book, kgv->eng", "ke_half_book"),
        ("full book ke", "ke_full_book"),
        ("ke_full_book", "ke_full_book"),
    ],
)
def test_a_subset_is_named_in_many_ways(text: str, name: str) -> None:
    assert named_in([text], SUBSETS) == (name,)


@pytest.mark.parametrize("text", ["", "half book", "eng->kgv", "a book", "kalamang"])
def test_a_part_of_its_name_names_none(text: str) -> None:
    assert named_in([text], SUBSETS) == ()


def test_two_directions_are_two() -> None:
    assert named_in(["half book eng->kgv/kgv->eng"], SUBSETS) == ("ek_half_book", "ke_half_book")


def test_parts_may_stand_in_several_texts() -> None:
    assert named_in(["half book", "mtob eng->kgv"], SUBSETS) == ("ek_half_book",)


def test_all_words_of_a_subset_are_known() -> None:
    assert set(words_in("half book eng->kgv")) <= subset_words(SUBSETS)
    assert "first" not in subset_words(SUBSETS)


def test_a_doubled_plus_is_a_word() -> None:
    assert words_in("chrF++") == ["chrf", "++"]
    assert words_in("HumanEval+") == ["humaneval"]
