"""What a file is: by its name, and for JSON by whether it holds messages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.api.suite_sources import kind_of_source
from steelyard.errors import InputError

CHAT = {"messages": [{"role": "user", "content": "x"}]}


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.csv", "question,answer\n", "table"),
        ("a.xlsx", "", "table"),
        ("a.jsonl", '{"question": "x", "answer": "y"}\n', "table"),
        ("a.jsonl", json.dumps(CHAT) + "\n", "chats"),
        ("a.json", json.dumps([CHAT]), "chats"),
        ("a.jsonl", '{"role": "user", "content": "x"}\n', "chats"),
        ("a.json", '[{"role": "user", "content": "x"}]', "chats"),
        ("a.txt", "text", "documents"),
        ("a.pdf", "", "documents"),
    ],
)
def test_the_kind_of_a_file(tmp_path: Path, name: str, content: str, kind: str) -> None:
    (tmp_path / name).write_text(content)
    assert kind_of_source(tmp_path / name) == kind


def test_the_kind_of_a_folder(tmp_path: Path) -> None:
    assert kind_of_source(tmp_path) == "documents"
    (tmp_path / "plan.dsse.json").write_text("{}")
    assert kind_of_source(tmp_path) == "recording"
    with pytest.raises(InputError, match="there is no such file"):
        kind_of_source(tmp_path / "none")
