"""The part of a text that is its answer."""

from __future__ import annotations

import pytest

from steelyard.scorers.reading.parts import CONTRAST, first_sentence, goes_on, own_part, without_tags


def test_a_new_question_is_not_part_of_the_answer() -> None:
    assert own_part("18\nQ: What else?") == "18"
    assert own_part("\nQ: What?\nA: 18") == "\nQ: What?\nA: 18"


def test_a_later_sentence_goes_unless_it_takes_the_first_back() -> None:
    assert first_sentence("Paris. It lies on the Seine.") == "Paris."
    assert first_sentence("Paris. That is wrong.") == "Paris. That is wrong."
    assert first_sentence("Paris. Actually, Rome.") == "Paris. Actually, Rome."


@pytest.mark.parametrize("rest", [" or", " wa", "\n\nActually", " \\boxed{B", " <answer"])
def test_a_cut_text_may_go_on(rest: str) -> None:
    assert goes_on(rest)


@pytest.mark.parametrize("rest", [" since it is known", "\nIt lies on the Seine"])
def test_an_explanation_does_not(rest: str) -> None:
    assert not goes_on(rest)


def test_contrasts_and_tags() -> None:
    assert CONTRAST.sub("", "Canberra, not Sydney.") == "Canberra."
    assert CONTRAST.sub("", "Canberra, not sure.") == "Canberra, not sure."
    assert without_tags("<p><b>Paris</b></p>") == "Paris"
