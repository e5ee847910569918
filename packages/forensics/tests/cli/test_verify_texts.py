"""``steelyard verify`` of identity by text, in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from packages.forensics.tests.text_identity.test_text_identity_seal import found, read_by
from steelyard.cli import execute as steelyard
from steelyard.errors import ExitCode
from steelyard.evidence.keys import load_signer
from steelyard.evidence.new_key import create_key
from steelyard_forensics.text_identity.seal import seal_identity


def test_it_says_what_was_checked_and_needs_both_runs(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    seal_identity(tmp_path / "out", found(), None)
    assert steelyard(["verify", str(tmp_path / "out")]) == ExitCode.CONSISTENT
    said = capfd.readouterr().out
    assert "holds: 80 guesses, not signed" in said
    assert "recomputed: Inconsistent: one and two" in said
    create_key(tmp_path / "key.pem")
    signer = load_signer(tmp_path / "key.pem")
    seal_identity(tmp_path / "signed", read_by(signer), signer)
    assert steelyard(["verify", str(tmp_path / "signed")]) == ExitCode.CONSISTENT
    assert "whoever signed may have made many keys and shown this one" in " ".join(capfd.readouterr().out.split())
    command = ["verify", str(tmp_path / "signed"), "--require-key", str(tmp_path / "key.pub.pem")]
    assert steelyard(command) == ExitCode.CONSISTENT
    assert ", which you trust" in capfd.readouterr().out
    assert steelyard(["verify", str(tmp_path / "out"), "--run", str(tmp_path)]) == ExitCode.BAD_INPUT
    assert "give --run twice" in capfd.readouterr().err
    assert steelyard(["verify", str(tmp_path / "out"), str(tmp_path / "out")]) == ExitCode.BAD_INPUT
    assert "is verified alone" in capfd.readouterr().err
