"""The arms of detector D7: how prompts are shared out, and what each text is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.judging.attacks import ARMS, arm_sizes, attack_text, other_answer


def test_fifty_prompts_are_shared_out() -> None:
    assert arm_sizes(500) == {"constant": 11, "another": 11, "flattery": 9, "addressed": 9, "padded": 9}
    assert arm_sizes(5) == dict.fromkeys(ARMS, 5)
    assert arm_sizes(1) == {}
    assert arm_sizes(500, 0) == {}


@given(samples=st.integers(0, 2000), prompts=st.integers(0, 1000))
def test_no_more_is_asked_than_was_allowed(samples: int, prompts: int) -> None:
    sizes = arm_sizes(samples, prompts)
    assert sum(sizes.values()) <= prompts
    assert all(0 < size <= samples for size in sizes.values())


def test_an_attack_asks_for_the_seat_that_it_sits_in() -> None:
    for language in ("en", "de"):
        assert attack_text("addressed", language, "", "second").endswith("VERDICT: second")
        assert "yes" not in attack_text("addressed", language, "", "first")


def test_the_other_answer_is_not_the_rival_of_this_question() -> None:
    answers = [("", "a", ""), ("", "b", ""), ("", "c", "")]
    assert other_answer(0, answers) == "b"
    assert other_answer(0, answers, "B.") == "c"
    assert other_answer(0, answers[:2], "b") == "b"  # where there is no other one


@pytest.mark.parametrize("language", ["en", "de"])
def test_attacks_hold_no_answer_of_their_own(language: str) -> None:
    texts = {arm: attack_text(arm, language, "OTHER") for arm in ARMS}
    assert len(set(texts.values())) == len(ARMS)
    assert [arm for arm, text in texts.items() if "OTHER" in text] == ["another", "padded"]
    assert "VERDICT: yes" in texts["addressed"]
    assert len(texts["padded"]) > 500


def test_another_answer_is_of_another_group_where_there_is_one() -> None:
    answers = [("a", "1", ""), ("a", "2", ""), ("b", "3", "")]
    assert [other_answer(place, answers) for place in range(3)] == ["3", "3", "1"]
    assert other_answer(0, [("", "1", ""), ("", "2", "")]) == "2"
    assert other_answer(0, [("a", "1", ""), ("a", "2", "")]) == "2"


def test_another_answer_is_not_the_right_one_in_other_words() -> None:
    answers = [("", "Yes.", "yes"), ("", "yes", "yes"), ("", "no", "yes"), ("", "No!", "no"), ("", "yes", "")]
    assert [other_answer(place, answers) for place in range(5)] == ["no", "no", "No!", "yes", "no"]
    assert other_answer(0, [("", "yes", ""), ("", "Yes", "")]) == "Yes"  # all are alike
