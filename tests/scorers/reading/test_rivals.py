"""What else a text may give as its answer."""

from __future__ import annotations

import pytest

from steelyard.scorers.reading.dress import comparable
from steelyard.scorers.reading.rivals import MAX_CANDIDATES, candidates, has_rival, sole_block


def all_right(_: str) -> bool:
    return True


def same(one: str, other: str) -> bool:
    return comparable(one) == comparable(other)


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("positive.\nnegative.", {"positive", "negative"}),
        ("**Paris** and more. It is Berlin.", {"paris", "berlin"}),
        ("The answer is Paris (Berlin).", {"paris"}),
        ("yes:\n```\nno\n```", {"yes", "no"}),
        ("The ticket belongs to billing.", {"billing"}),
        ("It is Paris, not Berlin.", {"paris"}),
    ],
)
def test_candidates_come_from_every_place_where_an_answer_is_looked_for(text: str, held: set[str]) -> None:
    assert held <= candidates(text).keys()


def test_what_names_ranks_before_what_describes() -> None:
    ranks = candidates("It is Paris. It is known for its museums.")
    assert ranks["paris"] < ranks["known for its museums"]


@pytest.mark.parametrize(
    ("text", "wanted", "expected"),
    [
        ("positive.\nnegative.", "positive", True),
        ("It is Paris. It is known for its museums.", "paris", False),
        ("Paris, France", "paris", False),
        ("Yes. It is maybe.", "yes", False),
        ("Yes. It is maybe.", "maybe", True),
        ("not entailment.\nentailment.", "entailment", True),
        ("It is Paris. It has 2 rivers: 18", "paris", False),
        ("red, blue.\nblue, red.", "red, blue", True),
    ],
)
def test_a_rival_is_of_the_same_kind_ranks_as_high_and_is_another_answer(
    text: str, wanted: str, expected: bool
) -> None:
    assert has_rival(text, wanted, all_right, same) is expected


def test_only_what_the_text_is_right_for_is_a_rival() -> None:
    assert not has_rival("positive.\nnegative.", "positive", lambda _: False, same)


def test_a_long_text_has_few_candidates() -> None:
    assert len(candidates("It is Paris, which is a city in France. " * 250)) <= MAX_CANDIDATES


def test_a_block_is_alone_where_a_colon_or_nothing_leads_to_it() -> None:
    assert sole_block("Here:\n```\nx\n```\nThat is it.") == "x"
    assert sole_block("Not this\n```\nx\n```") is None
    assert sole_block("```\nx\n```\n```\ny\n```") is None
