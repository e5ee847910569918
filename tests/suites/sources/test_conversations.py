"""Tests for the forms of chat logs."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.suites.sources import conversations
from steelyard.suites.sources.conversations import conversations_in, message_of

USER: dict[str, Any] = {"role": "user", "content": "Hello?"}
REPLY: dict[str, Any] = {"role": "assistant", "content": "Hi."}
SHARED = {"id": "x", "conversations": [{"from": "human", "value": "Hello?"}, {"from": "gpt", "value": "Hi."}]}


def node(parent: str | None, role: str, text: str, **metadata: Any) -> dict[str, Any]:
    message = {"author": {"role": role}, "content": {"content_type": "text", "parts": [text]}, "metadata": metadata}
    return {"parent": parent, "message": message}


EXPORT = {
    "conversation_id": "c1",
    "current_node": "d",
    "mapping": {
        "a": {"parent": None, "message": None},
        "b": node("a", "system", "hidden", is_visually_hidden_from_conversation=True),
        "c": node("b", "user", "Hello?"),
        "edited": node("c", "assistant", "another try"),
        "d": node("c", "assistant", "Hi."),
    },
}


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ({"messages": [USER, REPLY], "id": 7}, ["7"]),
        ([USER, REPLY], [""]),
        ([{"messages": [USER, REPLY], "conversation_id": "a"}, {"messages": [USER, REPLY]}], ["a", ""]),
        ([[USER, REPLY], [USER, REPLY]], ["", ""]),
        ([USER | {"session_id": "a"}, USER | {"session_id": "b"}, REPLY | {"session_id": "a"},
          REPLY | {"session_id": "b"}], ["a", "b"]),
        ({"conversations": [{"messages": [USER, REPLY]}]}, [""]),
        (SHARED, ["x"]),
        ([EXPORT], ["c1"]),
    ],
)  # fmt: skip
def test_forms(value: Any, names: list[str]) -> None:
    found = conversations_in(value)
    assert [each.name for each in found] == names
    for each in found:
        assert [(message.role, message.text) for message in each.messages] == [("user", "Hello?"), ("assistant", "Hi.")]


@pytest.mark.parametrize("value", [{}, [], 3, "text", [1], [{"question": "a"}], {"messages": []}, [USER, 3]])
def test_what_is_no_log(value: Any) -> None:
    with pytest.raises(InputError, match="expected"):
        conversations_in(value)


def test_an_export_that_goes_round_in_a_circle() -> None:
    mapping = {"a": node("b", "user", "one"), "b": node("a", "assistant", "two")}
    (found,) = conversations_in({"mapping": mapping, "current_node": "a"})
    assert len(found.messages) == 2


def test_parts_of_a_message() -> None:
    parts = [
        {"type": "text", "text": "What is"},
        {"type": "image_url", "image_url": {}},
        {"type": "text", "text": "it?"},
    ]
    message = message_of({"role": "User", "content": parts})
    assert (message.role, message.text, message.lacks) == ("user", "What is\nit?", ("image_url",))
    thought = message_of({"role": "assistant", "content": [{"type": "thinking", "thinking": "hm"}, "ok"]})
    assert (thought.text, thought.lacks) == ("ok", ())
    call = message_of({"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]})
    assert (call.text, call.calls_tools) == ("", True)
    assert message_of({"role": "user", "content": 3}).lacks == ("part",)
    assert message_of({"role": "user", "content": " a\0b "}).text == "ab"


def test_a_conversation_that_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversations, "MAX_MESSAGES", 1)
    with pytest.raises(InputError, match="more than 1 messages"):
        conversations_in([USER, REPLY])


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["role", "content", "messages", "mapping", "current_node", "parent", "message", "author",
                         "type", "text", "parts", "id", "from", "value", "tool_calls"]),
        inner, max_size=5,
    ),
    max_leaves=20,
)  # fmt: skip


@given(VALUES)
def test_any_json_is_read_or_refused(value: Any) -> None:
    try:
        found = conversations_in(msgspec.json.decode(msgspec.json.encode(value)))
    except InputError:
        return
    assert all(isinstance(message.text, str) for each in found for message in each.messages)
