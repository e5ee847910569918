"""The digest of an item is one of its content; a pin knows the published items, and counts them in a mirror."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.tasks.definition import Items
from steelyard.tasks.definition_file import read_definition
from steelyard.tasks.items import digest_of_item, items_file, pin_of, published_among, short_digests
from tools import pin_items

DIGESTS = [digest_of_item(f"What is {n}?", (), str(n)) for n in range(50)]
TASK = """
id: mine
title: Mine
hub: {path: me/mine, configs: [main], split: test}
fields: {question: question, target: answer, choices: choices}
scorer: {name: letter}
prompts: {plain: {prompt: "{{ question }}"}}
"""


def test_white_space_and_forms_of_a_character_are_no_content() -> None:
    assert digest_of_item("Is it ½?\r\n", ("a b", "c"), "0") == digest_of_item(" Is it 1⁄2?", ("a  b", "c\t"), "0")


def test_everything_else_is() -> None:
    parts = [
        ("q", ("a", "b"), "0"), ("q", ("b", "a"), "0"), ("q", ("a", "b"), "1"), ("Q", ("a", "b"), "0"),
        ("q", ("ab",), "0"), ("q", (), "0"), ("\ud800", (), "0"),
    ]  # fmt: skip
    assert len({digest_of_item(*each) for each in parts}) == len(parts)


def test_the_order_is_no_content() -> None:
    shuffled = random.Random(0).sample(DIGESTS, len(DIGESTS))
    assert pin_of(shuffled) == pin_of(DIGESTS)
    assert short_digests(shuffled) == short_digests(DIGESTS)
    assert pin_of(DIGESTS).count == 50


def test_published_items_are_counted_once(tmp_path: Path) -> None:
    listed = tmp_path / "mine.txt"
    listed.write_text(short_digests(DIGESTS))
    pinned, other = pin_of(DIGESTS), digest_of_item("?", (), "")
    assert published_among(DIGESTS, pinned, tmp_path / "none") == 50
    assert published_among(DIGESTS[:20], pinned, tmp_path / "none") == 0
    assert published_among(DIGESTS[:20], pinned, listed) == 20
    assert published_among([*DIGESTS[:20], other, DIGESTS[0]], pinned, listed) == 20


@pytest.mark.parametrize("text", ["", "AAAA\n", "no Base64 é", "=="])
def test_a_list_of_something_else(tmp_path: Path, text: str) -> None:
    listed = tmp_path / "mine.txt"
    listed.write_text(text)
    with pytest.raises(InputError, match=r"mine.txt: does not list 50 items"):
        published_among(DIGESTS[:20], Items(count=50, sha256="0"), listed)


def test_the_tool_prints_a_pin_that_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = tmp_path / "me" / "mine" / "main" / "test.jsonl"
    rows.parent.mkdir(parents=True)
    rows.write_text('{"question": "a?", "choices": ["x", "y"], "answer": 1}\n')
    path = tmp_path / "mine.yaml"
    path.write_text(TASK)
    monkeypatch.setattr(sys, "argv", ["pin_items", str(path), "--data", str(tmp_path), "--write"])
    pin_items.main()
    name, _, line = capsys.readouterr().out.strip().partition(": ")
    assert name == "mine"
    path.write_text(f"{TASK}{line}\n")
    pinned = read_definition(path).items
    assert pinned == pin_of([digest_of_item("a?", ("x", "y"), "1")])
    assert items_file(path, "mine").read_text() == short_digests([digest_of_item("a?", ("x", "y"), "1")])
