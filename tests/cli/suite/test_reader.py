"""``steelyard suite reader``: a key that is readable by its owner alone and never overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.cli import execute


def test_a_reader_has_a_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "keys" / "reader.txt"
    assert execute(["suite", "reader", "--out", str(path)]) == 0
    said = capsys.readouterr().out
    assert "public key  age1" in said
    assert "AGE-SECRET-KEY" not in said
    assert path.stat().st_mode & 0o077 == 0
    before = path.read_bytes()
    assert execute(["suite", "reader", "--out", str(path)]) == 2
    assert "never overwritten" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_a_reader_opens_what_a_platform_encrypted_to_the_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import base64

    import pyrage

    from steelyard.suites.encrypting import new_identity
    from steelyard.suites.reader_proof import PREFIX

    path, public = new_identity(tmp_path / "reader.txt")
    recipient = pyrage.x25519.Recipient.from_str(public)
    text = base64.b64encode(pyrage.encrypt(f"{PREFIX}abc".encode(), [recipient])).decode()
    assert execute(["suite", "reader", "--out", str(path), "--open", text]) == 0
    assert capsys.readouterr().out == "abc\n"
    assert execute(["suite", "reader", "--out", str(path), "--open", "x"]) == 2
    assert "does not open it" in capsys.readouterr().err
