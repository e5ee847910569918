"""Tests for the questions of a conversation."""

from __future__ import annotations

from steelyard.records import Turn
from steelyard.suites.sources.conversations import Message
from steelyard.suites.sources.questions import questions_of


def user(text: str, *lacks: str) -> Message:
    return Message("user", text, lacks=lacks)


def reply(text: str, *, calls_tools: bool = False) -> Message:
    return Message("assistant", text, calls_tools=calls_tools)


def test_each_question_has_the_turns_before_it() -> None:
    first, second = questions_of(
        [Message("system", "Be brief."), user("One?"), user("And two?"), reply("1."), reply("2."), user("Three?")]
    )
    assert (first.question, first.history, first.system) == ("One?\n\nAnd two?", (), "Be brief.")
    assert first.reply == reply("2.")
    assert second.history == (Turn(role="user", text="One?\n\nAnd two?"), Turn(role="assistant", text="1.\n\n2."))
    assert (first.is_last, second.is_last, second.reply) == (False, True, None)


def test_tools() -> None:
    first, second, third = questions_of(
        [user("Weather?"), reply("", calls_tools=True), Message("tool", "12 °C"), reply("12 °C."), user("Cold?"),
         reply("Yes."), user("Sure?")]
    )  # fmt: skip
    assert (first.needs_tools, second.needs_tools, third.needs_tools) == (True, False, False)
    assert [turn.text for turn in third.history] == ["Weather?", "12 °C.", "Cold?", "Yes."]


def test_a_question_that_got_a_call_for_tools_alone() -> None:
    _, second = questions_of([user("One?"), reply("", calls_tools=True), user("Two?"), reply("2")])
    assert second.needs_tools


def test_a_picture_marks_all_that_follows() -> None:
    found = questions_of([user("One?"), reply("1"), user("", "image_url"), reply("A cat."), user("Which one?")])
    assert [each.lacks for each in found] == [(), ("image_url",), ("image_url",)]


def test_roles_that_are_not_known_and_no_question() -> None:
    assert questions_of([]) == questions_of([reply("Hello!"), Message("critic", "Bad.")]) == []
    (asked,) = questions_of([reply("Hello!"), Message("critic", "Bad."), user("Hi?")])
    assert asked.history == (Turn(role="assistant", text="Hello!"),)
