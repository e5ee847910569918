from __future__ import annotations

import base64
from pathlib import Path

import pyrage
import pytest

from steelyard.errors import InputError
from steelyard.suites.encrypting import new_identity
from steelyard.suites.reader_proof import PREFIX, opened_proof


def boxed(public: str, text: str) -> str:
    recipient = pyrage.x25519.Recipient.from_str(public)
    return base64.b64encode(pyrage.encrypt(text.encode(), [recipient])).decode()


def test_a_code_is_opened_and_nothing_else(tmp_path: Path) -> None:
    path, public = new_identity(tmp_path / "reader.txt")
    assert opened_proof(f" {boxed(public, PREFIX + 'abc')}\n", path) == "abc"
    with pytest.raises(InputError, match="no text of a platform") as caught:
        opened_proof(boxed(public, "the key of a suite"), path)
    assert "the key of a suite" not in str(caught.value)
    _, other = new_identity(tmp_path / "other.txt")
    for text in (boxed(other, PREFIX + "abc"), "", "no Base64!", "AAAA", "x" * 10_000):
        with pytest.raises(InputError, match="this key does not open it"):
            opened_proof(text, path)


def test_a_key_that_is_not_there_or_none_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="steelyard suite reader makes a key"):
        opened_proof("AAAA", tmp_path / "none.txt")
    (tmp_path / "bad.txt").write_text("AGE-SECRET-KEY-1X\n")
    with pytest.raises(InputError, match="holds no key of a reader"):
        opened_proof("AAAA", tmp_path / "bad.txt")
