"""Near in meaning and one answer: what is merged, what stays and is named. Vectors are made by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from steelyard.records import SuiteItem
from steelyard.suites.near_meaning import MeaningFound, near_in_meaning

ASKED = "How do I reset my password?"
ALIKE = "I forgot the old code word. How can I get a new one?"


def item(number: int, question: str, answer: str = "On the page settings.", **fields: object) -> SuiteItem:
    return SuiteItem(id=f"i{number}", question=question, answer=answer, **fields)  # type: ignore[arg-type]


def found(items: Sequence[SuiteItem], *angles: float | None) -> MeaningFound:
    """With vectors at these angles (degrees) of a circle; None for a text that is too long."""

    def vectors(texts: Sequence[str]) -> NDArray[np.float32]:
        assert list(texts) == [each.question for each in items]
        turned = np.radians([np.nan if angle is None else angle for angle in angles])
        return np.stack([np.cos(turned), np.sin(turned)], axis=1).astype(np.float32)

    return near_in_meaning(items, vectors)


def test_a_paraphrase_with_the_same_answer_is_merged() -> None:
    result = found(
        [item(0, ASKED), item(1, ALIKE, " on the  page Settings."), item(2, "Is it cold?", "No.")], 0, 40, 90
    )
    (pair,) = result.merged
    assert (pair.first, pair.second, round(pair.cosine, 2)) == (0, 1, 0.77)
    assert result.apart == ()


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (item(1, ALIKE, "By mail."), "their answers differ"),
        (item(1, ALIKE, ""), "an answer is missing"),
        (item(1, ALIKE + " 2"), "numbers or signs differ"),
        (item(1, ALIKE + " And Tom?"), "names differ"),
        (item(1, ALIKE.replace("forgot", "did not forget")), "a negation differs"),
        (item(1, "How do I change my password?"), "two words at most"),
    ],
)
def test_what_is_told_apart_stays_and_is_named(second: SuiteItem, why: str) -> None:
    result = found([item(0, ASKED), second], 0, 10)
    assert result.merged == ()
    (pair,) = result.apart
    assert why in pair.apart


def test_labels_tell_nothing() -> None:
    items = [item(0, ASKED, "Account"), item(1, ALIKE, "Account"), item(2, "x", "Account"), item(3, "y", "Account")]
    result = found(items, 0, 10, 90, 180)
    assert result.merged == ()
    assert [pair.apart for pair in result.apart] == ["many items have their answer"]


def test_other_places_and_long_texts_are_not_compared() -> None:
    assert found([item(0, ASKED), item(1, ALIKE, context="A page.")], 0, 0) == MeaningFound((), (), 0)
    assert found([item(0, ASKED), item(1, ALIKE), item(2, "z")], 0, None, 90) == MeaningFound((), (), 1)
    assert found([]) == MeaningFound((), (), 0)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(0, 359)), max_size=40))
def test_whatever_comes_the_kept_one_is_kept(drawn: list[tuple[int, int, int]]) -> None:
    texts = [ASKED, ALIKE, "Where may a lost word be made anew by me?", "Is there any means to set secrets again?"]
    items = [item(at, texts[which], f"answer {answer}") for at, (which, answer, _) in enumerate(drawn)]
    result = found(items, *(angle for _, _, angle in drawn))
    gone = {pair.second for pair in result.merged}
    assert len(gone) == len(result.merged)
    for pair in result.merged:
        assert pair.first < pair.second
        assert pair.first not in gone
        assert items[pair.first].answer == items[pair.second].answer
        assert items[pair.first].question != items[pair.second].question
    for pair in result.apart:
        assert pair.apart
        assert not {pair.first, pair.second} & gone
