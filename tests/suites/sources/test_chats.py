"""Tests for the items of chat logs."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from steelyard.errors import InputError
from steelyard.records import GenerateRequest, Turn
from steelyard.suites.collected import Collected
from steelyard.suites.made import make_suite
from steelyard.suites.sources import chats
from steelyard.suites.sources.chats import read_chats
from steelyard.tasks.suite_file import SuiteFile
from steelyard.tasks.suite_task import task_from_suite


def user(text: Any) -> dict[str, Any]:
    return {"role": "user", "content": text}


def reply(text: Any, **fields: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": text, **fields}


def read(path: Path, *lines: Any) -> Collected:
    path.write_text("\n".join(map(json.dumps, lines)))
    return read_chats(path)


def test_accepted_corrected_rejected_and_unjudged(tmp_path: Path) -> None:
    messages = [
        {"role": "system", "content": "You answer for ACME."},
        user("Is it open?"), reply("Yes, until five.", accepted=True),
        user("And on Sunday?"), reply("Yes.", feedback={"thumbs": "down"}, corrected="No."),
        user("Where is it?"), reply("In Bonn.", rating="down"),
        user("How far?"), reply("3 km."),
    ]  # fmt: skip
    path = tmp_path / "log.jsonl"
    found = read(path, {"messages": messages, "id": "ticket 7"}).items
    assert [(item.question, item.answer, item.tags) for item in found] == [
        ("Is it open?", "Yes, until five.", ("system-prompt",)),
        ("And on Sunday?", "No.", ("system-prompt", "corrected", "rejected")),
        ("Where is it?", "", ("system-prompt", "unjudged", "rejected")),
        ("How far?", "", ("system-prompt", "unjudged")),
    ]
    assert {item.group for item in found} == {"ticket 7"}
    assert {item.context for item in found} == {"You answer for ACME."}
    assert found[1].history == (Turn(role="user", text="Is it open?"), Turn(role="assistant", text="Yes, until five."))
    assert found[0].source is not None
    assert found[0].source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (found[0].source.file, found[0].source.text) == ("log.jsonl", "Is it open?")


def test_what_a_log_says_beside_the_messages_is_of_the_last_answer(tmp_path: Path) -> None:
    messages = [user("One?"), reply("1"), user("Two?"), reply("3")]
    found = read(tmp_path / "log.jsonl", {"messages": messages, "expected": "2"}).items
    assert [item.answer for item in found] == ["", "2"]


def test_what_becomes_no_item_is_named(tmp_path: Path) -> None:
    picture = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": "x"}}]
    found = read(
        tmp_path / "log.json",
        {"messages": [user(picture), reply("A cat.")]},
        {"messages": [user("Weather?"), reply(None, tool_calls=[{"id": "1"}]), {"role": "tool", "content": "x"},
                      reply("Cold.", accepted=True)]},
        {"messages": [user("Same?"), reply("a", accepted=True)]},
        {"messages": [{"role": "critic", "content": "Hm."}, user("Same?"), reply("b", accepted=True)]},
        {"messages": [user(""), reply("Hello?")]},
    )  # fmt: skip
    assert [item.question for item in found.items] == ["Same?"]
    assert [(each.check, each.item.question) for each in found.dropped] == [
        ("not text", "What is it?"),
        ("needs tools", "Weather?"),
        ("unknown role", "Hm."),
        ("duplicate", "Same?"),
        ("no question", ""),
    ]
    assert all(each.reason.endswith(".") for each in found.dropped)


def test_items_are_those_of_a_suite(tmp_path: Path) -> None:
    messages = [user("Is it open?"), reply("Yes.", accepted=True), user("Until when?"), reply("Five.", rating=5)]
    found = read(tmp_path / "log.jsonl", {"messages": messages})
    make_suite(tmp_path / "suite", SuiteFile(suite="s"), found)
    task = task_from_suite(tmp_path / "suite")
    first, second = task.prepare(task.default_prompt, None)
    assert isinstance(second.request, GenerateRequest)
    assert (first.target, second.target) == ("Yes.", "Five.")
    assert [turn.text for turn in second.request.history] == ["Is it open?", "Yes."]


def test_groups_are_unique_and_ids_are_those_of_a_suite(tmp_path: Path) -> None:
    lines = [{"id": "a", "messages": [user(f"{number}?"), reply("x")]} for number in range(3)]
    found = read(tmp_path / "log.jsonl", *lines)
    assert [item.group for item in found.items] == ["a", "a-2", "a-3"]
    assert len({item.id for item in found.items}) == 3
    assert found.made_from[0].items == 3
    assert "3 questions have no answer that a person accepted" in found.remarks[0]


def test_german_logs_are_known(tmp_path: Path) -> None:
    lines = [{"messages": [user(f"Wie lange ist das Büro am {day} geöffnet?")]} for day in ("Montag", "Dienstag")]
    assert read(tmp_path / "log.jsonl", *lines).is_german


def test_a_conversation_that_is_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chats, "MAX_TEXT", 20)
    found = read(tmp_path / "log.jsonl", {"messages": [user("Is it open?"), reply("Yes."), user("On Sunday?")]})
    assert [each.check for each in found.dropped] == ["too long"]
    monkeypatch.setattr(chats, "MAX_CONVERSATIONS", 0)
    with pytest.raises(InputError, match="more than 0 conversations"):
        read(tmp_path / "log.jsonl", {"messages": [user("Is it open?")]})


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.json", "{", "is not JSON"),
        ("a.json", "[" * 100_000, "is not JSON"),
        ("a.jsonl", '{"messages": [{"role": "user", "content": "a"}]}\n{', "line 2 is not JSON"),
        ("a.json", '{"question": "a"}', "expected"),
        ("a.json", '{"messages": [{"role": "assistant", "content": "a"}]}', "has no question of a user"),
        ("a.jsonl", "", "is no chat log"),
    ],
)
def test_what_is_no_log(name: str, text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_chats(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_chats(tmp_path / "none.json")
    monkeypatch.setattr(chats, "MAX_BYTES", 2)
    with pytest.raises(InputError, match="is larger than"):
        read(tmp_path / "a.json", {"messages": []})
