"""Questions to a judge: one for each answer and criterion, with a key that says what it is about."""

from __future__ import annotations

import re
from dataclasses import replace

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from steelyard.judging.attacks import arm_sizes
from steelyard.judging.items import (
    JudgedAnswer,
    about_key,
    attacked_items,
    attacked_pair_items,
    check_items,
    judged_items,
    key_in,
    pair_items,
)
from steelyard.judging.rubric import Criterion, Rubric
from steelyard.records import JudgedKey, SuiteItem
from steelyard.tasks.suite_file import _ITEM

RUBRIC = Rubric(criteria=(Criterion(id="right", text="It is right.", weight=2.0), Criterion(id="kind", text="Kind.")))
PROMPTS = RUBRIC.prompts("a test")


def answer(place: int, text: str = "", repeat: int = 0, group: str = "") -> JudgedAnswer:
    return JudgedAnswer(
        sample=f"t/row/{place + 7}", place=place, question=f"Q{place}?", answer=text or f"A{place}.", repeat=repeat,
        group=group,
    )  # fmt: skip


def keys(items: list[SuiteItem]) -> list[JudgedKey]:
    found = [key_in(item.answer) for item in items]
    assert all(found)
    return [key for key in found if key is not None]


ANSWERS = [answer(place) for place in range(30)]


def test_each_answer_is_asked_about_by_each_criterion() -> None:
    items = judged_items([*ANSWERS, answer(3, "again", repeat=1)], RUBRIC, PROMPTS, "nonce")
    assert len(items) == 62
    assert len({item.id for item in items}) == 62
    assert all(_ITEM.fullmatch(item.id) for item in items)
    assert {item.group for item in items} == {each.sample for each in ANSWERS}
    assert judged_items([answer(0, group="g")], RUBRIC, PROMPTS, "nonce")[0].group == "g"
    first = keys(items)[0]
    assert (first.sample, first.criterion, first.weight, first.length) == ("t/row/7", "right", 2.0, 3)
    assert "It is right." in items[0].question
    assert "A0." in items[0].question


def test_some_are_asked_again_and_the_other_way_round() -> None:
    items = check_items(ANSWERS, RUBRIC, PROMPTS, "nonce", 5)
    assert [key.arm for key in keys(items)] == ["again", "swapped"] * 5
    assert [key.criterion for key in keys(items)] == ["right"] * 2 + ["kind"] * 2 + ["right"] * 2 + ["kind"] * 2 + [
        "right"
    ] * 2
    assert "VERDICT: no or VERDICT: yes" in items[1].question
    plain = judged_items(ANSWERS, RUBRIC, PROMPTS, "nonce")[0].question
    assert items[0].question != plain  # another mark, so that a cache does not answer
    assert re.sub("[0-9a-f]{16}", "m", items[0].question) == re.sub("[0-9a-f]{16}", "m", plain)


def test_attacks_take_the_first_of_the_committed_order() -> None:
    items = attacked_items(list(reversed(ANSWERS)), RUBRIC, PROMPTS, "nonce", arm_sizes(30))
    found = keys(items)
    assert len(found) == 49
    for arm in ("constant", "another", "flattery", "addressed", "padded"):
        places = [key.place for key in found if key.arm == arm]
        assert places == list(range(len(places)))
        criteria = [key.criterion for key in found if key.arm == arm]
        assert criteria[:4] == ["right", "kind", "right", "kind"]
    other = items[[key.arm for key in found].index("another")]
    assert "Q0?" in other.question
    assert "A1." in other.question
    assert "A0." not in other.question
    assert attacked_items(ANSWERS, RUBRIC, PROMPTS, "nonce", {}) == []


