"""Recorded conversations as items of a suite."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from steelyard.adapters import gateway_conversations
from steelyard.adapters.gateway_conversations import recorded_chats
from steelyard.errors import InputError
from steelyard.storage.run_folder import RunFolder
from tests.adapters.test_gateway_recording import asked, recording

HELLO: list[dict[str, Any]] = [{"role": "user", "content": "Hello?"}]


def chat(messages: list[dict[str, Any]], answer: str | None) -> Any:
    return asked("", answer, messages=messages)


def test_a_conversation_is_read_once_whole(tmp_path: Path) -> None:
    longer = [*HELLO, {"role": "assistant", "content": "Hi."}, {"role": "user", "content": "Open?"}]
    calls = [chat(HELLO, "Hi."), chat(longer, None), chat(longer, "Yes."), asked("How far?", "3 km.")]
    run = recording(tmp_path, *calls, asked("Prompt", "text", path="/v1/completions"))
    found = recorded_chats(RunFolder.open(run))
    assert [(item.question, len(item.history), item.answer) for item in found.items] == [
        ("Hello?", 0, ""),
        ("Open?", 2, ""),
        ("How far?", 0, ""),
        ("Prompt", 0, ""),
    ]
    assert [item.tags for item in found.items][2] == ("system-prompt", "unjudged")
    assert found.dropped == ()
    assert len({item.group for item in found.items}) == 3
    assert found.made_from[0].file == "recording"


def test_what_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = recording(tmp_path, chat(HELLO, None), asked("x", "y", messages="none"), asked("x", "y", messages=[]))
    with pytest.raises(InputError, match="holds no call of a chat"):
        recorded_chats(RunFolder.open(run))
    other = recording(tmp_path / "other", chat(HELLO, "Hi."))
    with monkeypatch.context() as patched:
        patched.setattr(gateway_conversations, "MAX_CHARACTERS", 3)
        with pytest.raises(InputError, match="more than 3 characters"):
            recorded_chats(RunFolder.open(other))
    shutil.rmtree(other / "texts")
    with pytest.raises(InputError, match="are withheld"):
        recorded_chats(RunFolder.open(other))
