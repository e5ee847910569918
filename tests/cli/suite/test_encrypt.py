"""``steelyard suite encrypt``: what it says, and that it can be undone."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.cli import execute
from steelyard.suites.encrypted_rules import RULES_VAULT
from steelyard.suites.encrypting import new_identity
from steelyard.suites.twins import read_rules
from tests.suites.test_encrypted_rules import write_rules
from tests.suites.test_encrypting import SECRET, everything_in, suite_for


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


def test_rules_of_twins_are_encrypted_and_what_stays_in_plain_is_named(
    tmp_path: Path, reader: str, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = suite_for(tmp_path / "sums", reader)
    write_rules(suite.folder)
    before = read_rules(suite.folder)
    (suite.folder / "graders").mkdir()
    for name in ("graders/helpful.yaml", "sums.labels-ada.jsonl", "review.html", "templates/brief.j2"):
        (suite.folder / name).write_text("text")
    assert execute(["suite", "encrypt", str(suite.folder)]) == 0
    assert SECRET.encode() not in everything_in(suite.folder)
    said = capsys.readouterr().out.splitlines()[-1]
    assert said == (
        "not encrypted, so look whether texts of items are in there: graders/helpful.yaml, review.html, "
        "sums.labels-ada.jsonl, templates/brief.j2"
    )
    assert execute(["suite", "encrypt", str(suite.folder), "--undo"]) == 0
    assert read_rules(suite.folder) == {name: rule for name, rule in before.items() if name != "gone"}
    assert not (suite.folder / RULES_VAULT).exists()