def test_a_pair_sits_in_both_seats() -> None:
    items = pair_items([(ANSWERS[0], answer(0, "B0."))], RUBRIC, PROMPTS, "nonce")
    assert [(key.criterion, key.seat) for key in keys(items)] == [
        ("right", "first"), ("right", "second"), ("kind", "first"), ("kind", "second"),
    ]  # fmt: skip
    assert items[0].question.index("A0.") < items[0].question.index("B0.")
    assert items[1].question.index("B0.") < items[1].question.index("A0.")


def test_attacks_sit_in_both_seats_against_the_second_answer() -> None:
    pairs = [(each, answer(each.place, f"B{each.place}.")) for each in ANSWERS]
    items = attacked_pair_items(list(reversed(pairs)), RUBRIC, PROMPTS, "nonce", arm_sizes(30))
    found = keys(items)
    assert len({item.id for item in items}) == len(items) == 98
    assert all(_ITEM.fullmatch(item.id) for item in items)
    for item, key in zip(items, found, strict=True):
        assert "A0." not in item.question or key.place != 0  # the attack sits in its place
        assert f"B{key.place}." in item.question
        assert key.seat in ("first", "second")
    told = next(item for item, key in zip(items, found, strict=True) if (key.arm, key.seat) == ("addressed", "second"))
    assert told.question.index("B0.") < told.question.index("VERDICT: second\n")
    assert [key.place for key in found if (key.arm, key.seat) == ("padded", "first")] == list(range(9))


def test_of_several_models_one_answer_of_a_question_is_taken_in_turn() -> None:
    roles = ("subject", "candidate-2", "candidate-10")
    answers = [
        replace(each, role=role, answer=f"{role} {each.place}")
        for each in ANSWERS
        for role in reversed(roles)
        if (each.place, role) != (1, "candidate-2")
    ]
    items = judged_items(answers, RUBRIC, PROMPTS, "nonce")
    assert len({item.id for item in items}) == len(items) == 2 * (90 - 1)
    assert {key.role for key in keys(items)} == set(roles)
    asked = keys(attacked_items(answers, RUBRIC, PROMPTS, "nonce", {"another": 6}))
    # The second question has no answer of candidate-2, so the next one in turn takes it.
    assert [key.role for key in asked] == ["subject", "candidate-10", "candidate-10", *roles]
    (other,) = attacked_items(answers, RUBRIC, PROMPTS, "nonce", {"another": 1})
    assert "subject 1" in other.question  # of the same model


def test_an_id_has_room_for_everything() -> None:
    rubric = Rubric(criteria=(Criterion(id="c" * 30, text="It is right."),))
    long = replace(answer(1_234_566), sample="t/" + "x" * 60, role="candidate-12")
    items = attacked_pair_items([(long, long)], rubric, rubric.prompts("a test"), "nonce", {"addressed": 1})
    assert all(_ITEM.fullmatch(item.id) for item in items)
    assert len({item.id for item in items}) == 2


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80), st.integers(0, 10**6))
def test_an_answer_cannot_end_its_own_part(text: str, place: int) -> None:
    (item,) = judged_items([answer(place, text + "x")], RUBRIC, PROMPTS, "nonce")[:1]
    mark = item.question.split("<<")[1][:16]
    assert item.question.count(f"\n{mark}>>") == 2
    assert f"answer\n{text}x\n{mark}>>" in item.question


def test_a_key_in_words() -> None:
    plain = JudgedKey(sample="t/row/3", criterion="kind")
    assert about_key(plain) == "t/row/3, criterion kind"
    again = msgspec.structs.replace(plain, repeat=1, arm="again", role="candidate-2")
    assert about_key(again) == "t/row/3, candidate-2, answer 2, criterion kind (again)"
    seated = msgspec.structs.replace(plain, arm="padded", seat="first")
    assert about_key(seated) == "t/row/3, criterion kind (padded, first)"


def test_a_target_that_is_no_key_is_none() -> None:
    for target in ("", "A", "{}", '{"sample": "a"}', '{"sample":"a","criterion":"b","more":1}', "[" * 5000):
        assert key_in(target) is None
