"""Tests for the reading of what a model wrote."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.suites.writers import replies
from steelyard.suites.writers.replies import Proposal, TwinProposal, Unreadable, proposals_in, twin_in

ITEM = {"question": "Who  won\nit?", "answer": " Ada ", "span": " Ada won. "}
READ = Proposal("Who won it?", "Ada", "Ada won.")
BARE = json.dumps({"items": [ITEM]})


@pytest.mark.parametrize(
    "reply",
    [
        BARE,
        json.dumps([ITEM]),
        json.dumps(ITEM),
        json.dumps({"questions": [ITEM | {"why": "because"}]}),
        f"```json\n{BARE}\n```",
        f"Sure! Here:\n\n```\n{BARE}\n```\nAnything else?",
        f"Sure: {BARE} Bye.",
        f"<think>[maybe {{this}}]</think>{BARE}",
    ],
)
def test_dress(reply: str) -> None:
    assert proposals_in(reply) == [READ]


def test_numbers_are_answers_too() -> None:
    found = proposals_in(json.dumps([ITEM | {"answer": 12}, ITEM | {"answer": 2.5}]))
    assert [each.answer for each in found if isinstance(each, Proposal)] == ["12", "2.5"]


def test_what_nobody_sees_goes() -> None:
    (found,) = proposals_in(json.dumps([ITEM | {"question": "Who\u200b won\0 \u202eit?", "answer": "A\u00adda"}]))
    assert found == READ


def test_nothing_to_ask_is_an_empty_list() -> None:
    assert proposals_in('{"items": []}') == []


@pytest.mark.parametrize(
    "entry",
    [
        3,
        None,
        {},
        ITEM | {"answer": True},
        ITEM | {"answer": ["a"]},
        ITEM | {"span": ""},
        ITEM | {"answer": "a" * 301},
        ITEM | {"span": "a" * 8_001},
        ITEM | {"answer": 10**300},
    ],
)
def test_an_entry_that_is_none(entry: Any) -> None:
    bad, good = proposals_in(json.dumps({"items": [entry, ITEM]}))
    assert isinstance(bad, Unreadable)
    assert str(bad).endswith(".")
    assert good == READ


@pytest.mark.parametrize("reply", ["", "I cannot.", "{", '{"items": [}', "[" * 5000, "<think>{}", '"text"', "3"])
def test_a_reply_without_json(reply: str) -> None:
    with pytest.raises(Unreadable, match="holds no JSON"):
        proposals_in(reply)


def test_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(proposals_in(json.dumps([ITEM] * 60))) == 50
    monkeypatch.setattr(replies, "MAX_REPLY", 10)
    with pytest.raises(Unreadable, match="more than 10 characters"):
        proposals_in(BARE)


@given(st.text(alphabet='{}[]"`:,questionanswerspan\\ud800 \n1.5e', max_size=100))
def test_any_text_is_read_or_refused(reply: str) -> None:
    try:
        found = proposals_in(reply)
    except Unreadable:
        return
    assert all(isinstance(each, Proposal | Unreadable) for each in found)


@pytest.mark.parametrize(
    "reply", ["{}", "```json\n{}\n```", "Here: {} Bye.", "<think>hm</think>{}", '{{"items": [{}]}}']
)
def test_a_twin_is_read_whatever_stands_around_it(reply: str) -> None:
    entry = {"question": " Who won\u200b it? ", "answer": 12, "context": "Ada won.\r\n", "choices": ["a  b", 12]}
    assert twin_in(reply.format(json.dumps(entry))) == TwinProposal("Who won it?", "12", "Ada won.", ("a b", "12"))


@pytest.mark.parametrize(
    "reply",
    ["", "No.", "[]", "[1]", '{"question": "Who?"}', '{"question": "Who?", "answer": ""}', "[{}, {}]",
     '{"question": "Who?", "answer": "a", "choices": "ab"}', json.dumps({"question": "q" * 50_000, "answer": "a"}),
     json.dumps({"question": "q", "answer": "a" * 301}),
     json.dumps({"question": "q", "answer": "a", "choices": [1] * 51})],
)  # fmt: skip
def test_what_is_no_twin_is_unreadable(reply: str) -> None:
    with pytest.raises(Unreadable):
        twin_in(reply)


@given(st.text(max_size=200) | st.recursive(st.none() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(
    st.sampled_from(["question", "answer", "choices", "items"]), inner)).map(json.dumps))  # fmt: skip
def test_nothing_but_unreadable_is_raised_for_a_twin(reply: str) -> None:
    with suppress(Unreadable):
        assert twin_in(reply).answer
