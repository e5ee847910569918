"""``steelyard ledger``: what its commands print; what they are for is tested in test_series_of_audits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.cli import execute
from steelyard.evidence.keys import load_signer
from steelyard.evidence.ledger_file import LedgerFile, ledger_path


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.setenv("STEELYARD_KEY", str(tmp_path / "key.pem"))
    assert execute(["key", "new"]) == 0
    capsys.readouterr()
    return tmp_path / "key.pem"


def test_a_new_ledger_has_one_line(key: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["ledger", "show"]) == 0
    assert "opened (with the key)" in capsys.readouterr().out
    assert execute(["ledger", "show", "--json"]) == 0
    (line,) = json.loads(capsys.readouterr().out)
    assert (line["number"], line["event"], line["questions"]) == (0, "opened", 0)
    assert execute(["ledger", "verify", "--key", str(key)]) == 0
    assert "1 lines by key" in capsys.readouterr().out
    assert execute(["ledger", "head"]) == 0
    assert json.loads(capsys.readouterr().out)["lines"] == 1


def test_what_is_counted_on_of_earlier_keys_is_said(key: Path, capsys: pytest.CaptureFixture[str]) -> None:
    signer = load_signer(key)
    with LedgerFile(ledger_path(key), signer) as ledger:
        ledger.carry([("audit", "a" * 64, ()), ("run", "b" * 64, ())])
    assert execute(["ledger", "show"]) == 0
    assert "carried (run)" in capsys.readouterr().out
    assert execute(["ledger", "verify"]) == 0
    said = capsys.readouterr().out
    assert "0 plans began, 0 of them never ended" in said
    assert "2 of earlier keys are counted on" in said


def test_a_ledger_that_does_not_hold_is_exit_1(key: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = key.with_name("key.ledger.jsonl")
    path.write_bytes(path.read_bytes().replace(b"with the key", b"later"))
    assert execute(["ledger", "verify"]) == 1
    assert "line 1: not signed by key" in capsys.readouterr().err


def test_no_ledger_is_exit_2(key: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key.with_name("key.ledger.jsonl").unlink()
    assert execute(["ledger", "show"]) == 2
    assert "this key has no ledger here" in capsys.readouterr().err
