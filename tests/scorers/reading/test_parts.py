"""The part of a text that is its answer."""

from __future__ import annotations

import pytest

from steelyard.scorers.reading.parts import (
    CONTRAST,
    first_sentence,
    goes_on,
    own_part,
    read_with_own_part,
    without_tags,
)


def test_a_new_question_is_not_part_of_the_answer() -> None:
    assert own_part("18\nQ: What else?") == "18"
    assert own_part("\nQ: What?\nA: 18") == "\nQ: What?\nA: 18"


@pytest.mark.parametrize(
    ("own", "whole", "reading"),
    [
        (True, False, True),
        (False, True, None),
        (False, None, None),
        (False, False, False),
        (None, True, True),
        (None, False, None),
        (None, None, None),
    ],
)
def test_a_new_question_may_be_the_models_own_again(own: bool | None, whole: bool | None, reading: bool | None) -> None:
    cut = []

    def read(text: str, truncated: bool) -> bool | None:
        cut.append(truncated)
        return own if text == "18" else whole

    assert read_with_own_part("18\nQ: What else?", True, read) is reading
    assert cut[0] is False  # what stands before it ended there
    assert read_with_own_part("18", True, read) is own
    assert cut[-1] is True


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
