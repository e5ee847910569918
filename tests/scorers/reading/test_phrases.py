"""The words by which people mark, take back and hedge an answer."""

from __future__ import annotations

import pytest

from steelyard.scorers.reading.phrases import ANSWER_MARK, NUMBER_WORDS, hedges


@pytest.mark.parametrize(
    "text",
    ["The answer is 5", "ANSWER: 5", "La réponse est 5", "答えは5", "Antwort: 5", "answer = 5"],
)
def test_a_mark_is_found_before_its_answer(text: str) -> None:
    mark = ANSWER_MARK.search(text)
    assert mark is not None
    assert text[mark.end() :].strip() == "5"


@pytest.mark.parametrize("text", ["I answer in English", "answers: none", "the result is 5", "unanswered: 5"])
def test_other_words_are_no_mark(text: str) -> None:
    assert ANSWER_MARK.search(text) is None


def test_hedges_are_whole_words() -> None:
    assert hedges("Paris or Berlin")
    assert hedges("it ISN’T Paris")
    assert hedges("パリまたはベルリン")
    assert not hedges("the north of Norway, for nothing")


def test_number_words_have_their_values() -> None:
    assert [NUMBER_WORDS[word] for word in ("zero", "drei", "douze")] == [0, 3, 12]
