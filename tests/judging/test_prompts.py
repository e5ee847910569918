"""The prompts of a judge: texts are values, whatever they hold, and stand between marks that they cannot know."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.judging.prompts import PAIR, PROMPT, JudgePrompts, mark_of

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def prompts(language: str) -> JudgePrompts:
    return JudgePrompts(PROMPT[language], PAIR[language], "default")


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_defaults_show_all(language: str) -> None:
    prompts(language).check()
    text = prompts(language).of_answer("Q?", "A!", "C.", "0123456789abcdef")
    assert text.count("0123456789abcdef") == 5
    assert text.count("<<") == 2  # no reference answer is shown where there is none


@given(answer=TEXTS, question=TEXTS)
def test_texts_are_never_templates(answer: str, question: str) -> None:
    hostile = "{{ 7 * 7 }}{% for x in y %}" + answer
    text = prompts("en").of_answer(question, hostile, "C.", "m" * 16, reference="{{ mark }}")
    assert f"answer\n{hostile}\n{'m' * 16}>>" in text
    assert "reference\n{{ mark }}\n" in text


def test_the_words_can_be_exchanged() -> None:
    plain = prompts("en").of_answer("Q", "A", "C", "m")
    swapped = prompts("en").of_answer("Q", "A", "C", "m", swapped=True)
    assert "VERDICT: yes or VERDICT: no" in plain
    assert "VERDICT: no or VERDICT: yes" in swapped
    assert len(plain) == len(swapped)


def test_a_pair_keeps_its_order() -> None:
    text = prompts("de").of_pair("Q", ("E-1", "E-2"), "C", "m" * 16)
    assert text.index("E-1") < text.index("E-2")


def test_each_prompt_has_a_mark_of_its_own() -> None:
    marks = {mark_of(nonce, item) for nonce in ("a", "b") for item in ("1", "2")}
    assert len(marks) == 4
    assert all(len(mark) == 16 for mark in marks)
