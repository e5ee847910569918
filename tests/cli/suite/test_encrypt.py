"""``steelyard suite encrypt``: what it says, and that it can be undone."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.cli import execute
from steelyard.suites.encrypting import new_identity
from tests.suites.test_encrypting import suite_for


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("STEELYARD_READER", str(tmp_path / "reader.txt"))
    return new_identity()[1]


def test_a_suite_is_encrypted_and_decrypted(tmp_path: Path, reader: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(suite_for(tmp_path / "sums", reader).folder)
    assert execute(["suite", "encrypt", folder]) == 0
    assert "encrypted 8 items under 4 keys, for 1 reader" in capsys.readouterr().out
    assert execute(["suite", "show", folder]) == 0
    assert execute(["suite", "encrypt", folder]) == 2
    assert execute(["suite", "encrypt", folder, "--undo"]) == 0
    assert "8 items in plain text again" in capsys.readouterr().out
    assert execute(["suite", "encrypt", folder, "--undo"]) == 2
