"""The vault of a suite: what its lines tell, and what they do not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.records import SuiteItem
from steelyard.tasks.suite_vault import (
    Vault,
    boxed_line,
    identity_path,
    item_digest,
    key_file,
    recipients_of,
    subject_of,
)

ITEM = SuiteItem(id="a", question="Who is Ada?", answer="a person", group="customer 7")


def test_a_line_tells_id_and_digest_and_nothing_else() -> None:
    first, second = boxed_line(ITEM, "s", b"k" * 32), boxed_line(ITEM, "s", b"k" * 32)
    line = json.loads(first)
    assert (line["id"], line["digest"]) == ("a", item_digest(ITEM))
    assert b"Ada" not in first
    assert b"customer" not in first
    assert first != second  # another nonce each time


def test_a_subject_is_a_group_or_an_item_alone() -> None:
    same = SuiteItem(id="b", question="x", group="customer 7")
    alone = SuiteItem(id="c", question="x")
    assert subject_of(ITEM, "s") == subject_of(same, "s")
    assert len({subject_of(ITEM, "s"), subject_of(ITEM, "t"), subject_of(alone, "s")}) == 3
    assert "customer" not in key_file(Path("f"), subject_of(ITEM, "s")).name


def test_a_file_that_is_no_vault_is_named(tmp_path: Path) -> None:
    (tmp_path / "samples.vault.jsonl").write_text("")
    with pytest.raises(InputError, match="has no items"):
        Vault(tmp_path)
    (tmp_path / "samples.vault.jsonl").write_text("{}\n")
    with pytest.raises(InputError, match=r"samples\.vault\.jsonl:1: is no line of a vault"):
        Vault(tmp_path)


def test_readers_are_named_by_their_public_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="is no public key of age"):
        recipients_of(["AGE-SECRET-KEY-1"], tmp_path)
    monkeypatch.setenv("STEELYARD_READER", str(tmp_path / "mine.txt"))
    assert identity_path() == tmp_path / "mine.txt"
